"""The gate as a process; the test is the robot, the arbiter and at times the rogue."""
from __future__ import annotations

from diagnostic_msgs.msg import DiagnosticArray
from il_ros.msg import Command, CommandReport, ControlMode
from il_ros.nodes import shell
from nodes.harness import next_domain, running
from nodes.robot import CONTRACT, patient, Robot, START
import numpy as np
import pytest
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory
import yaml

HUMAN = 1
DOMAIN = next_domain()


@pytest.fixture
def gate(tmp_path):
    with running('command_gate', DOMAIN, tmp_path / 'gate.txt',
                 parameters={'robot': patient(tmp_path), 'watchdog_s': 0.5}) as process:
        yield process


@pytest.fixture
def robot():
    with Robot(DOMAIN) as robot:
        yield robot


def feed(robot, **fields):
    """Return a function that sends the measured position as a command, 30 times a second."""
    publisher = robot.publisher(Command, 'control/command')
    return robot.sender(publisher, lambda: robot.fill(
        Command(), robot.position, **{'source': HUMAN, **fields}))


def last_reports(robot, verdict, rule):
    return [r for r in robot.reports if (r.verdict, r.rule) == (verdict, rule)]


def arm(robot):
    answers = []   # until the gate has heard of the robot
    robot.until(lambda: answers.append(robot.call('gate/arm')) or answers[-1].success, 'armed')
    assert answers[-1].message == 'armed'


def test_disarmed_sends_nothing_and_arming_names_what_is_missing(gate, robot):
    robot.sends_states = False
    answer = robot.call('gate/arm')
    assert not answer.success
    assert answer.message == ('arming refused: nothing came on joint_states; '
                              'start the robot driver')
    send = feed(robot)
    robot.until(lambda: len(last_reports(robot, CommandReport.REJECTED, 'disarmed')) > 5,
                'rejections', each=send)
    assert robot.commands == []
    assert all(not report.sent for report in robot.reports)
    robot.sends_states = True
    robot.until(lambda: robot.call('gate/arm').success, 'armed')
    robot.until(lambda: robot.commands, 'commands', each=send)
    robot.call('gate/disarm')
    number, robot.reports[:] = len(robot.commands), []
    robot.until(lambda: len(robot.reports) > 5, 'rejections', each=send)
    assert len(robot.commands) == number


class Unstamped(Robot):
    """A driver that leaves header.stamp zero."""

    def publish_state(self):
        if self.sends_states:
            self._state.publish(JointState(name=CONTRACT.joint_names,
                                           position=self.position.tolist()))


def test_a_driver_without_stamps_counts_by_arrival_where_the_contract_says_so(tmp_path):
    path = patient(tmp_path)
    data = yaml.safe_load(path.read_text())
    data['state']['stamp'] = 'arrival'
    path.write_text(yaml.safe_dump(data))
    with running('command_gate', DOMAIN, tmp_path / 'gate.txt',
                 parameters={'robot': path}), Unstamped(DOMAIN) as robot:
        robot.until(lambda: robot.call('gate/arm').success, 'armed')
        robot.sends_states = False
        robot.until(lambda: last_reports(robot, CommandReport.HELD, 'joint_states'),
                    'held: silence is seen by arrival, too')


@pytest.mark.parametrize('mode', [ControlMode.HOLD, ControlMode.PAUSED, ControlMode.AUTONOMOUS])
def test_arming_names_what_holds_the_arm(gate, robot, mode):
    """A latched mode of the arbiter, as a gate that starts later hears it, too."""
    modes = robot.node.create_publisher(ControlMode, 'control/mode', shell.CHANGES)
    modes.publish(ControlMode(mode=mode, reason='joint states silent for 330 ms'))
    robot.until(lambda: modes.get_subscription_count() > 1, 'the gate and the eyes')

    def armed():
        robot.call('gate/disarm')
        answer = robot.call('gate/arm').message
        return answer if answer.startswith('armed') and (
            mode == ControlMode.AUTONOMOUS or answer != 'armed') else None
    name = {ControlMode.HOLD: 'HOLD', ControlMode.PAUSED: 'PAUSED'}.get(mode)
    assert robot.until(armed, 'an armed gate') == 'armed' + (
        f'; nothing moves before dagger/resume: {name}, joint states silent for 330 ms'
        if name else '')
    assert last_reports(robot, CommandReport.REJECTED, 'disarmed'), 'each disarming is reported'


def test_passes_clamps_rejects_and_reports(gate, robot):
    send = feed(robot)
    arm(robot)
    robot.until(lambda: robot.commands, 'a command', each=send)
    publisher = robot.publisher(Command, 'control/command')
    far = START + np.array([1.0, 0, 0, 0, 0, 0, 0])
    robot.until(lambda: last_reports(robot, CommandReport.CLAMPED, 'velocity'), 'clamped',
                each=robot.sender(publisher, lambda: robot.fill(Command(), far, source=HUMAN)))
    report = last_reports(robot, CommandReport.CLAMPED, 'velocity')[0]
    assert list(report.asked.positions) == far.tolist()
    step = report.sent[0] - START[0]
    assert 0 < step <= CONTRACT.acceleration[0] * (CONTRACT.period_ns * 1e-9)**2 + 1e-9
    assert np.isfinite(np.array(robot.commands)).all()


def test_nan_commands_never_pass_and_three_in_a_row_hold(gate, robot):
    send = feed(robot)
    arm(robot)
    robot.until(lambda: robot.commands, 'a command', each=send)
    publisher = robot.publisher(Command, 'control/command')
    bad = START.copy()
    bad[3] = np.nan
    robot.until(lambda: last_reports(robot, CommandReport.HELD, 'nonfinite'), 'hold',
                each=robot.sender(publisher, lambda: robot.fill(Command(), bad, source=HUMAN)))
    assert len(last_reports(robot, CommandReport.REJECTED, 'nonfinite')) == 3
    assert np.isfinite(np.array(robot.commands)).all()


def test_a_silent_sender_and_silent_states_are_held_until_armed_again(gate, robot):
    send = feed(robot)
    arm(robot)
    robot.until(lambda: robot.commands, 'a command', each=send)
    robot.until(lambda: last_reports(robot, CommandReport.HELD, 'watchdog'), 'watchdog hold')
    held = last_reports(robot, CommandReport.HELD, 'watchdog')[0]
    np.testing.assert_allclose(held.sent, START, atol=1e-12)
    assert held.asked.joint_names == []
    robot.until(lambda: last_reports(robot, CommandReport.REJECTED, 'latched'), 'latched',
                each=send)
    arm(robot)
    number = len(last_reports(robot, CommandReport.PASSED, ''))
    robot.until(lambda: len(last_reports(robot, CommandReport.PASSED, '')) > number, 'passed',
                each=send)
    robot.sends_states = False
    robot.until(lambda: last_reports(robot, CommandReport.HELD, 'joint_states'), 'hold', each=send)
    answer = robot.call('gate/arm')
    assert not answer.success
    assert answer.message.startswith('arming refused: joint_states is silent for ')


def test_a_foreign_publisher_is_named_and_stops_the_gate(gate, robot):
    diagnostics = []
    robot.node.create_subscription(DiagnosticArray, '/diagnostics',
                                   lambda m: diagnostics.append(m.status[0]), 10)
    send = feed(robot)
    arm(robot)
    robot.until(lambda: robot.commands, 'a command', each=send)
    rogue = robot.node.create_publisher(JointTrajectory, CONTRACT.command.topic, 1)
    robot.until(lambda: last_reports(robot, CommandReport.HELD, 'foreign publisher'), 'hold',
                each=send)
    text = ('/test_robot publishes to the robot beside the gate; stop it '
            '(a killed process is forgotten after 20 s)')
    answer = robot.call('gate/arm')
    assert (answer.success, answer.message) == (False, f'arming refused: {text}')
    robot.until(lambda: diagnostics and diagnostics[-1].level == b'\x02', 'diagnostic', each=send)
    assert diagnostics[-1].name == '/command_gate'
    assert diagnostics[-1].message == f'holding: {text}; call gate/arm'
    robot.node.destroy_publisher(rogue)
    robot.until(lambda: robot.call('gate/arm').success, 'armed again')


def test_bad_joint_states_are_named_and_do_not_count(gate, robot):
    robot.sends_states = False
    publisher = robot.publisher(JointState, CONTRACT.state.topic)
    message = JointState(name=CONTRACT.joint_names[1:], position=[0.0] * 6)
    send = robot.sender(publisher, lambda: message)
    text = ("arming refused: joint_states: no message names joint 'shoulder_pan'; came: "
            'shoulder_lift, elbow, wrist_1, wrist_2, wrist_3, gripper')
    robot.until(lambda: robot.call('gate/arm').message == text, 'refusal', each=send)
    message.name = [*CONTRACT.joint_names[1:], 'gripper']
    message.position.append(0.0)
    robot.until(lambda: "joint_states: joint 'gripper' stands twice" in gate.output, 'error text',
                each=send)


def test_joint_states_in_parts_arm_and_a_silent_part_holds_by_name(gate, robot):
    robot.sends_states = False
    publisher = robot.publisher(JointState, CONTRACT.state.topic)
    parts = [slice(0, 6), slice(6, 7)]

    def send():
        for part in parts:
            message = JointState(name=[*CONTRACT.joint_names[part], 'wheel', 'wheel'],
                                 position=[*START[part].tolist(), 0.0, 0.0])
            message.header.stamp = robot.node.get_clock().now().to_msg()
            publisher.publish(message)

    robot.node.create_timer(0.02, send)
    robot.until(lambda: robot.call('gate/arm').success, 'armed')
    del parts[1]
    robot.until(lambda: last_reports(robot, CommandReport.HELD, 'joint_states'), 'hold')
    assert "joint 'gripper' of joint_states is silent for" in gate.output


def test_a_gripper_with_its_own_topic_gets_its_share(robot, tmp_path):
    gripper = {'joint': 'gripper', 'open': 0.04, 'closed': 0.0, 'command': {
        'topic': 'gripper/commands', 'type': 'std_msgs/Float64MultiArray'}}
    path = tmp_path / 'apart.yaml'
    path.write_text(yaml.safe_dump(yaml.safe_load(CONTRACT.to_text()) | {
        'gripper': gripper, 'command': {'topic': 'arm', 'type': 'trajectory_msgs/JointTrajectory'}
    }))
    arms, grippers = [], []
    robot.node.create_subscription(JointTrajectory, 'arm', arms.append, 10)
    robot.node.create_subscription(
        Float64MultiArray, 'gripper/commands', lambda m: grippers.append(list(m.data)), 10)
    with running('command_gate', DOMAIN, tmp_path / 'gate.txt',
                 parameters={'robot': path, 'armed': True}):
        robot.until(lambda: arms and grippers, 'commands', each=feed(robot))
    assert list(arms[0].joint_names) == CONTRACT.joint_names[:6]
    assert list(arms[0].points[0].positions) == START[:6].tolist()
    assert grippers[0] == [START[6]]


def test_a_wrong_parameter_is_one_line_and_code_2(tmp_path):
    with running('command_gate', DOMAIN, tmp_path / 'log.txt',
                 parameters={'robot': 'sim_amr'}) as node:
        assert node.process.wait(20) == 2
        assert "no config/robots/sim_amr.yaml; did you mean 'sim_arm'?" in node.output
        assert 'Traceback' not in node.output


def test_commands_that_are_only_read_from_bags_are_refused(tmp_path):
    data = yaml.safe_load(CONTRACT.to_text())
    data['command'] = {'topic': 'arm', 'type': 'interbotix_xs_msgs/JointGroupCommand'}
    path = tmp_path / 'aloha.yaml'
    path.write_text(yaml.safe_dump(data))
    with running('command_gate', DOMAIN, tmp_path / 'log.txt',
                 parameters={'robot': path}) as node:
        assert node.process.wait(20) == 2
        assert ('command arm: interbotix_xs_msgs/JointGroupCommand is read from bags and sent to '
                'no robot; name a topic of one of trajectory_msgs/JointTrajectory, ') in (
                    node.output)
        assert 'Traceback' not in node.output


def test_a_faster_robot_gets_commands_between_the_setpoints(robot, tmp_path):
    path = patient(tmp_path)
    data = yaml.safe_load(path.read_text())
    data |= {'command_hz': 125.0,
             'command': {'topic': 'stream/commands', 'type': 'std_msgs/Float64MultiArray'}}
    path.write_text(yaml.safe_dump(data))
    got = []
    robot.node.create_subscription(Float64MultiArray, 'stream/commands',
                                   lambda m: got.append(np.array(m.data)), 10)
    with running('command_gate', DOMAIN, tmp_path / 'stream.txt',
                 parameters={'robot': path, 'watchdog_s': 0.5}):
        robot.until(lambda: robot.call('gate/arm').success, 'armed')
        robot.until(lambda: len(got) > 3, 'the place where it stands, before any command')
        np.testing.assert_allclose(got, np.tile(START, (len(got), 1)))
        goal = START + np.array([0.2, 0, 0, 0, 0, 0, 0])
        publisher = robot.publisher(Command, 'control/command')
        send = robot.sender(publisher, lambda: robot.fill(Command(), goal, source=HUMAN))
        robot.until(lambda: np.abs(got[-1] - goal).max() < 1e-9, 'the goal', each=send)
        sent = {tuple(report.sent) for report in robot.reports if report.sent}
        between = {tuple(row) for row in got} - sent
        assert len(between) > len(sent)
        # Setpoints that come late on a busy machine let it overshoot by its braking distance.
        braking = CONTRACT.velocity**2 / (2 * CONTRACT.acceleration)
        rows = np.array(got)
        assert (rows >= START - 1e-9).all() and (rows <= goal + braking).all()
        assert (np.abs(np.diff(rows, axis=0)) <= CONTRACT.velocity / 125.0 + 1e-9).all()
        assert robot.call('gate/disarm').success
        number = len(got)
        robot.reports.clear()
        robot.until(lambda: len(robot.reports) > 10, 'rejections', each=send)
        assert len(got) <= number + 2, 'what was on its way'


def test_timed_trajectories_lie_on_a_grid_however_late_they_are_sent(robot, tmp_path):
    path = patient(tmp_path)
    data = yaml.safe_load(path.read_text())
    data |= {'command_hz': 125.0,
             'command': data['command'] | {'topic': 'timed/trajectory', 'timed': True}}
    path.write_text(yaml.safe_dump(data))
    sent = []
    robot.node.create_subscription(JointTrajectory, 'timed/trajectory', sent.append, 10)
    with running('command_gate', DOMAIN, tmp_path / 'timed.txt',
                 parameters={'robot': path, 'armed': True, 'watchdog_s': 0.5}):
        robot.until(lambda: len(sent) > 60, 'commands', each=feed(robot))
    assert {len(trajectory.points) for trajectory in sent} == {3}
    stamps = np.array([shell.stamp_ns(trajectory.header.stamp) for trajectory in sent])
    off = (stamps - stamps[0] + 4_000_000) % 8_000_000 - 4_000_000
    assert np.median(np.abs(off - np.median(off))) < 100_000
