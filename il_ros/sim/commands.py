"""Commands of standard ROS 2 controllers onto the simulation; messages are duck-typed."""
from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

from il_ros.contract import CommandInterface
from il_ros.controller import Times
from il_ros.errors import MessageError
from il_ros.joints import indices
from il_ros.timing import SECOND
from il_ros.types import Floats
import numpy as np


def trajectory(joints: Sequence[str], message: Any) -> tuple[Floats, Times]:
    """Return the points of a trajectory_msgs/JointTrajectory and when they are due.

    Returns:
        Positions in the order of the joints, shape (K, n), and time from the start [ns], (K,).

    Raises:
        MessageError: A joint is missing, unknown or named twice, a point has too few positions or
            one that is not finite, or the times do not increase. joint_trajectory_controller
            refuses the same (without partial goals).
    """
    order = indices(message.joint_names, joints)
    if not message.points:
        raise MessageError('JointTrajectory: expected at least one point, got none')
    for i, point in enumerate(message.points):
        if len(point.positions) != len(order):
            raise MessageError(f'JointTrajectory: point {i}: expected {len(order)} positions, '
                               f'got {len(point.positions)}')
    positions = np.array([point.positions for point in message.points], dtype=np.float64)
    due = np.array([point.time_from_start.sec * SECOND + point.time_from_start.nanosec
                    for point in message.points], dtype=np.int64)
    if (np.diff(due) <= 0).any() or due[0] < 0:
        raise MessageError('JointTrajectory: expected times from start that increase from 0 on, '
                           f'got {(due / SECOND).tolist()} s')
    return _finite(joints, positions[:, order], 'JointTrajectory'), due


def setpoint(joints: Sequence[str], message: Any) -> Floats:
    """Return the positions, or velocities, of a std_msgs/Float64MultiArray. Shape (1, n).

    Raises:
        MessageError: It has another length or a value that is not finite.
    """
    expected = len(joints)
    if len(message.data) != expected:
        raise MessageError(f'Float64MultiArray: expected {expected} numbers in the order '
                           f'{", ".join(joints)}, got {len(message.data)}')
    return _finite(joints, np.array([message.data], dtype=np.float64), 'Float64MultiArray')


def named(joints: Sequence[str], message: Any) -> Floats:
    """Return the positions of a sensor_msgs/JointState that is a command. Shape (1, n).

    Raises:
        MessageError: A joint is missing, unknown or named twice, or a value is not finite.
    """
    order = indices(message.name, joints)
    if len(message.position) != len(order):
        raise MessageError(f'JointState: expected {len(order)} positions, '
                           f'got {len(message.position)}')
    return _finite(joints, np.array([message.position], dtype=np.float64)[:, order], 'JointState')


def twist(interface: CommandInterface, message: Any) -> Floats:
    """Return the velocities of a geometry_msgs/Twist or TwistStamped. Shape (1, n).

    Raises:
        MessageError: A value is not finite.
    """
    found = getattr(message, 'twist', message)
    values = [reduce(getattr, field.split('.'), found) for field in interface.fields or ()]
    return _finite(interface.joints or (), np.array([values], dtype=np.float64), 'Twist')


def _finite(joints: Sequence[str], positions: Floats, what: str) -> Floats:
    bad = np.argwhere(~np.isfinite(positions))
    if len(bad):
        row, column = bad[0]
        raise MessageError(f'{what}: expected finite positions, got {positions[row, column]} for '
                           f'{joints[column]}')
    return positions
