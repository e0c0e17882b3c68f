"""Temporal ensembling (Zhao et al. 2023, arXiv:2304.13705, section 4.2)."""
from __future__ import annotations

from il_ros.errors import ConfigError
from il_ros.execution.schedulers.timed_chunk import TimedChunk
from il_ros.policies.policy import Continuation
from il_ros.types import Floats
import numpy as np


class TemporalEnsemble:
    """Averages what all chunks say about a moment.

    Weights are exp(-m i) with i = 0 for the oldest chunk that covers the moment, so a small m
    follows new chunks sooner.
    """

    def __init__(self, period_ns: int, m: float = 0.01) -> None:
        """Raises ConfigError where `m` is not a number."""
        if not np.isfinite(m):
            raise ConfigError(f'm: expected a finite number, got {m}')
        self._period_ns = period_ns
        self._m = m
        self.reset()

    def reset(self) -> None:
        """Forget every chunk."""
        self._chunks: list[TimedChunk] = []

    def add(self, positions: Floats, start_ns: int, now_ns: int) -> None:
        """Take a chunk and drop those that are over."""
        self._chunks.append(TimedChunk(positions, start_ns, self._period_ns))
        self._chunks.sort(key=lambda chunk: chunk.start_ns)
        self._drop(now_ns)

    def due(self, start_ns: int) -> bool:
        """Tell whether to ask the policy now: every chunk counts."""
        return True

    def previous(self, start_ns: int) -> Continuation | None:
        """Return None: a chunk need not go on from the one before."""
        return None

    def output(self, now_ns: int) -> Floats | None:
        """Return the averaged rows from now on, or None when none is left. Shape (h, J)."""
        self._drop(now_ns)
        if not any(chunk.covers(now_ns) for chunk in self._chunks):
            return None
        firsts = [chunk.row_at(now_ns) for chunk in self._chunks]
        length = max(len(c.positions) - row for c, row in zip(self._chunks, firsts, strict=True))
        total = np.zeros((length, self._chunks[0].positions.shape[1]))
        weights = np.zeros((length, 1))
        older = np.zeros((length, 1))  # chunks before this one that cover the row
        for chunk, row in zip(self._chunks, firsts, strict=True):
            rows = chunk.rows_from(now_ns)
            places = slice(max(-row, 0), max(-row, 0) + len(rows))
            weight = np.exp(-self._m * older[places])
            total[places] += weight * rows
            weights[places] += weight
            older[places] += 1
        end = length if weights.all() else int(np.argmin(weights[:, 0] > 0))  # before a gap
        return total[:end] / weights[:end]

    def _drop(self, now_ns: int) -> None:
        self._chunks = [chunk for chunk in self._chunks
                        if chunk.row_at(now_ns) < len(chunk.positions)]
