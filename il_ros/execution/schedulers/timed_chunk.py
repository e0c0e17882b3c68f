"""What the schedulers share: a chunk with its time, and how late chunks are."""
from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from il_ros.types import Floats

KEPT = 10  # chunks whose delay is remembered


@dataclass(frozen=True)
class TimedChunk:
    """Rows and when they are due.

    Attributes:
        positions: Joint targets, one row per period. Shape (H, J).
        start_ns: When row 0 is due.
        period_ns: Time between rows.
    """

    positions: Floats
    start_ns: int
    period_ns: int

    def row_at(self, time_ns: int) -> int:
        """Return the row that is due at a time, which may lie outside the chunk."""
        return (time_ns - self.start_ns + self.period_ns // 2) // self.period_ns

    def covers(self, time_ns: int) -> bool:
        """Tell whether a row is due at a time."""
        return 0 <= self.row_at(time_ns) < len(self.positions)

    def rows_from(self, time_ns: int) -> Floats:
        """Return the row due at a time and all behind it. Shape (h, J)."""
        return self.positions[max(self.row_at(time_ns), 0):]


class Lateness:
    """How many rows of a chunk have elapsed when it comes: at most as many as lately.

    The largest of the last chunks, as in Black et al. 2025 (arXiv:2506.07339, algorithm 1): a
    chunk that is expected too early leaves the robot without rows.
    """

    def __init__(self) -> None:
        self._rows: deque[int] = deque([0], KEPT)

    def measure(self, chunk: TimedChunk, now_ns: int) -> None:
        """Take note of a chunk that came now."""
        self._rows.append(max(chunk.row_at(now_ns), 0))

    @property
    def rows(self) -> int:
        """Rows that will have elapsed, at most."""
        return max(self._rows)
