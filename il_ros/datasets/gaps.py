"""Where the rows of an episode are not one tick apart: a paused recording, a stream that was lost.

LeRobot numbers rows without gaps; the column `tick` says when they really were.
"""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray


class Gaps(NamedTuple):
    """Of one episode.

    Attributes:
        number: How many there are.
        missing: Ticks in all of them.
        longest: Ticks in the longest.
    """

    number: int = 0
    missing: int = 0
    longest: int = 0

    @staticmethod
    def of(ticks: NDArray[Any]) -> Gaps:
        """Return the gaps between the ticks of an episode's rows. Shape (N,)."""
        left_out = np.diff(np.asarray(ticks).reshape(-1)) - 1
        left_out = left_out[left_out > 0]
        return Gaps(len(left_out), int(left_out.sum()), int(left_out.max(initial=0)))

    def text(self, rate_hz: float) -> str:
        """One line for people; '' without gaps."""
        if not self.number:
            return ''
        return (f'{self.missing} ticks without observation in {self.number} '
                f'gap{"s" * (self.number > 1)}, the longest {(self.longest + 1) / rate_hz:.1f} s')


def stretches(lengths: Sequence[int], ticks: NDArray[Any] | None) -> list[int]:
    """Return the rows of each stretch without a gap, in order; they add up to N.

    Chunks, histories and memories of training lie within one stretch, as they do live.

    Args:
        lengths: Rows per episode.
        ticks: Of every row, counted by one recording's grid. Shape (N,); None where no row is
            missing.
    """
    if ticks is None:
        return list(lengths)
    ends = np.flatnonzero(np.diff(np.asarray(ticks).reshape(-1)) != 1) + 1
    edges = np.unique(np.concatenate([[0], ends, np.cumsum(lengths)]))
    return [int(length) for length in np.diff(edges)]
