"""Commands of standard controllers: reordered by name, refused with the reason."""
from types import SimpleNamespace as Message

from il_ros.contract import Contract
from il_ros.errors import MessageError
from il_ros.sim.commands import setpoint, trajectory
import numpy as np
import pytest

CONTRACT = Contract.load('sim_arm')
NAMES = CONTRACT.joint_names
ALL = ', '.join(NAMES)


def message(names=NAMES, rows=((1, 2, 3, 4, 5, 6, 7),), times=((0, 33_000_000),)):
    points = [Message(positions=list(map(float, row)),
                      time_from_start=Message(sec=sec, nanosec=nanosec))
              for row, (sec, nanosec) in zip(rows, times, strict=True)]
    return Message(joint_names=list(names), points=points)


def test_points_and_times():
    positions, due = trajectory(CONTRACT.joint_names, message(rows=[range(7), range(1, 8)],
                                                  times=[(0, 0), (1, 5)]))
    np.testing.assert_array_equal(positions, [range(7), range(1, 8)])
    assert due.tolist() == [0, 1_000_000_005]


def test_joints_are_reordered_by_name():
    positions, _ = trajectory(CONTRACT.joint_names, message(NAMES[::-1]))
    np.testing.assert_array_equal(positions, [[7, 6, 5, 4, 3, 2, 1]])


@pytest.mark.parametrize(('given', 'text'), [
    (message(NAMES[:6], [range(6)]), f"missing joint 'gripper'; expected {ALL}"),
    (message([*NAMES, 'seventh'], [range(8)]), f"unknown joint 'seventh'; expected {ALL}"),
    (message([*NAMES[:6], 'elbow']), "joint 'elbow' stands twice; expected each joint once"),
    (message(rows=[], times=[]), 'JointTrajectory: expected at least one point, got none'),
    (message(rows=[range(3)]), 'JointTrajectory: point 0: expected 7 positions, got 3'),
    (message(rows=[[0, 0, float('nan'), 0, 0, 0, 0]]),
     'JointTrajectory: expected finite positions, got nan for elbow'),
    (message(rows=[range(7)] * 2, times=[(0, 5), (0, 5)]),
     'JointTrajectory: expected times from start that increase from 0 on, got [5e-09, 5e-09] s'),
    (message(times=[(-1, 0)]),
     'JointTrajectory: expected times from start that increase from 0 on, got [-1.0] s')])
def test_a_wrong_trajectory_is_refused_with_the_reason(given, text):
    with pytest.raises(MessageError) as error:
        trajectory(CONTRACT.joint_names, given)
    assert str(error.value) == text


def test_setpoint():
    np.testing.assert_array_equal(setpoint(NAMES, Message(data=list(range(7)))), [range(7)])


@pytest.mark.parametrize(('data', 'text'), [
    ([0.0] * 6, f'Float64MultiArray: expected 7 numbers in the order {ALL}, got 6'),
    ([0.0] * 6 + [float('inf')],
     'Float64MultiArray: expected finite positions, got inf for gripper')])
def test_a_wrong_setpoint_is_refused_with_the_reason(data, text):
    with pytest.raises(MessageError) as error:
        setpoint(CONTRACT.joint_names, Message(data=data))
    assert str(error.value) == text
