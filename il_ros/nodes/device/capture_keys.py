"""The recorder's services behind the keys of a device."""
from __future__ import annotations

from collections.abc import Callable
from functools import partial

from il_ros.srv import StopCapture
from il_ros.teleop.device import Capture
from rclpy.node import Node
from rclpy.task import Future
from std_srvs.srv import Trigger


class CaptureKeys:
    """Calls the recorder without waiting; its answers go to the log."""

    def __init__(self, node: Node, succeeded: Callable[[], None]) -> None:
        """Make the clients; `succeeded` hears of an episode that was recorded as a success."""
        self._log, self._succeeded = node.get_logger(), succeeded
        self._start = node.create_client(Trigger, 'capture/start')
        self._stop = node.create_client(StopCapture, 'capture/stop')
        self._discard = node.create_client(Trigger, 'capture/discard')

    def ask(self, capture: Capture) -> None:
        """Call the service that a key stands for."""
        if capture is Capture.START:
            client, request = self._start, Trigger.Request()
        elif capture is Capture.DISCARD:
            client, request = self._discard, Trigger.Request()
        else:
            client = self._stop
            request = StopCapture.Request(outcome=capture.value, keep=True)
        if not client.service_is_ready():
            self._log.warning(f'{client.srv_name}: no recorder; start teleop_capture')
            return
        client.call_async(request).add_done_callback(partial(self._answered, capture))

    def _answered(self, capture: Capture, future: Future) -> None:
        answer = future.result()
        if answer.success:
            if capture is Capture.SUCCESS:
                self._succeeded()
            self._log.info(f'recorder: {answer.message}')
        else:
            self._log.warning(f'recorder: {answer.message}')
