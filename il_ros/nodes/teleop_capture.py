"""Records episodes: every stream of the contract and everything about control."""
from __future__ import annotations

from contextlib import suppress
from pathlib import Path
import time

from il_ros.errors import RecordingError
from il_ros.msg import CaptureStatus, ControlMode, StreamStatus
from il_ros.nodes import shell
from il_ros.nodes.recorder.parameters import Parameters
from il_ros.nodes.recorder.raw_streams import RawStreams
from il_ros.nodes.shared.control_messages import what_holds
from il_ros.nodes.shared.preflight import offer_problem
from il_ros.nodes.shared.robot import load_contract
from il_ros.nodes.shared.services import trigger
from il_ros.recording.session import Recorder, State
from il_ros.recording.stillness import Stillness
from il_ros.recording.store import EpisodeStore
from il_ros.recording.topics import recorded_topics
from il_ros.srv import StopCapture
from il_ros.timing import to_s
from il_ros.types import Mode
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import JointState


class TeleopCapture(Node):
    """Hands serialised messages to the recorder, and the recorder's services to people."""

    def __init__(self) -> None:
        super().__init__('teleop_capture')
        parameters = shell.declare(self, Parameters, self._change)
        contract, folder = load_contract(self, parameters.robot), Path(parameters.output)
        topics = recorded_topics(contract, self.resolve_topic_name)
        self.recorder = Recorder(contract, topics, EpisodeStore(folder))
        self._change(parameters)
        self.stillness, self.insisted = Stillness(contract), False
        self.mode = ControlMode(mode=int(Mode.TELEOP))
        self.streams = RawStreams(self, topics, contract.topics, self._arrived)
        self.problems: dict[str, str] = {}
        self.go_on = False    # with another episode, as soon as the streams are well again
        self.status = self.create_publisher(CaptureStatus, 'capture/status', shell.STREAM)
        trigger(self, 'capture/start', self._start)
        trigger(self, 'capture/discard', lambda: self._stop('', False, 'capture/discard').message)
        self.create_service(StopCapture, 'capture/stop', self._on_stop)
        self.create_timer(1.0, self._every_second, clock=Clock(clock_type=ClockType.STEADY_TIME))
        self.get_logger().info(f'episodes of {contract.robot} go to {folder.resolve()}')

    def destroy_node(self) -> None:
        """Close a running episode before the node goes."""
        if self.recorder.state == State.RECORDING:
            self._close_early('the recorder was stopped')
        super().destroy_node()

    def _change(self, parameters: Parameters) -> None:
        self.recorder.operator, self.recorder.rights = parameters.operator, parameters.rights
        self.recorder.tasks.change(parameters.task, parameters.tasks)

    def _arrived(self, name: str, data: bytes, seq: int | None) -> None:
        if name == 'control/mode':
            self.mode = deserialize_message(data, ControlMode)
        elif name in self.recorder.contract.state_topics and not self.stillness.moved and (
                self.recorder.contract.state_topics[name][0].fields is None):
            state = deserialize_message(data, JointState)
            self.stillness.add(state.name, state.position)
        self.recorder.arrived(name, data, shell.now_ns(self), time.monotonic_ns(), seq)

    def _start(self) -> str:
        for stream in self.recorder.contract.streams:
            if problem := offer_problem(self, stream):
                raise RecordingError(f'{stream.topic}: {problem}')
        self.recorder.start(shell.now_ns(self), time.monotonic_ns(), 'capture/start')
        self.go_on = self.insisted = False
        self.stillness.begin()
        told = ', '.join(filter(None, (self.recorder.episode, self.recorder.task_told)))
        text = f'{told}{what_holds(self.mode)}'
        self.get_logger().info(f'recording {text}')
        return text

    def _stop(self, outcome: str, keep: bool, reason: str) -> StopCapture.Response:
        self.go_on = False
        closed = self.recorder.stop(outcome or 'unlabelled', keep, reason)
        message = closed.note or f'kept {closed.path.name}'
        self.get_logger().info(f'{message}: {closed.path}')
        return StopCapture.Response(success=True, message=message,
                                    episode=str(closed.path.resolve()))

    def _on_stop(self, request: StopCapture.Request, _: StopCapture.Response
                 ) -> StopCapture.Response:
        still = self.stillness.seen and not self.stillness.moved
        if (request.outcome == 'success' and request.keep and still and not self.insisted
                and self.recorder.state == State.RECORDING):
            self.insisted = True
            return StopCapture.Response(success=False, message=(
                f'nothing moved in {self.recorder.episode}, which goes on: end it as failure or '
                f'unlabelled, or say success once more{what_holds(self.mode)}'))
        try:
            return self._stop(request.outcome, request.keep, 'capture/stop')
        except RecordingError as error:
            return StopCapture.Response(success=False, message=str(error))

    def _close_early(self, reason: str) -> None:
        try:
            self._stop('unlabelled', True, reason)
            self.get_logger().warning(f'{reason}; the episode is unlabelled')
        except RecordingError as error:
            self.get_logger().error(str(error))

    def _every_second(self) -> None:
        recorder = self.recorder
        if recorder.failure:
            split = bool(recorder.jump)
            self._close_early(recorder.failure)
            self.go_on = split
        elif self.go_on:
            with suppress(RecordingError):   # until then
                self._start()
        if recorder.state == State.IDLE:
            for topic in self.streams.follow_publishers():
                recorder.offer(topic)
        message = CaptureStatus(
            state=int(recorder.state), episode=recorder.episode, bytes=recorder.taken_bytes,
            duration=to_s(recorder.duration_ns), episodes=recorder.closed)
        message.header.stamp = shell.to_stamp(shell.now_ns(self))
        drops = recorder.drops()
        for name, health in recorder.check(time.monotonic_ns()).items():
            message.streams.append(StreamStatus(
                topic=name, rate=health.rate_hz, age=health.age_s,
                received=recorder.health[name].received, dropped=drops.get(name, 0),
                ok=not health.problem, problem=health.problem))
            self._warn(name, health.problem)
        self.status.publish(message)

    def _warn(self, name: str, problem: str) -> None:
        recording = self.recorder.state == State.RECORDING
        if problem and recording and not self.problems.get(name):
            self.get_logger().warning(problem)
        self.problems[name] = problem if recording else ''


def main() -> int:
    """Run the node."""
    return shell.main(TeleopCapture, images=True)


if __name__ == '__main__':
    raise SystemExit(main())
