"""Swings the arm slowly through arbiter and gate, and looks how far behind it is."""
from __future__ import annotations

from typing import Any

from il_ros.alignment.stamps import believed_ns
from il_ros.contract import Contract, State
from il_ros.errors import PlanningError
from il_ros.joints import NewestJoints
from il_ros.msg import CommandReport
from il_ros.nodes import shell
from il_ros.nodes.clients.motion import carry_out, MotionNode
from il_ros.nodes.clients.namespace import namespace_of
from il_ros.nodes.shared.planners import make_planner
from il_ros.nodes.shared.state_topics import StateTopics
from il_ros.planning.homing import Homing
from il_ros.teaching.lag import slow_sine, tracking_lag
from il_ros.timing import SECOND, Tick, to_s
from il_ros.types import Floats, Verdict
import numpy as np

TIMEOUT_NS = 5 * SECOND


class LagNode(MotionNode):
    """Stays about where it is; keeps what the gate sent and what was measured."""

    def __init__(self, contract: Contract, namespace: str) -> None:
        super().__init__('lag', namespace)
        self.contract = contract
        self.told, self.measured = list[tuple[int, Floats]](), list[tuple[int, Floats]]()
        self._newest = NewestJoints(contract.joint_names)
        self._began, self._since = False, shell.now(self).steady_ns
        StateTopics(self, contract, self._measure)
        self.create_subscription(CommandReport, 'control/report', self._tell, shell.STREAM)

    def tick(self, tick: Tick) -> None:
        """Send one sample, once it is known where the arm stands."""
        if not self._began:
            if (here := self._newest.whole) is None:
                if shell.now(self).steady_ns - self._since > TIMEOUT_NS:
                    raise PlanningError(f'within {to_s(TIMEOUT_NS):g} s came no joint states')
                return
            self._began = True
            planner = make_planner(self.contract, 'pinocchio', '')
            self.connect(Homing(self.contract, planner, TIMEOUT_NS, goal=here,
                                then=slow_sine(self.contract, here)))
        super().tick(tick)

    def _measure(self, positions: Floats, state: State, message: Any) -> None:
        now = shell.now(self)
        self._newest.take(positions, now.steady_ns)
        if self._began and (whole := self._newest.whole) is not None:
            self.measured.append((believed_ns(state, message, now.ros_ns), whole))

    def _tell(self, message: CommandReport) -> None:
        if self._began and message.verdict in (Verdict.PASSED, Verdict.CLAMPED) and message.sent:
            self.told.append((shell.stamp_ns(message.header.stamp), np.array(message.sent)))


def measure_lag(contract: Contract, namespace: str = '') -> Floats:
    """Return the lag of each joint behind what the gate sent it [s]. Shape (J,).

    Raises:
        IlRosError: The arm could not swing, or did not.
    """
    space = namespace_of(namespace)
    node = carry_out(lambda: LagNode(contract, space), contract.period_ns)
    (told_ns, told), (measured_ns, measured) = (
        (np.array([at for at, _ in rows], np.int64), np.array([row for _, row in rows]))
        for rows in (node.told, node.measured))
    zero = int(told_ns[0]) if len(told_ns) else 0
    return tracking_lag((told_ns - zero) / SECOND, told, (measured_ns - zero) / SECOND, measured)
