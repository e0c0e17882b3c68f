"""What the parts of a contract check of their values."""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from il_ros.config import nearest
from il_ros.errors import ConfigError, ContractMismatchError
from il_ros.names import resolve

TOPIC = 'topic:'   # before the name of a topic, in place of a file's


def one_of(value: str, valid: Sequence[str], what: str) -> None:
    """Check that a value is one of the valid ones; the error names the nearest."""
    if value not in valid:
        raise ConfigError(f'{what} {value!r}: {nearest(value, list(valid))}')


def unique(names: Iterable[str], what: str) -> None:
    """Check that no name stands twice."""
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise ConfigError(f'{what} {twice[0]!r} stands twice')


def check_names(names: Sequence[str] | None, joints: Sequence[str], where: str) -> None:
    """Check that there is one name of the driver's for each joint, or none at all."""
    if names is not None and len(names) != len(joints):
        raise ConfigError(f'{where}: names: expected one per joint ({", ".join(joints)}), got '
                          f'{list(names)}')
    unique(names or (), f'{where}: name')


def known(names: Iterable[str], valid: Sequence[str], what: str) -> None:
    """Check that all names are known; the error names the nearest."""
    for name in names:
        if name not in valid:
            raise ConfigError(f'{what}: unknown joint {name!r}; {nearest(name, list(valid))}')


def cover(groups: Sequence[tuple[str, Sequence[str]]], joints: Sequence[str], key: str,
          lacks: str) -> None:
    """Check that each joint stands in exactly one group.

    Args:
        groups: Name and joints of each.
        joints: All joints of the contract.
        key: The YAML key that holds the groups.
        lacks: What a joint in none would be without.
    """
    place: dict[str, str] = {}
    for where, names in groups:
        known(names, joints, f'{key}: {where}')
        for name in names:
            if name in place:
                both = (f'twice in {where}' if place[name] == where
                        else f'in {place[name]} and in {where}')
                raise ConfigError(f'{key}: joint {name!r} stands {both}; expected in one')
            place[name] = where
    if missing := [name for name in joints if name not in place]:
        raise ConfigError(f'{key}: joint {missing[0]!r} stands in none of them: {lacks}')


def topic_name(value: str, key: str) -> None:
    """Check a value `topic:NAME`.

    Raises:
        ConfigError: It is no name of a topic that all nodes share.
    """
    try:
        resolve(value.removeprefix(TOPIC))
    except ConfigError as error:
        raise ConfigError(f'{key}: {error}') from None


def require_real(generated: str | None, where: str) -> None:
    """Check that a contract was written for a robot.

    Args:
        generated: `Contract.generated`.
        where: What carries it.

    Raises:
        ContractMismatchError: It was made of data, which say neither units nor limits.
    """
    if generated:
        raise ContractMismatchError(
            f'{where}: its contract was generated from {generated}, with unknown units and the '
            "limits of the data: it drives no robot. Put the robot's contract at "
            'meta/contract.yaml of that dataset, with the values in its units, and train again')
