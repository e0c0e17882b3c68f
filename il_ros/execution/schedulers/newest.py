"""What plays one chunk until a newer one takes over; the schedulers differ in when that is."""
from __future__ import annotations

from il_ros.execution.schedulers.timed_chunk import Lateness, TimedChunk
from il_ros.policies.policy import Continuation
from il_ros.types import Floats


class NewestChunk:
    """Plays the newest chunk as soon as it covers the present."""

    def __init__(self, period_ns: int) -> None:
        self._period_ns = period_ns
        self._late = Lateness()
        self.reset()

    def reset(self) -> None:
        """Forget every chunk, not how late they came."""
        self._chunk: TimedChunk | None = None
        self._next: TimedChunk | None = None

    def add(self, positions: Floats, start_ns: int, now_ns: int) -> None:
        """Take a chunk."""
        self._next = TimedChunk(positions, start_ns, self._period_ns)
        self._late.measure(self._next, now_ns)

    def previous(self, start_ns: int) -> Continuation | None:
        """Return None: a chunk need not go on from the one before."""
        return None

    def output(self, now_ns: int) -> Floats | None:
        """Return the rows from now on, or None when none is left. Shape (h, J)."""
        if self._next and self._next.covers(now_ns) and self._may_change(now_ns):
            self._chunk, self._next = self._next, None
        if self._chunk is None or not self._chunk.covers(now_ns):
            return None
        return self._chunk.rows_from(now_ns)

    def _may_change(self, now_ns: int) -> bool:
        return True

    def _left(self, time_ns: int) -> int:
        """Return how many rows of the present chunk are left at a time."""
        return len(self._chunk.rows_from(time_ns)) if self._chunk else 0
