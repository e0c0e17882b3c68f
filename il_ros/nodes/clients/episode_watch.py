"""What happens in an episode: success, who drives, whether a fault holds the robot."""
from __future__ import annotations

from il_ros.msg import CommandReport, ControlMode
from il_ros.nodes import shell
from il_ros.types import ControlSource, Mode, Verdict
from rclpy.node import Node
from std_msgs.msg import Bool


class EpisodeWatch:
    """Listens to sim/success, control/mode and control/report.

    Attributes:
        success: Whether the task is done.
        mode: Of the arbiter; None before the first message.
        interventions: Take-overs since `begin`.
        human_steps: Commands of a human that reached the robot since `begin`, one per tick.
    """

    def __init__(self, node: Node) -> None:
        self.mode: Mode | None = None
        self._held = False
        self.begin()
        node.create_subscription(Bool, 'sim/success', self._on_success, shell.LATCHED)
        node.create_subscription(ControlMode, 'control/mode', self._on_mode, shell.CHANGES)
        node.create_subscription(CommandReport, 'control/report', self._on_report, shell.STREAM)

    def begin(self) -> None:
        """Forget the episode before."""
        self.success, self._held = False, False
        self.interventions = self.human_steps = 0

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
        if message.verdict == Verdict.REJECTED:
            return
        self._held = message.verdict == Verdict.HELD
        self.human_steps += not self._held and message.asked.source == ControlSource.HUMAN

    def _on_mode(self, message: ControlMode) -> None:
        mode = Mode(message.mode)
        self.interventions += mode is Mode.CORRECTING and self.mode is not Mode.CORRECTING
        self.mode = mode
