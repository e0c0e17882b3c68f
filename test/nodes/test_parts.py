"""Two arms, grippers behind actions and a base: each part is told, measured and stopped."""
from __future__ import annotations

import signal

from il_ros.msg import CommandReport
from il_ros.safety.speeds import GAIN
from il_ros.types import ControlSource
from nodes.harness import next_domain, running
import numpy as np
import pytest

pair = pytest.importorskip('nodes.pair', reason='no control_msgs')
CONTRACT, START = pair.CONTRACT, pair.START
DOMAIN = next_domain()
POLICY, HUMAN, HOLD = ControlSource.POLICY, ControlSource.HUMAN, ControlSource.HOLD
CLOSED, DRIVE = START.copy(), START.copy()
CLOSED[2] = 0.0
DRIVE[6:] = [0.3, -0.2]


@pytest.fixture
def robot():
    with pair.Pair(DOMAIN) as robot:
        yield robot


@pytest.fixture
def gate(tmp_path):
    with running('command_gate', DOMAIN, tmp_path / 'gate.txt',
                 parameters={'robot': pair.patient(tmp_path), 'watchdog_s': 0.5}) as process:
        yield process


def armed(robot):
    return robot.until(lambda: robot.call('gate/arm').success, 'armed')


def held(robot, rule):
    return [r for r in robot.reports if (r.verdict, r.rule) == (CommandReport.HELD, rule)]


def test_each_part_gets_its_joints(gate, robot):
    armed(robot)
    row = START + [0.01, 0.02, 0.0, -0.01, -0.02, 0.0, 0.02, 0.01]
    send = robot.sender(lambda: row)
    robot.until(lambda: robot.left and robot.right and robot.twists
                and np.allclose(robot.right[-1], row[3:5]), 'all parts', each=send)
    assert robot.left[-1].joint_names == ['left_1', 'left_2']
    np.testing.assert_allclose(robot.left[-1].points[0].positions, row[:2])
    np.testing.assert_allclose(robot.twists[-1][:2], row[6:])
    robot.until(lambda: all(gripper.goals for gripper in robot.grippers), 'goals', each=send)
    np.testing.assert_allclose([g.goals[-1] for g in robot.grippers], [0.04, 0.04])


def test_a_gripper_gets_few_goals_and_a_take_over_cancels_at_once(gate, robot):
    armed(robot)
    left, source = robot.grippers[0], [POLICY]
    wanted = [START]
    send = robot.sender(lambda: wanted[0], lambda: source[0])
    robot.until(lambda: len(robot.twists) > 30, 'a second of rows', each=send)
    assert left.goals == [0.04], 'one goal for one target, however many rows'
    wanted[0] = CLOSED
    robot.until(lambda: left.goals[-1] < 0.002, 'closed', each=send)
    goals = len(left.goals)
    assert goals <= 4, 'the gate closes it within its limits; at most 5 goals a second'
    source[0] = HUMAN
    robot.until(lambda: left.cancelled and len(left.goals) == goals + 1,
                "cancelled, and the person's own goal", each=send)


def test_a_base_without_a_sender_gets_zero_before_the_watchdog(gate, robot):
    armed(robot)
    send = robot.sender(lambda: DRIVE)
    robot.until(lambda: robot.twists and robot.twists[-1][0] > 0.29, 'it drives', each=send)
    robot.until(lambda: robot.twists[-1][:2] == (0.0, 0.0), 'it stands')
    robot.until(lambda: held(robot, 'base'), 'which the gate reports')
    robot.until(lambda: held(robot, 'watchdog'), 'the arms are held, too')


def test_disarming_stops_a_base(gate, robot):
    armed(robot)
    send = robot.sender(lambda: DRIVE)
    robot.until(lambda: robot.twists and robot.twists[-1][0] > 0.29, 'it drives', each=send)
    robot.call('gate/disarm')
    robot.until(lambda: robot.twists[-1][:2] == (0.0, 0.0), 'a last zero')


def test_one_silent_part_stops_all_and_is_named(gate, robot):
    armed(robot)
    send = robot.sender(lambda: DRIVE)
    robot.until(lambda: robot.twists and robot.twists[-1][0] > 0.29, 'it drives', each=send)
    robot.silent.add('right/joint_states')
    robot.until(lambda: held(robot, 'right/joint_states'), 'held', each=send)
    assert robot.until(lambda: robot.twists[-1][:2] == (0.0, 0.0), 'the base stands')
    answer = robot.call('gate/arm').message
    assert answer.startswith('arming refused: right/joint_states is silent for')


@pytest.mark.parametrize('way', ['rejects', 'hangs'])
def test_a_gripper_that_does_not_take_goals_is_a_fault_and_is_asked_again(gate, robot, way):
    left = robot.grippers[0]
    armed(robot)
    wanted = [START]
    send = robot.sender(lambda: wanted[0])
    robot.until(lambda: left.goals, 'a goal', each=send)
    left.accepts, wanted[0] = way != 'rejects', CLOSED
    if way == 'hangs':
        robot.executor.remove_node(robot.hand)
    robot.until(lambda: held(robot, 'gripper'), 'a fault', each=send)
    line = {'rejects': "the action server rejects goals; look at the log of the gripper's driver, "
                       'then call gate/arm',
            'hangs': 'the action server answers no goal; restart it'}[way]
    robot.until(lambda: f'left_grip_ctl/gripper_cmd: {line}' in gate.output, 'its line')
    left.accepts = True
    robot.executor.add_node(robot.hand)
    number = len(left.goals)
    robot.until(lambda: robot.call('gate/arm').success, 'armed again without disarming')
    robot.until(lambda: len(left.goals) > number, 'the goal again', each=send)


def test_a_gripper_whose_driver_has_gone_is_missed(gate, robot):
    armed(robot)
    robot.grippers[0].end()
    answer = robot.until(lambda: (text := robot.call('gate/arm').message).startswith(
        'arming refused: left_grip_ctl/gripper_cmd: no') and text, 'the server is missed')
    assert answer == ("arming refused: left_grip_ctl/gripper_cmd: no action server; start the "
                      "gripper's driver, or correct the action in the contract")


def test_joints_moved_by_velocity_go_where_the_gate_says_and_stand_when_it_holds(tmp_path, robot):
    with running('command_gate', DOMAIN, tmp_path / 'gate.txt', parameters={
            'robot': pair.patient(tmp_path, interface='velocity'), 'watchdog_s': 0.5}) as gate:
        armed(robot)
        source = [HUMAN]
        row = START + [0.0, 0.0, 0.0, 0.02, -0.01, 0.0, 0.0, 0.0]
        send = robot.sender(lambda: row, lambda: source[0])
        # These drivers follow nothing: at the row's end what is left is the share of the distance.
        robot.until(lambda: robot.right and np.allclose(robot.right[-1], [0.04, -0.02]), 'a share',
                    each=send)
        sent = np.array([r.sent for r in robot.reports if r.sent])[:, 3:5]
        step = np.diff(sent, axis=0, prepend=START[None, 3:5]) / pair.CONTRACT.period_ns * 1e9
        share = GAIN * (np.vstack([START[None, 3:5], sent[:-1]]) - START[3:5])
        np.testing.assert_allclose(robot.right[:len(sent)], (step + share)[:len(robot.right)])
        for what, stop in (('a missed tick', lambda: None), ('a hold', send),
                           ('disarming', lambda: None)):
            source[0] = HUMAN
            robot.until(lambda: robot.call('gate/arm').success, 'armed')
            robot.until(lambda: robot.right[-1][0] > 0, 'it moves', each=send)
            source[0] = HOLD
            if what == 'disarming':
                robot.call('gate/disarm')
            robot.until(lambda: robot.right[-1] == [0.0, 0.0], what, each=stop)
        source[0], row[6] = HUMAN, 0.3
        robot.until(lambda: robot.call('gate/arm').success, 'armed')
        robot.until(lambda: robot.right[-1][0] > 0 and robot.twists[-1][0] > 0.2, 'both move',
                    each=send)
        gate.send(signal.SIGTERM)
        robot.until(lambda: robot.right[-1] == [0.0, 0.0] and robot.twists[-1][0] == 0.0,
                    'a gate that is ended stops both', each=send)
        assert gate.process.wait(20) == 0, gate.output
