"""Repeats a recorded episode on the running robot, as a device does: through arbiter and gate."""
from __future__ import annotations

from il_ros.angles import Angles
from il_ros.contract import Contract
from il_ros.errors import PlanningError
from il_ros.evaluation.recording import Recording, timed_actions
from il_ros.nodes import shell
from il_ros.nodes.clients.homing import MotionNode
from il_ros.nodes.clients.namespace import namespace_of
from il_ros.nodes.shared.planners import make_planner
from il_ros.planning.homing import Homing
from il_ros.timing import SECOND
from il_ros.types import Floats
import numpy as np

TIMEOUT_NS = 5 * SECOND


class ReplayNode(MotionNode):
    """Drives to the first recorded state, then repeats the actions."""

    def __init__(self, recording: Recording, namespace: str) -> None:
        super().__init__('replay', namespace)
        contract: Contract = recording.contract
        planner = make_planner(contract, 'pinocchio', '')
        start = Angles.of(contract).reachable(recording.states[0], recording.states[0])
        start = np.clip(start, contract.lower, contract.upper)
        self.connect(Homing(contract, planner, TIMEOUT_NS, goal=start,
                            then=timed_actions(recording)))


def replay_on_robot(recording: Recording, speed: float = 1.0, namespace: str = '') -> Floats:
    """Return measured less recorded joint positions at the recorded ticks. Shape (N, J).

    Args:
        recording: What to repeat.
        speed: Robot time per steady time of the running graph.
        namespace: Of its topics.

    Raises:
        PlanningError: The robot could not do it all; what stopped it is on standard error.
    """
    nodes: list[ReplayNode] = []
    space = namespace_of(namespace)

    def make_node() -> ReplayNode:
        nodes.append(ReplayNode(recording, space))
        return nodes[0]

    period_ns = round(recording.contract.period_ns / speed)
    code = shell.main(make_node, lambda node: shell.spin_on_grid(
        node, period_ns, nodes[0].tick), first=True)
    if code:
        raise SystemExit(code)
    offsets = recording.ticks - recording.ticks[0]
    if len(seen := nodes[0].seen) <= offsets[-1]:
        raise PlanningError(f'stopped after {len(seen)} of {offsets[-1] + 1} ticks')
    return Angles.of(recording.contract).difference(np.array(seen)[offsets], recording.states)
