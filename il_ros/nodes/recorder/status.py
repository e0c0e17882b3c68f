"""What the recorder says of itself once a second and when an episode begins or ends."""
from __future__ import annotations

import time

from il_ros.msg import CaptureStatus, StreamStatus
from il_ros.nodes import shell
from il_ros.recording.session import Recorder, State
from il_ros.timing import to_s
from rclpy.node import Node


class StatusTopic:
    """Publishes `capture/status`, and warns of a stream that falls ill while an episode runs."""

    def __init__(self, node: Node, recorder: Recorder) -> None:
        self._node, self._recorder = node, recorder
        self._publisher = node.create_publisher(CaptureStatus, 'capture/status', shell.STREAM)
        self._problems: dict[str, str] = {}

    def changed(self, text: str) -> None:
        """Say at once, in the log too, that an episode began or ended."""
        self._node.get_logger().info(text)
        if self._node.context.ok():     # else a signal ended it, and the episode with it
            self.publish()

    def publish(self) -> None:
        """Say how the recorder and each stream are."""
        recorder = self._recorder
        message = CaptureStatus(
            state=int(recorder.state), episode=recorder.episode, bytes=recorder.taken_bytes,
            duration=to_s(recorder.duration_ns), episodes=recorder.closed)
        message.header.stamp = shell.to_stamp(shell.now_ns(self._node))
        drops = recorder.drops()
        for name, health in recorder.check(time.monotonic_ns()).items():
            message.streams.append(StreamStatus(
                topic=name, rate=health.rate_hz, age=health.age_s,
                received=recorder.health[name].received, dropped=drops.get(name, 0),
                ok=not health.problem, problem=health.problem))
            self._warn(name, health.problem)
        self._publisher.publish(message)

    def _warn(self, name: str, problem: str) -> None:
        recording = self._recorder.state == State.RECORDING
        if problem and recording and not self._problems.get(name):
            self._node.get_logger().warning(problem)
        self._problems[name] = problem if recording else ''
