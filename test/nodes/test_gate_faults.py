"""The gate as a process: what keeps it from arming, and what it does not let through."""
from __future__ import annotations

import time

from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import PoseArray
from il_ros.msg import ActionChunk, Command, CommandReport
from il_ros.nodes import shell
from nodes.harness import next_domain, running
from nodes.robot import CONTRACT, patient, Robot, START
import numpy as np
import pytest
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Image
from trajectory_msgs.msg import JointTrajectory

DOMAIN = next_domain()
COMMANDS = CONTRACT.command.topic
DOWN = START + np.array([0, 1.6, 0, 0, 0, 0, 0])   # the hand lies on the table


@pytest.fixture
def robot():
    with Robot(DOMAIN) as robot:
        yield robot


def gate(folder, **parameters):
    return running('command_gate', DOMAIN, folder / 'gate.txt', parameters={
        'robot': patient(folder), 'watchdog_s': 1.0, **parameters})


def feed(robot, positions=None, **fields):
    """Return a function that sends the measured position, or another, 30 times a second."""
    publisher = robot.publisher(Command, 'control/command')
    return robot.sender(publisher, lambda: robot.fill(
        Command(), robot.position if positions is None else positions, **fields))


def reports(robot, verdict, rule):
    return [r for r in robot.reports if (r.verdict, r.rule) == (verdict, rule)]


def armed(robot, send):
    """Arm and feed the gate until a command has passed."""
    arm = robot.caller('gate/arm')
    robot.until(lambda: reports(robot, CommandReport.PASSED, ''), 'a command',
                each=lambda: (arm(), send()))


def listen_no_more(robot):
    own = next(s for s in robot.node.subscriptions if s.topic_name == f'/{COMMANDS}')
    robot.node.destroy_subscription(own)


def test_arming_names_absent_streams_and_a_robot_that_does_not_listen(robot, tmp_path):
    with gate(tmp_path, required='all'):
        robot.until(lambda: robot.call('gate/arm').message == (
            'arming refused: sim/poses: nobody publishes it; start its driver, or correct the '
            'topic in the contract'), 'the absent stream')
        for kind, topic in ((PoseArray, 'sim/poses'), (Image, 'scene_camera/image_raw'),
                            (Image, 'wrist_camera/image_raw')):
            robot.node.create_publisher(kind, topic, 1)
        robot.until(lambda: robot.call('gate/arm').success, 'armed')
        robot.call('gate/disarm')
        listen_no_more(robot)
        robot.until(lambda: robot.call('gate/arm').message == (
            f'arming refused: {COMMANDS}: nobody listens to commands; start the controller, or '
            'correct the topic in the contract'), 'the missing controller')


def test_arming_names_topic_and_policy_of_a_mismatch(robot, tmp_path):
    listen_no_more(robot)
    robot.node.create_subscription(
        JointTrajectory, COMMANDS, robot.commands.append,
        QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL))
    with gate(tmp_path):
        message = robot.until(
            lambda: (text := robot.call('gate/arm').message).count('QoS of test_robot') and text,
            'a mismatch')   # whose it is comes after that there is one
    assert message.startswith(f'arming refused: {COMMANDS}: QoS of test_robot: ')
    assert 'transient local subscription' in message.lower()


def test_a_chunk_that_leads_into_the_table_stops_the_policy(robot, tmp_path):
    counted = []
    robot.node.create_subscription(
        DiagnosticArray, '/diagnostics',
        lambda m: counted.extend(value.key for value in m.status[0].values), 10)
    rows = START + np.linspace(0, 1, 30)[:, None] * (DOWN - START)
    with gate(tmp_path):
        send = feed(robot, source=Command.POLICY, epoch=3)
        armed(robot, send)
        chunks = robot.publisher(ActionChunk, 'policy/chunk')
        tell = robot.sender(chunks, lambda: robot.fill(
            ActionChunk(), rows, epoch=3, dt=CONTRACT.period_ns * 1e-9, horizon=30))
        robot.until(lambda: reports(robot, CommandReport.REJECTED, 'collision'), 'rejected',
                    each=lambda: (tell(), send()))
        robot.until(lambda: 'REJECTED collision' in counted, 'diagnostics', each=send)


def test_a_person_is_stopped_above_the_table(robot, tmp_path):
    with gate(tmp_path):
        armed(robot, feed(robot, source=Command.HUMAN))
        lower = feed(robot, DOWN, source=Command.HUMAN)

        def down():
            if robot.reports[-1].verdict == CommandReport.HELD:
                arm()   # the gate of a starved machine has stopped
            lower()

        arm = robot.caller('gate/arm')

        robot.until(lambda: len(reports(robot, CommandReport.CLAMPED, 'collision')) > 5,
                    'the table', each=down)
    assert START[1] < robot.commands[-1][1] < DOWN[1] - 0.1


@pytest.mark.parametrize('jump_s, text', [
    (-100, 'ROS time went back by'), (100, 'ROS time jumped ahead by'),
    (0, 'ROS time stands still for')], ids=['back', 'ahead', 'stands'])
def test_a_clock_that_jumps_or_stands_is_held(robot, tmp_path, jump_s, text):
    clock = robot.node.create_publisher(Clock, '/clock', shell.STREAM)
    robot.node.set_parameters([Parameter('use_sim_time', value=True)])
    ros_ns, broken = [10**13], list[float]()

    def tell(step_ns):
        ros_ns[0] += step_ns
        clock.publish(Clock(clock=shell.to_stamp(ros_ns[0])))

    def turn():
        if broken and time.monotonic() - broken[0] < 1.0:   # to say why; arming would clear it
            if jump_s:
                tell(5 * 10**6)
        elif not robot.reports or robot.reports[-1].verdict != CommandReport.PASSED:
            broken.clear()   # it does not drive yet, or a starved machine has stopped it before
            arm()
            tell(5 * 10**6)
        else:
            broken[:] = [time.monotonic()]
            tell(jump_s * 10**9)
        robot.publish_state()
        send()

    with gate(tmp_path, use_sim_time=True) as process:
        send = feed(robot)
        arm = robot.caller('gate/arm')
        robot.until(lambda: text in process.output, 'the reason in the log', each=turn)
        robot.until(lambda: reports(robot, CommandReport.HELD, 'clock'), 'hold', each=turn)
