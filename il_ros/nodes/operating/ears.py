"""What the graph says, onto the panel's board."""
from __future__ import annotations

from collections.abc import Callable
import time

from diagnostic_msgs.msg import DiagnosticStatus
from il_ros.msg import CaptureStatus, ControlMode, HelpRequest
from il_ros.nodes import shell
from il_ros.nodes.shared import control_messages as messages
from il_ros.panel.state import Board, Control, GateState, Recorder, StreamState
from il_ros.types import Mode
from rcl_interfaces.msg import ParameterType
from rcl_interfaces.srv import GetParameters
from rclpy.clock import Clock, ClockType
from rclpy.node import Node

ANSWER = 'answer_s'     # of dagger_intervention
ASK_EACH_S = 2.0
MOST_DIGITS = 18


class Ears:
    """Subscriptions of few messages; images and joints are heard on demand, by `Eyes`."""

    def __init__(self, node: Node, board: Board, changed: Callable[[], None]) -> None:
        """Subscribe.

        Args:
            node: The panel's.
            board: What is heard goes there.
            changed: Called when something is there that a person should see at once.
        """
        self._node, self._board, self._changed = node, board, changed
        node.create_subscription(ControlMode, 'control/mode', self._on_mode, shell.CHANGES)
        node.create_subscription(DiagnosticStatus, 'gate/status', self._on_gate, shell.LATCHED)
        node.create_subscription(CaptureStatus, 'capture/status', self._on_capture, shell.STREAM)
        node.create_subscription(HelpRequest, 'dagger/request', self._on_help, shell.STREAM)
        self._arbiter = node.create_client(GetParameters, 'dagger_intervention/get_parameters')
        self._timer = node.create_timer(ASK_EACH_S, self._ask, clock=Clock(
            clock_type=ClockType.STEADY_TIME))

    def _on_mode(self, message: ControlMode) -> None:
        if message.mode in tuple(Mode):
            self._tell(lambda now_ns: self._board.hear_control(Control(
                Mode(message.mode), message.epoch, message.reason, message.who), now_ns))

    def _on_gate(self, message: DiagnosticStatus) -> None:
        values = {value.key: value.value for value in message.values}
        count = values.get('refusals', '')
        self._tell(lambda now_ns: self._board.hear_gate(
            GateState(values.get('armed') == 'true', values.get('rule', ''),
                      values.get('detail', '')),
            (values.get('refused', ''), values.get('why', '')),
            int(count) if count.isdecimal() and len(count) <= MOST_DIGITS else 0, now_ns))

    def _on_capture(self, message: CaptureStatus) -> None:
        streams = [StreamState(s.topic, s.rate, s.age, s.dropped, s.problem)
                   for s in message.streams]
        self._tell(lambda now_ns: self._board.hear_recorder(Recorder(
            message.state, message.episode, message.duration, message.bytes / 1e6,
            message.episodes, streams), now_ns))

    def _on_help(self, message: HelpRequest) -> None:
        self._tell(lambda now_ns: self._board.hear_help(messages.to_help(message), now_ns))

    def _tell(self, hear: Callable[[int], None]) -> None:
        before = self._board.changed
        hear(time.monotonic_ns())
        if self._board.changed != before:
            self._changed()

    def _ask(self) -> None:
        """Ask the arbiter how long it waits for help, until it has said so."""
        if self._arbiter.service_is_ready():
            self._timer.cancel()
            future = self._arbiter.call_async(GetParameters.Request(names=[ANSWER]))
            future.add_done_callback(lambda done: self._take(done.result()))

    def _take(self, response: GetParameters.Response) -> None:
        for value in response.values:
            if value.type == ParameterType.PARAMETER_DOUBLE:
                self._board.answer_s = value.double_value
