"""Repeats a recorded episode on the running robot, as a device does: through arbiter and gate."""
from __future__ import annotations

from il_ros.angles import Angles
from il_ros.contract import Contract
from il_ros.errors import PlanningError
from il_ros.evaluation.recording import Recording, timed_actions
from il_ros.nodes.clients.motion import carry_out, MotionNode
from il_ros.nodes.clients.namespace import namespace_of
from il_ros.nodes.shared.planners import make_planner
from il_ros.planning.homing import Homing
from il_ros.srv import StartCapture
from il_ros.teaching.rows import problem_of
from il_ros.timing import SECOND, Tick
from il_ros.types import Floats
import numpy as np
from rclpy.task import Future

TIMEOUT_NS = 5 * SECOND


class ReplayNode(MotionNode):
    """Drives to the first recorded state, then repeats the actions.

    An episode that is to be recorded begins between the two.
    """

    def __init__(self, recording: Recording, namespace: str, record: bool) -> None:
        super().__init__('replay', namespace)
        contract: Contract = recording.contract
        if recording.led and (problem := problem_of(contract, timed_actions(recording))):
            raise PlanningError(f'{recording.name}: the arm cannot do as the hand did: {problem}')
        planner = make_planner(contract, 'pinocchio', '')
        start = Angles.of(contract).reachable(recording.states[0], recording.states[0])
        start = np.clip(start, contract.lower, contract.upper)
        self._repeat = Homing(contract, planner, TIMEOUT_NS, goal=start,
                              then=timed_actions(recording))
        self._record = self.create_client(StartCapture, 'capture/start_task') if record else None
        self._asked: Future | None = None
        self.connect(Homing(contract, planner, TIMEOUT_NS, goal=start) if record else self._repeat)

    def tick(self, tick: Tick) -> None:
        """Send one sample, or wait for the recorder; end the node when the motion is done."""
        if self._record is None or not self._motion.done or self._motion is self._repeat:
            super().tick(tick)
        elif self._asked is None:
            if not self._record.service_is_ready():
                raise PlanningError('capture/start_task is not there; is teleop_capture running?')
            self._asked = self._record.call_async(StartCapture.Request())
        elif self._asked.done():
            if not (answer := self._asked.result()).success:
                raise PlanningError(f'capture/start_task refused: {answer.message}')
            self._motion = self._repeat


def replay_on_robot(recording: Recording, speed: float = 1.0, namespace: str = '',
                    record: bool = False) -> Floats:
    """Return measured less recorded joint positions at the recorded ticks. Shape (N, J).

    Args:
        recording: What to repeat.
        speed: Robot time per steady time of the running graph.
        namespace: Of its topics.
        record: Start an episode once the arm is at the first state; somebody else ends it.

    Raises:
        PlanningError: The robot could not do it all; what stopped it is on standard error.
    """
    space = namespace_of(namespace)
    node = carry_out(lambda: ReplayNode(recording, space, record),
                     round(recording.contract.period_ns / speed))
    offsets = recording.ticks - recording.ticks[0]
    if len(seen := node.seen) <= offsets[-1]:
        raise PlanningError(f'stopped after {len(seen)} of {offsets[-1] + 1} ticks')
    return Angles.of(recording.contract).difference(np.array(seen)[offsets], recording.states)
