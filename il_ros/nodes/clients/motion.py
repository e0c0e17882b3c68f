"""Drives the arm along a planned motion as a device does, through arbiter and gate."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from il_ros.contract import State
from il_ros.joints import NewestJoints
from il_ros.msg import CommandReport, ControlMode, TeleopCommand
from il_ros.nodes import shell
from il_ros.nodes.shared import control_messages as messages
from il_ros.nodes.shared.state_topics import StateTopics
from il_ros.planning.homing import Homing
from il_ros.timing import Tick
from il_ros.types import Floats, Mode, Verdict
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node


class MotionNode(Node):
    """Shell around `planning.homing.Homing`.

    Attributes:
        seen: Measured joints as each row of `Homing.then` was sent. Shape (J,) each.
    """

    def __init__(self, name: str, namespace: str | None = None) -> None:
        super().__init__(name, namespace=namespace)
        self.seen: list[Floats] = []
        self._mode: Mode | None = None
        self._passes: bool | None = None
        self._session, self._seq = shell.new_session(), 0

    def connect(self, motion: Homing) -> None:
        """Begin to listen and to speak."""
        self._motion, self._contract = motion, motion.contract
        self._joints = NewestJoints(motion.contract.joint_names)
        self._command = self.create_publisher(TeleopCommand, 'teleop/command', shell.NEWEST)
        StateTopics(self, motion.contract, self._on_state)
        self.create_subscription(ControlMode, 'control/mode', self._on_mode, shell.LATCHED)
        self.create_subscription(CommandReport, 'control/report', self._on_report, shell.STREAM)

    def _on_state(self, positions: Floats, state: State, message: Any) -> None:
        self._joints.take(positions, shell.now(self).steady_ns)

    def _on_mode(self, message: ControlMode) -> None:
        self._mode = Mode(message.mode)

    def _on_report(self, message: CommandReport) -> None:
        if message.verdict in (Verdict.PASSED, Verdict.CLAMPED):
            self._passes = True
        elif message.verdict == Verdict.HELD or message.rule in (
                'latched', 'disarmed', 'guided'):
            self._passes = False

    def tick(self, tick: Tick) -> None:
        """Send one sample; end the node when the motion is done."""
        if self._motion.done:
            self.get_logger().info('the motion is done')
            raise ExternalShutdownException
        repeated, measured = self._motion.repeated, self._joints.whole
        wish = self._motion.tick(measured, self._mode, shell.now(self).steady_ns,
                                 self._passes)
        if wish is None:
            return
        if self._motion.repeated > repeated and measured is not None:
            self.seen.append(measured)
        self._command.publish(TeleopCommand(
            header=messages.header(shell.now_ns(self)), source_id=self.get_name(),
            session=self._session, seq=self._seq, engaged=wish.engaged,
            request=int(wish.request), joint_names=self._contract.joint_names,
            positions=wish.positions.tolist()))
        self._seq += 1


Motion = TypeVar('Motion', bound=MotionNode)


def carry_out(make_node: Callable[[], Motion], period_ns: int) -> Motion:
    """Return a node whose motion was done; what stopped another is on standard error, and exits.

    Args:
        make_node: Makes it.
        period_ns: Steady time between two of its rows [ns].
    """
    made: list[Motion] = []

    def make() -> Motion:
        made.append(make_node())
        return made[0]

    if code := shell.main(make, lambda node: shell.spin_on_grid(node, period_ns, made[0].tick),
                          first=True):
        raise SystemExit(code)
    return made[0]
