"""Which rows of which chunk are due: pure, the caller passes the time.

Rows are due by time, not by count: what elapsed while the network was busy is skipped.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from il_ros.config import nearest
from il_ros.errors import ConfigError
from il_ros.types import Floats
import numpy as np


class ChunkScheduler(Protocol):
    """Takes chunks as they are inferred and says what to execute now."""

    def add(self, positions: Floats, start_ns: int, now_ns: int) -> None:
        """Take a chunk.

        Args:
            positions: Joint targets, one row per period. Shape (H, J).
            start_ns: When row 0 is due.
            now_ns: The present.
        """
        ...

    def due(self, now_ns: int) -> bool:
        """Tell whether a chunk that is added now would change what `output` says now."""
        ...

    def output(self, now_ns: int) -> Floats | None:
        """Return the rows from now on, one per period, or None when none is left. Shape (h, J)."""
        ...

    def reset(self) -> None:
        """Forget every chunk."""
        ...


@dataclass(frozen=True)
class _Chunk:
    positions: Floats
    start_ns: int

    def row_at(self, time_ns: int, period_ns: int) -> int:
        """Return the row that is due at a time, which may lie outside the chunk."""
        return (time_ns - self.start_ns + period_ns // 2) // period_ns

    def covers(self, time_ns: int, period_ns: int) -> bool:
        """Tell whether a row is due at a time."""
        return 0 <= self.row_at(time_ns, period_ns) < len(self.positions)


class RecedingHorizon:
    """Executes some rows of a chunk, then goes over to the newest one (Chi et al. 2023).

    With `execute_steps` 1 the newest chunk is always the one in use.
    """

    def __init__(self, period_ns: int, execute_steps: int = 1) -> None:
        """Raises ConfigError where `execute_steps` is less than 1."""
        if execute_steps < 1:
            raise ConfigError(f'execute_steps: expected 1 or more, got {execute_steps}')
        self._period_ns = period_ns
        self._execute_ns = execute_steps * period_ns
        self.reset()

    def reset(self) -> None:
        """Forget every chunk."""
        self._chunk: _Chunk | None = None
        self._newest: _Chunk | None = None
        self._until_ns = 0

    def add(self, positions: Floats, start_ns: int, now_ns: int) -> None:
        """Take a chunk; it is used once the present one has had its steps."""
        self._newest = _Chunk(positions, start_ns)

    def due(self, now_ns: int) -> bool:
        """Tell whether the present chunk has had its steps."""
        return (self._chunk is None or not self._chunk.covers(now_ns, self._period_ns)
                or now_ns + self._period_ns // 2 >= self._until_ns)

    def output(self, now_ns: int) -> Floats | None:
        """Return the rows from now on, or None when none is left. Shape (h, J)."""
        period_ns = self._period_ns
        if self.due(now_ns) and self._newest and self._newest.covers(now_ns, period_ns):
            self._chunk, self._newest = self._newest, None
            self._until_ns = now_ns + self._execute_ns
        if self._chunk is None or not self._chunk.covers(now_ns, period_ns):
            return None
        return self._chunk.positions[self._chunk.row_at(now_ns, period_ns):]


class TemporalEnsemble:
    """Averages what all chunks say about a moment (Zhao et al. 2023, arXiv:2304.13705, 4.2).

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
        self._chunks: list[_Chunk] = []

    def add(self, positions: Floats, start_ns: int, now_ns: int) -> None:
        """Take a chunk and drop those that are over."""
        self._chunks.append(_Chunk(positions, start_ns))
        self._chunks.sort(key=lambda chunk: chunk.start_ns)
        self._drop(now_ns)

    def due(self, now_ns: int) -> bool:
        """Every chunk counts."""
        return True

    def output(self, now_ns: int) -> Floats | None:
        """Return the averaged rows from now on, or None when none is left. Shape (h, J)."""
        self._drop(now_ns)
        if not any(chunk.covers(now_ns, self._period_ns) for chunk in self._chunks):
            return None
        firsts = [chunk.row_at(now_ns, self._period_ns) for chunk in self._chunks]
        length = max(len(c.positions) - row for c, row in zip(self._chunks, firsts, strict=True))
        total = np.zeros((length, self._chunks[0].positions.shape[1]))
        weights = np.zeros((length, 1))
        older = np.zeros((length, 1))  # chunks before this one that cover the row
        for chunk, row in zip(self._chunks, firsts, strict=True):
            rows = chunk.positions[max(row, 0):]
            places = slice(max(-row, 0), max(-row, 0) + len(rows))
            weight = np.exp(-self._m * older[places])
            total[places] += weight * rows
            weights[places] += weight
            older[places] += 1
        end = length if weights.all() else int(np.argmin(weights[:, 0] > 0))  # before a gap
        return total[:end] / weights[:end]

    def _drop(self, now_ns: int) -> None:
        self._chunks = [chunk for chunk in self._chunks
                        if chunk.row_at(now_ns, self._period_ns) < len(chunk.positions)]


SCHEDULERS = ('receding', 'ensemble')


def make_scheduler(name: str, period_ns: int, execute_steps: int = 1,
                   m: float = 0.01) -> ChunkScheduler:
    """Return the scheduler of a name.

    Raises:
        ConfigError: There is none of that name, or a setting is wrong.
    """
    if name == 'receding':
        return RecedingHorizon(period_ns, execute_steps)
    if name == 'ensemble':
        return TemporalEnsemble(period_ns, m)
    raise ConfigError(f'scheduler {name!r}: {nearest(name, list(SCHEDULERS))}')
