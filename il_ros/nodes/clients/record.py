"""The recorder's side of the graph for `il_ros record`."""
from __future__ import annotations

from collections.abc import Callable, Sequence

from il_ros.errors import IlRosError, RecordingError
from il_ros.msg import CaptureStatus
from il_ros.nodes import shell
from il_ros.nodes.clients.client import Client
from il_ros.srv import StartCapture, StopCapture

APPEAR_S = 15.0


class RecordClient(Client):
    """Starts and stops episodes and knows the recorder's newest status."""

    def __init__(self, namespace: str = '') -> None:
        """Join the graph and wait for the recorder.

        Raises:
            RecordingError: It does not appear.
        """
        super().__init__(namespace=namespace)
        self._status: CaptureStatus | None = None
        topic = self.node.resolve_topic_name('capture/status')
        self.node.create_subscription(CaptureStatus, topic, self._on_status, shell.STREAM)
        if not self.wait(lambda: self._status is not None, APPEAR_S):
            self.close()
            raise RecordingError(
                f'nothing on {topic} within {APPEAR_S:g} s: start teleop_capture (ros2 launch '
                'il_ros teleop_capture.launch.py) in this ROS domain, or name its --namespace')

    def _on_status(self, message: CaptureStatus) -> None:
        self._status = message

    @property
    def recording(self) -> bool:
        """Whether an episode runs."""
        return self._status is not None and self._status.state == CaptureStatus.RECORDING

    def line(self) -> str:
        """Return the status in one line."""
        status = self._status
        assert status is not None
        problems = [s.problem for s in status.streams if s.problem]
        dropped = sum(s.dropped for s in status.streams)
        text = (f'REC {status.episode} {status.duration:.0f} s, {status.bytes / 1e6:.1f} MB, '
                f'{dropped} dropped' if self.recording else f'idle, {status.episodes} episodes')
        return f'{text} | {problems[0]}' if problems else text

    def start(self, tasks: Sequence[str] = ()) -> str:
        """Start an episode and return what to tell the person.

        Args:
            tasks: What it is of: one task, or a list to go through; as the recorder says when
                empty.
        """
        one = tasks[0] if len(tasks) == 1 else ''
        request = StartCapture.Request(task=one, tasks=[] if one else list(tasks))
        return self._tell(lambda: 'recording ' + str(self.call(
            StartCapture, 'capture/start_task', request).message))

    def stop(self, outcome: str) -> str:
        """End the episode with an outcome and return what to tell the person."""
        return self._tell(lambda: f'{outcome}: ' + str(self.call(
            StopCapture, 'capture/stop',
            StopCapture.Request(outcome=outcome, keep=True)).episode))

    def discard(self) -> str:
        """Discard the episode and return what to tell the person."""
        return self._tell(lambda: self.trigger('capture/discard'))

    def _tell(self, action: Callable[[], str]) -> str:
        try:
            return action()
        except IlRosError as error:
            return str(error)
