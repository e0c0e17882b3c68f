"""Datasets and shares as people write them."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
import re
from typing import NamedTuple

from il_ros.config import number
from il_ros.errors import ConfigError

SHARE = re.compile(r'\s*(.+?)\s*=\s*([^=,\s]+)\s*(?:,|$)')
YAML = ('.yaml', '.yml')


class Asked(NamedTuple):
    """One dataset of several.

    Attributes:
        folder: Where it lies.
        columns: YAML file of a `ColumnMap`, for one of another robot.
        share: Of a batch, in any unit; None leaves it to the number of rows.
    """

    folder: Path
    columns: Path | None = None
    share: float | None = None


def parse_data(text: str, option: str = '--data') -> list[Asked]:
    """Return what a command line says, as in 'demos=0.5,other:map.yaml=0.5'.

    Args:
        text: Of the command line.
        option: Where it stands there, for errors.

    Raises:
        ConfigError: It is no such text, a folder stands twice, or nothing has a share.
    """
    found: list[Asked] = []
    for part in text.split(','):
        name, equals, value = part.strip().rpartition('=')
        place, share = (name.strip(), number(value)) if equals else (part.strip(), None)
        if not place or (equals and share is None):
            raise ConfigError(f'{option}: expected folders and shares as in demos=0.5,'
                              f'other:map.yaml=0.5, got {part!r}')
        folder, colon, columns = place.rpartition(':')
        mapped = bool(colon) and columns.endswith(YAML)
        one = Asked(Path(folder if mapped else place), Path(columns) if mapped else None, share)
        if one.folder.resolve() in [other.folder.resolve() for other in found]:
            raise ConfigError(f'{option}: {one.folder} stands twice')
        found.append(one)
    given = {str(one.folder): one.share for one in found if one.share is not None}
    if given and (len(given) == len(found) or min(given.values()) < 0):
        check_shares(given, option)
    return found


def parse_shares(text: str, option: str, such_as: str = 'one=0.7,two=0.3') -> dict[str, float]:
    """Return what a command line says, as in 'pick the cube=0.7,open the box=0.3'.

    Raises:
        ConfigError: It is no such text, or a name stands twice.
    """
    found: dict[str, float] = {}
    place = 0
    while place < len(text):
        match = SHARE.match(text, place)
        value = number(match[2]) if match else None
        if match is None or value is None:
            raise ConfigError(f'{option}: expected names and shares as in {such_as}, got '
                              f'{text[place:]!r}')
        if match[1] in found:
            raise ConfigError(f'{option}: {match[1]!r} stands twice')
        found[match[1]], place = value, match.end()
    check_shares(found, option)
    return found


def check_shares(shares: Mapping[str, float], where: str) -> None:
    """Check that shares can be given out.

    Raises:
        ConfigError: One is negative, or all are zero.
    """
    if not shares or min(shares.values()) < 0 or sum(shares.values()) <= 0:
        told = ', '.join(f'{name}={share:g}' for name, share in shares.items()) or 'none'
        raise ConfigError(f'{where}: expected shares of 0 or more whose sum is more than 0, got '
                          f'{told}')


def filled(shares: Sequence[float | None], rows: Sequence[int], where: str
           ) -> tuple[float, ...] | None:
    """Return the shares with those left out: what the given ones leave, by number of rows.

    Args:
        shares: None where it is left out.
        rows: Of each.
        where: For errors.

    Returns:
        They add up to 1; None where none is given.

    Raises:
        ConfigError: The given ones leave nothing.
    """
    given = [share for share in shares if share is not None]
    if not given:
        return None
    rest = sum(n for n, share in zip(rows, shares, strict=True) if share is None)
    if len(given) == len(shares):
        return tuple(share / sum(given) for share in given)
    if (left := 1 - sum(given)) <= 0:
        raise ConfigError(f'{where}: the shares add up to {sum(given):g} and leave nothing to '
                          'those without; expected less than 1, or a share for each')
    return tuple(left * n / rest if share is None else share
                 for n, share in zip(rows, shares, strict=True))
