"""What one message on the robot's own command topics tells its joints."""
from __future__ import annotations

from collections.abc import Sequence, Sized
from functools import reduce
from typing import Any, NamedTuple

from il_ros.alignment.decode import message_stamp_ns
from il_ros.contract import CommandInterface
from il_ros.controller import Times
from il_ros.errors import MessageError
from il_ros.joints import missing_text, once
from il_ros.timing import SECOND
from il_ros.types import Floats
import numpy as np

AT_ONCE: Times = np.zeros(0, dtype=np.int64)


class Told(NamedTuple):
    """One command.

    Attributes:
        joints: Of the contract, that it moves.
        positions: [rad] or [m]; of a base its velocities. Shape (K, len(joints)).
        due_ns: When each row is due, after the start; empty: at once [ns]. Shape (K,).
        start_ns: By the sender's clock; 0: on arrival.
    """

    joints: list[str]
    positions: Floats
    due_ns: Times
    start_ns: int = 0


def named_joints(message: Any) -> list[str]:
    """Return the joints that a command names; none where it counts them."""
    if hasattr(message, 'cmd'):     # of the X-Series: the name of a joint, or of a group
        return [] if isinstance(message.cmd, Sized) else [str(message.name)]
    return list(getattr(message, 'joint_names', getattr(message, 'name', ())))


def read_command(message: Any, interface: CommandInterface) -> Told:
    """Return what a command tells the joints of its interface.

    Joints that the contract does not name are left out, where all that it does name are there; a
    trajectory or JointState of some joints moves only these. What the driver calls otherwise gets
    the contract's name.

    Raises:
        MessageError: A joint is named otherwise or twice, has no or no finite value, the times do
            not increase, or the type says nothing of joints.
    """
    if interface.by_velocity:
        raise MessageError(f'{interface.name}: a velocity does not say where a joint was told to '
                           'be; let command_gate drive the robot and record its reports')
    told = _read(message, interface)
    ours = dict(zip(interface.told, interface.joints or (), strict=True))
    return told._replace(joints=[ours[name] for name in told.joints])


def _read(message: Any, interface: CommandInterface) -> Told:
    """Return what a command tells the joints by the driver's names."""
    topic, expected = interface.name, list(interface.told)
    if interface.fields:
        return Told(expected, _twist(message, interface), AT_ONCE)
    if hasattr(message, 'points'):
        return _trajectory(message, topic, expected)
    if hasattr(message, 'cmd') and named_joints(message):
        name, = _places(named_joints(message), topic, expected)
        return Told([name], _finite([[message.cmd]], [name], topic), AT_ONCE)
    if hasattr(message, 'name') and not hasattr(message, 'cmd'):
        place = _places(named_joints(message), topic, expected)
        _require_length(message.position, named_joints(message), topic)
        return Told(list(place), _finite([[message.position[i] for i in place.values()]],
                                         list(place), topic), AT_ONCE)
    numbers = getattr(message, 'data', getattr(message, 'cmd', None))
    if numbers is None:
        raise MessageError(f'{topic}: a {interface.type} says where the tip goes, not the joints; '
                           'record control/report, which il_ros does, or a topic of joints')
    if len(numbers) != len(expected):
        group = f' of the group {message.name!r}' if hasattr(message, 'cmd') else ''
        raise MessageError(f'{topic}: expected {len(expected)} positions '
                           f'({", ".join(expected)}), got {len(numbers)}{group}')
    return Told(expected, _finite([numbers], expected, topic), AT_ONCE)


def _trajectory(message: Any, topic: str, expected: Sequence[str]) -> Told:
    names = named_joints(message)
    if not message.points:
        raise MessageError(f'{topic}: expected at least one point, got none')
    place = _places(names, topic, expected)
    for point in message.points:
        _require_length(point.positions, names, topic)
    due = np.array([p.time_from_start.sec * SECOND + p.time_from_start.nanosec
                    for p in message.points], dtype=np.int64)
    if (np.diff(due) <= 0).any() or due[0] < 0:
        raise MessageError(f'{topic}: expected times from start that increase from 0 on, got '
                           f'{(due / SECOND).tolist()} s')
    rows = [[point.positions[i] for i in place.values()] for point in message.points]
    return Told(list(place), _finite(rows, list(place), topic), due, message_stamp_ns(message))


def _twist(message: Any, interface: CommandInterface) -> Floats:
    twist = getattr(message, 'twist', message)
    values = [reduce(getattr, field.split('.'), twist) for field in interface.fields or ()]
    return _finite([values], interface.joints or (), interface.name)


def _places(names: Sequence[str], topic: str, expected: Sequence[str]) -> dict[str, int]:
    if not names:
        raise MessageError(f'{topic}: it names no joints; expected {", ".join(expected)}')
    try:
        place = once(names, expected)
    except MessageError as error:
        raise MessageError(f'{topic}: {error}') from None
    others = [name for name in names if name not in place]
    if others and len(place) < len(expected):
        missing = [name for name in expected if name not in place]
        raise MessageError(f'{topic}: misses {missing_text(missing, list(place), others)}')
    return place


def _require_length(values: Sequence[float] | Floats, names: Sequence[str], topic: str) -> None:
    if len(values) != len(names):
        raise MessageError(f'{topic}: expected {len(names)} positions, got {len(values)}')


def _finite(rows: Sequence[Sequence[float] | Floats], names: Sequence[str], topic: str) -> Floats:
    values: Floats = np.array(rows, dtype=np.float64).reshape(len(rows), len(names))
    if len(bad := np.argwhere(~np.isfinite(values))):
        raise MessageError(f'{topic}: position of joint {names[bad[0][1]]!r} is not finite')
    return values
