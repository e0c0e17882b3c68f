"""Which rows of a dataset a sample holds: those it learns from and those it sees besides."""
from __future__ import annotations

from collections.abc import Sequence

from il_ros.training.sampling import Mask, Rows
import numpy as np


def run_ends(lengths: Sequence[int], labelled: Mask, said: Mask | None = None) -> Rows:
    """Return for every row the first later row that is no label or belongs to the next stretch.

    A chunk that starts at row k may learn from rows k up to, not including, `run_ends[k]`;
    `run_ends[k] == k` where row k itself is no label. Shape (N,).

    A chunk ends after a label that was only said: the next state is not where it would have led.

    Args:
        lengths: Rows per stretch without a gap, see `datasets.gaps.stretches`.
        labelled: Rows that are labels. Shape (N,).
        said: Rows whose label was not executed. Shape (N,).
    """
    stops = np.flatnonzero(~labelled)
    rows = np.arange(len(labelled))
    following = np.append(stops, len(labelled))[np.searchsorted(stops, rows)]
    stretch_ends = np.repeat(np.cumsum(lengths), lengths)
    ends: Rows = np.minimum(following, stretch_ends)
    if said is not None:
        last = np.flatnonzero(said & labelled)
        ends = np.minimum(ends, np.append(last + 1, len(rows))[np.searchsorted(last, rows)])
    return ends


def histories(rows: Rows, stretch: Rows, steps: int) -> Rows:
    """Return the ticks that are seen with each row, the row itself last. Shape (B, steps).

    The first row of a stretch stands for those before it, as `policies.inputs.history` has it
    live.

    Args:
        rows: Shape (B,).
        stretch: Index of each row's stretch without a gap, in order. Shape (N,).
        steps: Ticks that are seen at once.
    """
    first = np.searchsorted(stretch, stretch[rows])
    found: Rows = np.maximum(rows[:, None] + np.arange(1 - steps, 1), first[:, None])
    return found


def sequences(rows: Rows, stretch: Rows, steps: int) -> tuple[Rows, Mask]:
    """Return ticks in a row for each row, and which are of its stretch. Shape (B, steps) each.

    A row is the last of its sequence unless that began less than `steps` ticks before: then the
    sequence begins with the stretch, as a memory does live, which is emptied by a gap.

    Args:
        rows: Shape (B,).
        stretch: Index of each row's stretch without a gap, in order. Shape (N,).
        steps: Length of a sequence.
    """
    first = np.searchsorted(stretch, stretch[rows])
    last = np.searchsorted(stretch, stretch[rows], side='right') - 1
    ticks = np.maximum(rows - steps + 1, first)[:, None] + np.arange(steps)
    return np.minimum(ticks, last[:, None]), ticks <= last[:, None]
