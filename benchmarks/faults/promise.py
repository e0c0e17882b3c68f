"""A promise and what was measured of it."""
from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from faults.cell import Cell
from faults.oracle import check
import numpy as np


class Promise(NamedTuple):
    """One line of the table."""

    what: str
    promised: str
    measured: str
    holds: bool


def late(what: str, values_ms: Sequence[float], p99_ms: float, max_ms: float) -> Promise:
    """Return the promise that times stay below a p99 and a greatest value [ms]."""
    p50, p99, most = np.percentile(values_ms, (50, 99, 100))
    return Promise(what, f'p99 <= {p99_ms:g}, max {max_ms:g} ms',
                   f'p50 {p50:.1f}, p99 {p99:.1f}, max {most:.1f} ms of {len(values_ms)}',
                   bool(p99 <= p99_ms and most <= max_ms))


def none(what: str, found: int, of: str, why: Iterable[str] = ()) -> Promise:
    """Return the promise that something never happens; where it did, why."""
    return Promise(what, '0', '; '.join([f'{found} of {of}', *dict.fromkeys(why)]), found == 0)


def safe(cell: Cell, of: str) -> Promise:
    """Return what the oracle says of everything that reached the robot of a cell."""
    number, found = 0, []
    for index, part in enumerate(cell.parts):
        sent = cell.sent(part=index)
        number += len(sent)
        try:
            check(sent, cell.reports, cell.contract, part.columns)
        except AssertionError as error:
            found.append(str(error))
    return Promise(f'all that reached the robot, {of}',
                   'finite, in limits, |dq| <= v dt, one owner',
                   '; '.join(found) or f'{number} commands', not found)
