"""Where the episodes of a bag begin and end, as a person asks for it."""
from __future__ import annotations

from collections.abc import Sequence
import math
from pathlib import Path
from typing import Protocol

from il_ros.bags.episodes.spans import Found
from il_ros.bags.episodes.table import Table
from il_ros.bags.episodes.topic import ByGap, ByMarker, ByTask
from il_ros.bags.reader import Bag
from il_ros.errors import ConfigError
from il_ros.names import resolve


class Split(Protocol):
    """One way to find the episodes of a bag; its text is the option that asks for it."""

    def require(self, bags: Sequence[Path]) -> None:
        """Check that it can be used with these bags.

        Raises:
            ConfigError: It cannot.
        """

    def spans(self, bag: Bag) -> Found:
        """Return the episodes of a bag in the order of their times, unchecked.

        Raises:
            BagError: The bag does not hold what is asked for.
        """


def parse_split(text: str) -> Split:
    """Return what `--split` asks for: a file, `marker:/topic`, `task:/topic` or `gap:seconds`.

    Raises:
        ConfigError: It is none of them, or the file cannot be understood.
    """
    kind, _, rest = text.partition(':')
    if kind in ('marker', 'task') and rest:
        resolve(rest)
        return ByMarker(rest) if kind == 'marker' else ByTask(rest)
    if kind == 'gap':
        try:
            gap_s = float(rest)
        except ValueError:
            gap_s = math.nan
        if not 0 < gap_s < math.inf:
            raise ConfigError(f'--split {text}: expected seconds above zero, as gap:2.0')
        return ByGap(gap_s)
    if not text.lower().endswith('.csv'):
        raise ConfigError(f'--split {text!r}: expected a table of times (a .csv file), '
                          'marker:/TOPIC, task:/TOPIC or gap:SECONDS')
    return Table(Path(text))
