"""The real recorder over DDS; the messages come from an rclpy publisher in this process."""
import signal

from il_ros.bags.reader import Bag
from il_ros.datasets import schema
from il_ros.datasets.convert import convert
from il_ros.datasets.reader import Dataset
from il_ros.recording.recover import recover
from il_ros.rights import Rights
from nodes.harness import next_domain, running, wait_for
import numpy as np
import pytest

rclpy = pytest.importorskip('rclpy')

from il_ros.msg import CaptureStatus, Command, ControlMode  # noqa: E402
from il_ros.nodes import shell  # noqa: E402
from il_ros.srv import StartCapture, StopCapture  # noqa: E402
from rcl_interfaces.srv import SetParameters  # noqa: E402
from rclpy.executors import SingleThreadedExecutor  # noqa: E402
from rclpy.parameter import Parameter  # noqa: E402
from rclpy.qos import QoSProfile  # noqa: E402
from sensor_msgs.msg import JointState  # noqa: E402
from std_msgs.msg import Float64MultiArray, String  # noqa: E402
from std_srvs.srv import Trigger  # noqa: E402

DOMAIN = next_domain()
CONTRACT = """
robot: small
task: wave
rate_hz: 30.0
joints:
  - {name: a, position: [-1.0, 1.0], velocity: 1.0, acceleration: 5.0}
  - {name: b, position: [-1.0, 1.0], velocity: 1.0, acceleration: 5.0}
start: [0.0, 0.0]
state: {topic: joint_states, type: sensor_msgs/JointState, rate_hz: 50.0, max_age_s: 0.2}
command: {topic: arm/commands, type: std_msgs/Float64MultiArray}
"""


class Robot:
    """Publishes joint states at 50 Hz and commands at 25 Hz, and calls the recorder."""

    def __init__(self):
        self.context = rclpy.Context()
        self.context.init(domain_id=DOMAIN)
        self.node = rclpy.create_node('robot', context=self.context)
        self.executor = SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)
        self.states = self.node.create_publisher(JointState, 'joint_states', shell.STREAM)
        self.commands = self.node.create_publisher(Command, 'control/command',
                                                   QoSProfile(depth=50))
        self.arm = self.node.create_publisher(Float64MultiArray, 'arm/commands', shell.STREAM)
        self.mode = self.node.create_publisher(ControlMode, 'control/mode', shell.LATCHED)
        self.status = None
        self.node.create_subscription(CaptureStatus, 'capture/status', self._on_status, 10)
        self.mode.publish(ControlMode(mode=ControlMode.TELEOP, epoch=7, reason='before'))
        self.sent, self.seq, self.talking, self.frozen = [], 0, True, False
        self.node.create_timer(0.02, self._talk)

    def _on_status(self, message):
        self.status = message

    def _talk(self):
        if not self.talking:
            return
        now = self.node.get_clock().now().to_msg()
        message = JointState(name=['a', 'b'], position=[
            self.sent[-1] if self.frozen and self.sent else 0.001 * len(self.sent), -0.5])
        message.header.stamp = now
        self.states.publish(message)
        self.sent.append(message.position[0])
        if len(self.sent) % 2:
            command = Command(seq=self.seq, source=Command.HUMAN, joint_names=['a', 'b'],
                              positions=[0.25, 0.5])
            command.header.stamp = now
            self.commands.publish(command)
            self.arm.publish(Float64MultiArray(data=[0.25, 0.5]))
            self.seq += 1

    def spin(self):
        self.executor.spin_once(timeout_sec=0.02)

    def until(self, condition, what, timeout_s=30.0):
        return wait_for(condition, what, timeout_s, self.spin)

    def call(self, kind, name, **fields):
        client = self.node.create_client(kind, name)
        self.until(client.service_is_ready, f'service {name}')
        future = client.call_async(kind.Request(**fields))
        self.until(future.done, f'answer of {name}')
        self.node.destroy_client(client)
        return future.result()

    def start(self):
        """Start as soon as the recorder hears everybody."""
        def heard():
            return self.status and {s.topic: s.received for s in self.status.streams}[
                'control/mode']

        def accepted():
            answer = self.call(Trigger, 'capture/start')
            return answer if answer.success else None
        self.until(heard, 'the mode at the recorder')
        return self.until(accepted, 'an accepted start')

    def record(self, messages):
        """Talk until that many more states were sent."""
        goal = len(self.sent) + messages
        self.until(lambda: len(self.sent) >= goal, 'states sent')

    def close(self):
        self.executor.shutdown()
        self.node.destroy_node()
        self.context.try_shutdown()


@pytest.fixture
def robot():
    robot = Robot()
    yield robot
    robot.close()


@pytest.fixture
def capture(tmp_path, robot):
    contract = tmp_path / 'small.yaml'
    contract.write_text(CONTRACT)
    with running('teleop_capture', DOMAIN, tmp_path / 'log', parameters={
            'robot': contract, 'output': tmp_path / 'bags', 'operator': 'anna'}) as node:
        yield node


def test_records_what_was_published(capture, robot, tmp_path):
    answer = robot.start()
    assert answer.message == 'episode_0001'
    again = robot.call(Trigger, 'capture/start')
    assert (again.success, again.message) == (
        False, 'episode_0001 is being recorded already; stop it first')
    robot.record(100)

    def stream(topic):
        return {s.topic: s for s in robot.status.streams}[topic]
    robot.until(lambda: robot.status and robot.status.state == CaptureStatus.RECORDING
                and robot.status.bytes > 0, 'a status while recording')
    robot.until(lambda: stream('joint_states').ok, 'its own rate, also on a busy machine')
    assert stream('teleop/command').received == 0
    answer = robot.call(StopCapture, 'capture/stop', outcome='success', keep=True)
    assert (answer.success, answer.message) == (True, 'kept episode_0001')
    assert answer.episode == str(tmp_path / 'bags/episode_0001')

    with Bag(tmp_path / 'bags/episode_0001') as bag:
        assert (bag.info.outcome, bag.info.operator, bag.info.task) == ('success', 'anna', 'wave')
        assert bag.info.start_reason == 'capture/start'
        states = [m.message.position[0] for m in bag.messages({'joint_states'})]
        seqs = [m.message.seq for m in bag.messages({'control/command'})]
        modes = list(bag.messages({'control/mode'}))
        assert bag.info.control_sources == {'human': len(seqs)}
        gaps = sum(b - a - 1 for a, b in zip(seqs, seqs[1:], strict=False))
        assert sum(bag.info.drops.values()) == gaps
        assert modes[0].log_ns == bag.start_ns
    assert (modes[0].message.epoch, modes[0].message.reason) == (7, 'before')
    first = robot.sent.index(states[0])
    assert states == robot.sent[first:first + len(states)]
    assert len(states) >= 100
    again = robot.call(StopCapture, 'capture/stop', outcome='success', keep=True)
    assert (again.success, again.message) == (
        False, 'no episode is being recorded; start one first')


def test_an_arm_that_stands_is_no_success_unless_somebody_insists(capture, robot, tmp_path):
    robot.frozen = True
    hold = '; nothing moves before dagger/resume: HOLD, joint states silent for 330 ms'

    def told():
        robot.mode.publish(ControlMode(mode=ControlMode.HOLD,
                                       reason='joint states silent for 330 ms'))
        return robot.status and {s.topic: s.received for s in robot.status.streams}[
            'control/mode'] > 2
    robot.until(told, 'the new mode')
    assert robot.start().message == f'episode_0001{hold}'
    robot.record(20)

    def stop(outcome):
        answer = robot.call(StopCapture, 'capture/stop', outcome=outcome, keep=True)
        return answer.success, answer.message
    asked = (False, 'nothing moved in episode_0001, which goes on: end it as failure or '
                    f'unlabelled, or say success once more{hold}')
    assert stop('success') == asked
    robot.record(20)
    assert stop('success') == (True, 'kept episode_0001')
    with Bag(tmp_path / 'bags/episode_0001') as bag:
        assert bag.info.outcome == 'success'
        assert bag.counts['joint_states'] >= 40, 'it went on'
    robot.start()
    robot.record(20)
    assert stop('success')[0] is False, 'each episode asks anew'
    assert stop('failure') == (True, 'kept episode_0002')
    robot.start()
    robot.record(5)
    robot.frozen = False
    robot.mode.publish(ControlMode(mode=ControlMode.TELEOP, reason='resumed'))
    robot.record(20)
    assert stop('success') == (True, 'kept episode_0003')


def test_operator_and_task_may_change_between_episodes(capture, robot, tmp_path):
    def set_to(**values):
        return [r.successful for r in robot.call(
            SetParameters, 'teleop_capture/set_parameters', parameters=[
                Parameter(name, value=value).to_parameter_msg()
                for name, value in values.items()]).results]
    robot.start()
    assert set_to(operator='ben', task='point', output='elsewhere') == [True, True, False]
    robot.record(20)
    for _ in range(2):
        assert robot.call(StopCapture, 'capture/stop', outcome='failure', keep=True).success
        if _ == 0:
            robot.start()
            robot.record(10)
    for number, expected in ((1, ('anna', 'wave')), (2, ('ben', 'point'))):
        with Bag(tmp_path / f'bags/episode_000{number}') as bag:
            assert (bag.info.operator, bag.info.task) == expected


def test_licence_and_consent_may_change_between_episodes(capture, robot, tmp_path):
    def set_to(**values):
        return [(r.successful, r.reason) for r in robot.call(
            SetParameters, 'teleop_capture/set_parameters', parameters=[
                Parameter(name, value=value).to_parameter_msg()
                for name, value in values.items()]).results]

    assert set_to(licence='cc-by-4.0', owner='a lab') == [(True, '')] * 2
    (done, reason), = set_to(consent='witheld')
    assert not done and reason.startswith("consent 'witheld': expected one of withdrawn, withheld")
    robot.start()
    robot.record(20)
    assert set_to(consent='withheld') == [(True, '')]
    for number in (1, 2):
        assert robot.call(StopCapture, 'capture/stop', outcome='failure', keep=True).success
        if number == 1:
            robot.start()
            robot.record(10)
    for number, consent in ((1, ''), (2, 'withheld')):
        with Bag(tmp_path / f'bags/episode_000{number}') as bag:
            assert bag.info.rights == Rights('CC-BY-4.0', 'a lab', consent)


def test_a_list_of_tasks_is_gone_through(capture, robot, tmp_path):
    def change(**values):
        return [r.successful for r in robot.call(
            SetParameters, 'teleop_capture/set_parameters', parameters=[
                Parameter(name, value=value).to_parameter_msg()
                for name, value in values.items()]).results]

    def episode(keep=True):
        answer = robot.start().message
        robot.record(10)
        assert robot.call(StopCapture, 'capture/stop', outcome='failure', keep=keep).success
        return answer
    assert change(tasks=['pick', 'open']) == [True]
    assert episode(keep=False) == 'episode_0001, task 1 of 2: pick'
    assert episode() == 'episode_0002, task 1 of 2: pick'
    assert episode() == 'episode_0003, task 2 of 2: open'
    assert change(task='point') == [True]
    assert episode() == 'episode_0004'
    told = []
    for number in (2, 3, 4):
        with Bag(tmp_path / f'bags/episode_000{number}') as bag:
            told.append(bag.info.task)
    assert told == ['pick', 'open', 'point']


def test_a_start_may_tell_the_task_the_operator_and_a_list(capture, robot, tmp_path):
    def asked(**fields):
        return robot.call(StartCapture, 'capture/start_task', **fields)

    def episode(**fields):
        answer = asked(**fields)
        assert answer.success, answer.message
        robot.record(10)
        assert robot.call(StopCapture, 'capture/stop', outcome='failure', keep=True).success
        return answer.message
    assert robot.until(lambda: asked(task='open the box', operator_name='ben').success,
                       'an accepted start')
    again = asked(task='pick')
    assert (again.success, again.message, again.episode) == (
        False, 'episode_0001 is being recorded already; stop it first', '')
    robot.record(10)
    assert robot.call(StopCapture, 'capture/stop', outcome='failure', keep=True).success
    assert episode() == 'episode_0002'
    assert episode(tasks=['pick', 'place']) == 'episode_0003, task 1 of 2: pick'
    assert episode(task='wipe') == 'episode_0004, task: wipe'
    assert robot.start().message == 'episode_0005, task 2 of 2: place'
    both = asked(task='pick', tasks=['open'])
    assert (both.success, both.message) == (
        False, 'expected task or tasks, a list to go through, got both')
    robot.record(10)
    assert robot.call(StopCapture, 'capture/stop', outcome='failure', keep=True).success
    told = []
    for number in range(1, 6):
        with Bag(tmp_path / f'bags/episode_000{number}') as bag:
            told.append((bag.info.task, bag.info.operator))
    assert told == [('open the box', 'ben'), ('wave', 'anna'), ('pick', 'anna'),
                    ('wipe', 'anna'), ('place', 'anna')]


def test_what_the_transport_lost_is_reported_exactly(capture, robot, tmp_path):
    robot.start()
    robot.record(20)
    capture.send(signal.SIGSTOP)
    for _ in range(400):  # more than may wait for it
        robot._talk()
    capture.send(signal.SIGCONT)
    robot.record(20)
    robot.until(lambda: [s for s in robot.status.streams if s.topic == 'joint_states'
                         and s.dropped], 'drops in the status')
    robot.call(StopCapture, 'capture/stop', outcome='success', keep=True)
    with Bag(tmp_path / 'bags/episode_0001') as bag:
        states = [robot.sent.index(m.message.position[0]) for m in bag.messages({'joint_states'})]
        drops = bag.info.drops
    gaps = np.diff(states) - 1
    assert (gaps >= 0).all()
    assert drops['joint_states'] == gaps.sum() > 0


def test_its_bags_convert(capture, robot, tmp_path):
    robot.start()
    robot.record(60)
    robot.call(StopCapture, 'capture/stop', outcome='success', keep=True)
    assert convert([tmp_path / 'bags'], tmp_path / 'dataset').episodes == 1
    columns = Dataset(tmp_path / 'dataset').columns
    assert set(columns['observation.state'][:, 0]) <= set(np.float32(robot.sent))
    assert set(columns['observation.state'][:, 1]) == {-0.5}
    driven = columns['control_source'] == 1     # before the first command it is hold
    assert driven.sum() > 20
    assert np.array_equal(columns['action'][driven], np.full((driven.sum(), 2), [0.25, 0.5]))
    assert set(columns['success']) == {1}


def test_the_robots_own_urdf_is_kept_with_every_bag_and_its_dataset(robot, tmp_path):
    contract = tmp_path / 'small.yaml'
    contract.write_text(CONTRACT + 'urdf: topic:/robot_description\n')
    link = '<link name="{}"/>'.format
    joint = ('<joint name="{0}" type="revolute"><parent link="{1}"/><child link="{0}_link"/>'
             '<limit lower="-1" upper="1" velocity="1" effort="9"/></joint>').format
    text = (f'<robot name="small">{link("base")}{link("a_link")}{link("b_link")}'
            f'{joint("a", "base")}{joint("b", "a_link")}</robot>')
    urdf = robot.node.create_publisher(String, '/robot_description', shell.LATCHED)
    urdf.publish(String(data=text))
    with running('teleop_capture', DOMAIN, tmp_path / 'log', parameters={
            'robot': contract, 'output': tmp_path / 'bags'}):
        for _ in range(2):
            robot.start()
            robot.record(30)
            robot.call(StopCapture, 'capture/stop', outcome='success', keep=True)
    bags = sorted((tmp_path / 'bags').iterdir())
    for path in bags:
        with Bag(path) as bag:
            assert bag.contract.urdf_text == text
    convert(bags, tmp_path / 'dataset')
    assert Dataset(tmp_path / 'dataset').contract.urdf_text == text
    assert (tmp_path / 'dataset' / schema.URDF_FILE).read_text() == text


def test_refuses_while_a_stream_is_missing(capture, robot):
    robot.talking = False
    robot.until(lambda: robot.status, 'a status')
    answer = robot.call(Trigger, 'capture/start')
    assert not answer.success
    assert answer.message == ('/joint_states: no message has come; is its driver running and the '
                              'topic right (ros2 topic list)?')
    assert [s.problem for s in robot.status.streams if s.topic == 'joint_states'] == [
        answer.message]


def test_discard_and_unknown_outcome(capture, robot, tmp_path):
    robot.start()
    robot.record(20)
    answer = robot.call(StopCapture, 'capture/stop', outcome='splendid', keep=True)
    assert (answer.success, answer.message) == (
        False, "outcome 'splendid': expected one of success, failure, unlabelled")
    assert robot.call(Trigger, 'capture/discard').success
    assert (tmp_path / 'bags/discarded/episode_0001/metadata.yaml').is_file()


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_recorder_closes_its_episode(capture, robot, tmp_path, number):
    robot.start()
    robot.record(50)
    capture.send(number)
    assert capture.process.wait(10) == 0
    with Bag(tmp_path / 'bags/episode_0001') as bag:
        assert (bag.info.outcome, bag.info.stop_reason) == (
            'unlabelled', 'the recorder was stopped')
        assert bag.counts['joint_states'] > 30


def test_kill_9_leaves_a_recoverable_episode(capture, robot, tmp_path):
    robot.start()
    robot.record(100)
    before = len(robot.sent)
    capture.send(signal.SIGKILL)
    capture.process.wait()
    assert [p.name for p in (tmp_path / 'bags').iterdir()] == ['episode_0001.partial']
    recovered = recover(tmp_path / 'bags/episode_0001.partial')
    with Bag(recovered.path) as bag:
        states = [m.message.position[0] for m in bag.messages({'joint_states'})]
    first = robot.sent.index(states[0])
    assert states == robot.sent[first:first + len(states)]
    assert before - (first + len(states)) <= 50     # at 50 Hz, less than 1 s


def test_an_unknown_robot_ends_in_one_line(tmp_path):
    with running('teleop_capture', DOMAIN, tmp_path / 'log',
                 parameters={'robot': 'nowhere'}) as node:
        assert node.process.wait(30) == 2
    assert 'no config/robots/nowhere.yaml' in node.output
    assert 'Traceback' not in node.output
