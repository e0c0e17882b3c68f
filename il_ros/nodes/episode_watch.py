"""What happens in an episode: success, who drives, whether a fault holds the robot."""
from __future__ import annotations

from il_ros.msg import CommandReport, ControlMode
from il_ros.nodes import shell
from il_ros.types import Mode, Verdict
from rclpy.node import Node
from std_msgs.msg import Bool


class EpisodeWatch:
    """Listens to sim/success, control/mode and control/report.

    Attributes:
        success: Whether the task is done.
        mode: Of the arbiter; None before the first message.
        interventions: Take-overs since `begin`.
        human_ns: Time in which the human corrected since `begin`.
    """

    def __init__(self, node: Node) -> None:
        self.mode: Mode | None = None
        self._held = False
        self._mode_since_ns = 0
        self.begin()
        node.create_subscription(Bool, 'sim/success', self._on_success, shell.LATCHED)
        node.create_subscription(ControlMode, 'control/mode', self._on_mode, shell.LATCHED)
        node.create_subscription(CommandReport, 'control/report', self._on_report, shell.STREAM)

    def begin(self) -> None:
        """Forget the episode before."""
        self.success, self._held, self.interventions, self.human_ns = False, False, 0, 0

    @property
    def stopped(self) -> bool:
        """Whether gate or arbiter holds the robot because of a fault."""
        return self._held or self.mode is Mode.HOLD

    def forgive(self) -> None:
        """Forget that the gate held: it has been armed again."""
        self._held = False

    def _on_success(self, message: Bool) -> None:
        self.success = message.data

    def _on_report(self, message: CommandReport) -> None:
        if message.verdict != Verdict.REJECTED:
            self._held = message.verdict == Verdict.HELD

    def _on_mode(self, message: ControlMode) -> None:
        stamp_ns = shell.stamp_ns(message.header.stamp)
        if self.mode is Mode.CORRECTING:
            self.human_ns += stamp_ns - self._mode_since_ns
        mode = Mode(message.mode)
        self.interventions += mode is Mode.CORRECTING and self.mode is not Mode.CORRECTING
        self.mode, self._mode_since_ns = mode, stamp_ns
