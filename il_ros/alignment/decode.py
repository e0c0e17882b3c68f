"""What one message says, as an array; `reader` knows which message is of which stream."""
from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, reduce
import math
from typing import Any

from il_ros.contract import Contract, State
from il_ros.errors import MessageError
from il_ros.joints import indices, once
from il_ros.timing import SECOND
from il_ros.types import Floats
import numpy as np


def message_stamp_ns(message: Any) -> int:
    """Return the stamp of a message with a header, or with a timestamp as Foxglove's [ns]."""
    stamp = message.header.stamp if hasattr(message, 'header') else message.timestamp
    return int(stamp.sec) * SECOND + int(stamp.nanosec)


def joint_positions(contract: Contract, topic: str, message: Any) -> Floats:
    """Return what a message of a state topic says, NaN where it is silent of a joint.

    Arm and gripper may publish their joints apart. Joints that the contract does not name, or
    expects on another topic, are left out, whatever is said of them. Shape (J,).

    Raises:
        MessageError: A joint of the contract stands twice, has no position or none that is finite.
    """
    found = np.full(len(contract.joints), np.nan)
    states = contract.state_topics[topic]
    if states[0].fields is not None:
        return _fields(contract, states, message, found)
    told = {name: joint for state in states
            for name, joint in zip(state.told, state.joints, strict=True)}
    names, places = _places(tuple(told), tuple(message.name), topic)
    if names:
        _require_values(message.name, message.position, topic)
        rows = contract.indices([told[name] for name in names])
        found[rows] = np.asarray(message.position, dtype=np.float64)[places]
        _require_finite(contract, found, rows, topic)
    return found


def _fields(contract: Contract, states: Sequence[State], message: Any, found: Floats) -> Floats:
    for state in states:
        rows = contract.indices(state.joints)
        for row, field in zip(rows, state.fields or (), strict=True):
            try:
                found[row] = float(reduce(getattr, field.split('.'), message))
            except (AttributeError, TypeError):
                raise MessageError(f'{state.topic}: {state.type} has no number {field!r}; correct '
                                   'fields in the contract') from None
        _require_finite(contract, found, rows, state.topic)
    return found


def reorder(contract: Contract, names: Sequence[str], values: Sequence[float] | Floats,
            where: str) -> Floats:
    """Return values by joint name in contract order. Shape (J,).

    Raises:
        MessageError: A joint is missing or stands twice, or a value is not finite.
    """
    order = _order(tuple(contract.joint_names), tuple(names), where)
    _require_values(names, values, where)
    found = np.asarray(values, dtype=np.float64)[order]
    _require_finite(contract, found, range(len(found)), where)
    return found


def poses(contract: Contract, message: Any) -> Floats:
    """Return a PoseArray as one vector. Shape (7 * P,).

    Raises:
        MessageError: The number of poses differs from the contract, or a value is not finite.
    """
    assert contract.poses is not None
    topic, names = contract.poses.topic, contract.poses.names
    if len(message.poses) != len(names):
        raise MessageError(f'{topic}: expected {len(names)} poses ({", ".join(names)}), '
                           f'got {len(message.poses)}')
    found = np.array([(p.position.x, p.position.y, p.position.z, p.orientation.x, p.orientation.y,
                       p.orientation.z, p.orientation.w) for p in message.poses])
    if not np.isfinite(found).all():
        pose = names[int(np.flatnonzero(~np.isfinite(found).all(axis=1))[0])]
        raise MessageError(f'{topic}: pose {pose!r} is not finite')
    return found.reshape(-1)


def _require_values(names: Sequence[str], values: Sequence[float] | Floats, where: str) -> None:
    if len(values) != len(names):
        raise MessageError(f'{where}: {len(names)} joint names but {len(values)} positions')


def _require_finite(contract: Contract, values: Floats, rows: Sequence[int], where: str) -> None:
    if odd := [row for row in rows if not math.isfinite(values[row])]:
        raise MessageError(f'{where}: position of joint {contract.joint_names[odd[0]]!r} is not '
                           'finite; check the driver')


@lru_cache
def _places(joints: tuple[str, ...], names: tuple[str, ...],
            where: str) -> tuple[list[str], list[int]]:
    """Return which of the joints are among the names, and where."""
    try:
        place = once(names, joints)
    except MessageError as error:
        raise MessageError(f'{where}: {error}') from None
    return [joint for joint in joints if joint in place], [
        place[joint] for joint in joints if joint in place]


@lru_cache
def _order(joints: tuple[str, ...], names: tuple[str, ...], where: str) -> list[int]:
    try:
        return indices(names, joints, extra=True)
    except MessageError as error:
        raise MessageError(f'{where}: {error}') from None
