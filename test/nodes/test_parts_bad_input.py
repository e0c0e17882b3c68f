"""What drivers of parts may say that is wrong: all is held, one line names who and what to do."""
from __future__ import annotations

import re

from il_ros.msg import CommandReport
from nodes.harness import next_domain, running
import numpy as np
import pytest
from rclpy.node import Node
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray

pair = pytest.importorskip('nodes.pair', reason='no control_msgs')
CONTRACT, START = pair.CONTRACT, pair.START
DOMAIN = next_domain()
DRIVE = START + [0, 0, 0, 0, 0, 0, 0.3, -0.2]


@pytest.fixture(scope='module')
def robot(tmp_path_factory):
    folder = tmp_path_factory.mktemp('bad')
    with pair.Pair(DOMAIN) as robot, running(
            'command_gate', DOMAIN, folder / 'gate.txt',
            parameters={'robot': pair.patient(folder), 'watchdog_s': 0.5}) as robot.gate:
        yield robot


@pytest.fixture
def driven(robot):
    """The robot, armed and driven; both arms, grippers and base hear commands.

    To end a lie is a leap, too, and may come after the gate was armed: then it is armed again.
    """
    robot.silent.clear()
    robot.lies.clear()
    robot.send = robot.sender(lambda: DRIVE)
    robot.twists.clear()
    arm = robot.caller('gate/arm')

    def drive():
        robot.send()
        if not robot.reports or robot.reports[-1].verdict == CommandReport.HELD or (
                robot.reports[-1].rule in ('disarmed', 'latched')):
            arm()
    robot.until(lambda: robot.twists and robot.twists[-1][0] > 0.29, 'it drives', each=drive)
    robot.reports.clear()
    return robot


def stands(robot, rule):
    """Wait for the fault; from then on nothing moves. Return why arming is refused."""
    robot.until(lambda: any((r.verdict, r.rule) == (CommandReport.HELD, rule)
                            for r in robot.reports), f'held: {rule}', each=robot.send)
    robot.until(lambda: robot.twists[-1][:2] == (0.0, 0.0), 'the base stands', each=robot.send)
    robot.left.clear(), robot.right.clear(), robot.twists.clear()
    robot.until(lambda: len(robot.twists) > 20, 'holds', each=robot.send)
    assert not np.any([twist[:2] for twist in robot.twists])
    for told, columns in ((np.array([m.points[0].positions for m in robot.left]), [0, 1]),
                          (np.array(robot.right), [3, 4])):
        np.testing.assert_allclose(told, np.tile(START[columns], (len(told), 1)), atol=1e-3)
    return robot.call('gate/arm').message


def logged(robot, text):
    return robot.until(lambda: text in robot.gate.output, text, each=robot.send)


def test_zeros_of_a_second_publisher_of_one_arm(driven):
    rogue = Node('rogue', context=driven.context, start_parameter_services=False)
    zeros = rogue.create_publisher(JointState, 'left/joint_states', 10)

    driven.until(zeros.get_subscription_count, 'met')
    both = '/rogue and /test_pair publish left/joint_states: stop all but one'
    send = driven.send

    def both_speak():
        send()
        message = JointState(name=['left_1', 'left_2', 'left_grip'], position=[0.0, 0.0, 0.0])
        message.header.stamp = driven.node.get_clock().now().to_msg()
        zeros.publish(message)
    driven.send = both_speak
    answer = stands(driven, 'leap')
    rogue.destroy_node()
    assert re.fullmatch(   # the newest is of either
        "arming refused: left/joint_states: joint 'left_2' leaps from "
        r'(0.200 to 0.000|0.000 to 0.200) within \d+ ms, which no motion explains; '
        rf'{both}', answer)


def test_somebody_else_who_publishes_to_one_arm(driven):
    rogue = Node('rogue', context=driven.context, start_parameter_services=False)
    rogue.create_publisher(Float64MultiArray, 'right_forward/commands', 10)
    assert stands(driven, 'foreign publisher') == (
        'arming refused: /rogue publishes to the robot beside the gate; stop it (a killed process '
        'is forgotten after 20 s)')
    rogue.destroy_node()


def test_odometry_that_jumps(driven):
    driven.lies['odom'] = 3.0
    answer = stands(driven, 'leap')
    assert answer.startswith('arming refused: odom: the pose leaps by 3.00 m within ')
    assert answer.endswith(' ms, with at most 0.5 m/s of the base; check /test_pair')


def test_one_arm_that_is_no_number(driven):
    driven.lies['right/joint_states'] = float('nan')
    answer = stands(driven, 'right/joint_states')
    assert answer.startswith('arming refused: right/joint_states is silent for ')
    assert ("right/joint_states: position of joint 'right_1' is not finite; check the driver"
            in driven.gate.output)


def test_a_gripper_that_rejects_arms_again_once_it_works(driven):
    left = driven.grippers[0]
    left.accepts = False
    closed = DRIVE.copy()
    closed[2] = 0.0
    driven.send = driven.sender(lambda: closed)
    line = ('left_grip_ctl/gripper_cmd: the action server rejects goals; look at the log of the '
            "gripper's driver, then call gate/arm")
    assert stands(driven, 'gripper') == f'arming refused: {line}'
    left.accepts = True
    driven.until(lambda: driven.call('gate/arm').success, 'armed without being disarmed')


def test_a_gripper_that_gives_a_goal_up_may_hold_something_and_is_told_of(driven):
    driven.grippers[0].gives_up = True
    closed = DRIVE.copy()
    closed[2] = 0.01
    driven.send = driven.sender(lambda: closed)
    logged(driven, 'left_grip_ctl/gripper_cmd: the action server gave a goal up; where the '
                   "gripper holds nothing, look at its driver's log")
    driven.grippers[0].gives_up = False
    driven.until(lambda: len(driven.reports) > 30, 'further commands', each=driven.send)
    assert not [r for r in driven.reports
                if (r.verdict, r.rule) == (CommandReport.HELD, 'gripper')]


def test_a_gripper_that_takes_no_answer_is_asked_again_and_arms_once_it_is_back(driven):
    driven.executor.remove_node(driven.hand)
    closed = DRIVE.copy()
    closed[2] = 0.01
    driven.send = driven.sender(lambda: closed)
    logged(driven, 'left_grip_ctl/gripper_cmd: the action server answers no goal; restart it')
    driven.executor.add_node(driven.hand)
    driven.until(lambda: driven.call('gate/arm').success, 'armed again')


def test_a_command_for_an_unknown_joint_is_refused_with_the_nearest_name(driven):
    names = list(CONTRACT.joint_names)
    names[1] = 'left_22'
    good, bad = driven.send, driven.sender(lambda: DRIVE, names=names)

    def both():   # else the watchdog holds before the next line of the log is due
        good()
        bad()
    driven.send = both
    logged(driven, "REJECTED joints: joint_names: missing joint 'left_2'; expected left_1, ")
    logged(driven, "; got 'left_22': did you mean 'left_2'?")
