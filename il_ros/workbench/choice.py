"""Which episodes are meant: numbers, ranges, or a condition."""
from __future__ import annotations

from collections.abc import Sequence

from il_ros.datasets.reader import Dataset
from il_ros.errors import ConfigError
from il_ros.workbench.expression import matching
from il_ros.workbench.table import episode_table
from il_ros.workbench.takes import Take, takes_of

FORM = 'numbers as il_ros dataset ls shows them, such as 3,5-7'


def chosen(dataset: Dataset, numbers: str = '', where: str = '') -> list[Take]:
    """Return the episodes that a person means.

    Args:
        dataset: In it.
        numbers: Such as 3,5-7.
        where: A condition, see `il_ros.workbench.expression`.

    Raises:
        ConfigError: Neither or both are given, they cannot be read, or no episode is meant.
    """
    if bool(numbers) == bool(where):
        raise ConfigError(f'which episodes? expected {FORM}, or --where CONDITION'
                          + ('; not both' if where else ''))
    takes = takes_of(dataset)
    found = (numbered(numbers, len(takes)) if numbers else
             matching(episode_table(dataset, needs_pictures(where)), where))
    if not found:
        raise ConfigError(f'{where}: true of none of the {len(takes)} episodes')
    return [takes[number] for number in found]


def needs_pictures(where: str) -> bool:
    """Return whether a condition may speak of what the pictures tell."""
    return 'score' in where or 'findings' in where or 'problems' in where


def numbered(text: str, count: int) -> list[int]:
    """Return the numbers that a text such as 3,5-7 names, ascending.

    Raises:
        ConfigError: It has another form, or names an episode that is not there.
    """
    found: set[int] = set()
    for part in text.split(','):
        first, dash, last = part.strip().partition('-')
        if not first.isdecimal() or (dash and not last.isdecimal()):
            raise ConfigError(f'episodes {text!r}: expected {FORM}')
        span = range(int(first), int(last if dash else first) + 1)
        if not span or span[-1] >= count:
            raise ConfigError(f'episode {part.strip()}: expected 0 to {count - 1}')
        found.update(span)
    return sorted(found)


def complement(dataset: Dataset, takes: Sequence[Take]) -> list[Take]:
    """Return the episodes that were not meant."""
    meant = {take.key for take in takes}
    return [take for take in takes_of(dataset) if take.key not in meant]
