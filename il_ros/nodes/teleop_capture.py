"""Records episodes: every stream of the contract and everything about control."""
from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from il_ros.errors import RecordingError
from il_ros.msg import ControlMode
from il_ros.nodes import shell
from il_ros.nodes.recorder.parameters import Parameters
from il_ros.nodes.recorder.raw_streams import RawStreams
from il_ros.nodes.recorder.status import StatusTopic
from il_ros.nodes.shared.control_messages import what_holds
from il_ros.nodes.shared.preflight import offer_problem
from il_ros.nodes.shared.robot import load_contract
from il_ros.nodes.shared.services import trigger
from il_ros.recording.session import Recorder, State
from il_ros.recording.stillness import Stillness
from il_ros.recording.store import EpisodeStore
from il_ros.recording.topics import recorded_topics
from il_ros.srv import StartCapture, StopCapture
from il_ros.timing import Now
from il_ros.types import Mode
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.parameter import Parameter
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
        self.go_on = False    # with another episode, as soon as the streams are well again
        self.asked = StartCapture.Request()     # of the newest episode
        self.status = StatusTopic(self, self.recorder)
        trigger(self, 'capture/start', lambda: self._start(StartCapture.Request()))
        self.create_service(StartCapture, 'capture/start_task', self._on_start)
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
        parameters.tell(self.recorder)

    def _arrived(self, name: str, data: bytes, came: Now, seq: int | None) -> None:
        if name == 'control/mode':
            self.mode = deserialize_message(data, ControlMode)
        elif name in self.stillness.topics and not self.stillness.moved:
            state = deserialize_message(data, JointState)
            self.stillness.add(state.name, state.position)
        self.recorder.arrived(name, data, came.ros_ns, came.steady_ns, seq)

    def _on_start(self, request: StartCapture.Request, _: StartCapture.Response
                  ) -> StartCapture.Response:
        try:
            message = self._start(request)
        except RecordingError as error:
            return StartCapture.Response(success=False, message=str(error))
        return StartCapture.Response(success=True, message=message, episode=self.recorder.episode)

    def _start(self, asked: StartCapture.Request) -> str:
        if asked.task and asked.tasks:
            raise RecordingError('expected task or tasks, a list to go through, got both')
        for stream in self.recorder.contract.streams:
            if problem := offer_problem(self, stream):
                raise RecordingError(f'{stream.topic}: {problem}')
        if asked.tasks:
            self.set_parameters([Parameter('task', value=''),
                                 Parameter('tasks', value=list(asked.tasks))])
        began = self.streams.begin()
        self.recorder.start(began.ros_ns, began.steady_ns, 'capture/start', task=asked.task,
                            operator=asked.operator_name)
        self.asked, self.go_on, self.insisted = asked, False, False
        self.stillness.begin()
        told = ', '.join(filter(None, (self.recorder.episode, self.recorder.task_told)))
        text = f'{told}{what_holds(self.mode)}'
        self.status.changed(f'recording {text}')
        return text

    def _stop(self, outcome: str, keep: bool, reason: str) -> StopCapture.Response:
        self.go_on = False
        closed = self.recorder.stop(outcome or 'unlabelled', keep, reason)
        message = closed.note or f'kept {closed.path.name}'
        self.status.changed(f'{message}: {closed.path}')
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
                self._start(StartCapture.Request(task=self.asked.task,
                                                 operator_name=self.asked.operator_name))
        if recorder.state == State.IDLE:
            for topic in self.streams.follow_publishers():
                recorder.offer(topic)
        self.status.publish()


def main() -> int:
    """Run the node."""
    return shell.main(TeleopCapture, images=True)


if __name__ == '__main__':
    raise SystemExit(main())
