"""What the gate says of itself: gate/status on change and each second, and /diagnostics."""
from __future__ import annotations

from diagnostic_msgs.msg import DiagnosticStatus, KeyValue
from il_ros.nodes import shell
from il_ros.nodes.gate.reports import Reports
from il_ros.nodes.shared.services import Diagnostics, ERROR, OK, WARN
from il_ros.safety.gate import Gate
from rclpy.clock import Clock, ClockType
from rclpy.node import Node

EACH_S = 1.0


class Status:
    """Publishes `gate/status` (latched): level, text; armed, rule, detail, the newest refusal.

    Values: `armed`; `rule` and `detail` of the fault that holds the arm, '' for none; `refused`
    and `why` of the newest refusal of a command, and how many `refusals` there were.
    """

    def __init__(self, node: Node, gate: Gate, reports: Reports) -> None:
        """Advertise both.

        Args:
            node: The gate's.
            gate: Of which it speaks.
            reports: Of its decisions.
        """
        self._node, self._gate, self._reports = node, gate, reports
        self._diagnostics = Diagnostics(node)
        self._told: tuple[bool, tuple[str, str] | None, str] | None = None
        self._publisher = node.create_publisher(DiagnosticStatus, 'gate/status', shell.LATCHED)
        node.create_timer(EACH_S, self._speak, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def look(self) -> None:
        """Say what has changed; called at each turn of the watchdog."""
        if (now := (self._gate.armed, self._gate.fault, self._reports.refused[0])) != self._told:
            self._told = now
            self._publish()

    def _speak(self) -> None:
        self._publish()
        level, text = self._level()
        self._diagnostics.publish(level, text, {'armed': self._gate.armed, **self._reports.counts})

    def _level(self) -> tuple[bytes, str]:
        if fault := self._gate.fault:
            return ERROR, f'holding: {fault[1]}; call gate/arm'
        return (OK, 'armed') if self._gate.armed else (WARN, 'disarmed')

    def _publish(self) -> None:
        (rule, detail), (refused, why) = self._gate.fault or ('', ''), self._reports.refused
        values = {'armed': str(self._gate.armed).lower(), 'rule': rule, 'detail': detail,
                  'refused': refused, 'why': why, 'refusals': str(self._reports.refusals)}
        level, text = self._level()
        self._publisher.publish(DiagnosticStatus(
            level=level, name=self._node.get_fully_qualified_name(), message=text,
            values=[KeyValue(key=key, value=value) for key, value in values.items()]))
