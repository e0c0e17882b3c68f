"""What one message says of how fast an arm is to go."""
from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any, NamedTuple

from il_ros.contract.integrated import Integrated, JOG, JOY, TWIST_FIELDS
from il_ros.errors import MessageError
from il_ros.types import Floats
import numpy as np


class Speed(NamedTuple):
    """A speed.

    Attributes:
        twist: Of a tip, linear [m/s] and angular [rad/s]. Shape (6,).
        frame: The link along whose axes; '' for the root.
        joints: Of each joint of the command [rad/s] or [m/s]. Shape (n,).
    """

    twist: Floats
    frame: str
    joints: Floats

    @property
    def moves(self) -> bool:
        """Whether it is none of 0."""
        return bool(self.twist.any() or self.joints.any())


def read_speed(message: Any, given: Integrated, joints: Sequence[str]) -> Speed:
    """Return what a message says.

    Args:
        message: Of the topic.
        given: What the contract says of it.
        joints: Of the command.

    Raises:
        MessageError: It is no such message, or a speed is not finite.
    """
    twist, jogged, frame = np.zeros(6), np.zeros(len(joints)), given.frame or ''
    if given.type == JOG:
        jogged = _jog(message, given, joints)
    elif given.type == JOY:
        twist, jogged = _joy(message, given, joints)
    else:
        value = getattr(message, 'twist', message)
        twist = np.array([reduce(getattr, name.split('.'), value) for name in TWIST_FIELDS])
        twist = twist * np.repeat(given.scale or (1.0, 1.0), 3)
        named = message.header.frame_id.removeprefix('/') if hasattr(message, 'header') else ''
        frame = given.frame or named
    if not (np.isfinite(twist).all() and np.isfinite(jogged).all()):
        raise MessageError(f'{given.topic}: expected finite speeds, got '
                           f'{[*twist.tolist(), *jogged.tolist()]}')
    return Speed(twist, frame, jogged)


def _jog(message: Any, given: Integrated, joints: Sequence[str]) -> Floats:
    names, values = list(message.joint_names), list(message.velocities)
    if len(values) != len(names):
        raise MessageError(f'{given.topic}: expected a velocity for each of {len(names)} joints, '
                           f'got {len(values)}; displacements are not integrated')
    found = np.zeros(len(joints))
    for name, value in zip(names, values, strict=True):
        if name not in joints:
            raise MessageError(f'{given.topic}: joint {name!r} is none of its command '
                               f'({", ".join(joints)})')
        found[joints.index(name)] = value * (given.scale or (1.0,))[0]
    return found


def _joy(message: Any, given: Integrated, joints: Sequence[str]) -> tuple[Floats, Floats]:
    axes, buttons = message.axes, message.buttons
    twist, found = np.zeros(6), np.zeros(len(joints))
    if given.button is not None:
        _require('button', given.button, buttons, given.topic)
        if not buttons[given.button]:
            return twist, found
    for each in given.axes or ():
        _require('axis', each.axis, axes, given.topic)
        speed = each.scale * axes[each.axis]
        if each.moves in TWIST_FIELDS:
            twist[TWIST_FIELDS.index(each.moves)] = speed
        else:
            found[joints.index(each.moves)] = speed
    return twist, found


def _require(what: str, index: int, values: Sequence[float], topic: str) -> None:
    if index >= len(values):
        raise MessageError(f'{topic}: no {what} {index}: the message has {len(values)}')
