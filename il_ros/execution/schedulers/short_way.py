"""Chunks of a robot whose joints turn without end, counted alike for another scheduler."""
from __future__ import annotations

from il_ros.angles import Angles
from il_ros.contract import Contract
from il_ros.execution.schedulers.scheduler import ChunkScheduler
from il_ros.execution.schedulers.timed_chunk import TimedChunk
from il_ros.policies.policy import Continuation
from il_ros.types import Floats


class ShortWay:
    """Lets another scheduler average, join and continue chunks whose joints went past half a turn.

    A driver that counts within one turn leaps there, and chunks before and after it with it. Each
    chunk is counted on from the row of the one before that is due as it begins, so rows may be
    whole turns away from what the driver counts; whoever sends them to a robot adds its turns.
    """

    def __init__(self, scheduler: ChunkScheduler, contract: Contract) -> None:
        """Wrap a scheduler."""
        self._inner, self._angles = scheduler, Angles.of(contract)
        self._period_ns = contract.period_ns
        self._newest: TimedChunk | None = None

    def reset(self) -> None:
        """Forget every chunk."""
        self._inner.reset()
        self._newest = None

    def due(self, start_ns: int) -> bool:
        """Tell whether to ask the policy for a chunk now."""
        return self._inner.due(start_ns)

    def previous(self, start_ns: int) -> Continuation | None:
        """Return what the next chunk has to go on from."""
        return self._inner.previous(start_ns)

    def add(self, positions: Floats, start_ns: int, now_ns: int) -> None:
        """Take a chunk."""
        if (before := self._newest) is not None:
            row = min(max(before.row_at(start_ns), 0), len(before.positions) - 1)
            positions = self._angles.along(positions, before.positions[row])
        self._newest = TimedChunk(positions, start_ns, self._period_ns)
        self._inner.add(positions, start_ns, now_ns)

    def output(self, now_ns: int) -> Floats | None:
        """Return the rows from now on, or None when none is left. Shape (h, J)."""
        return self._inner.output(now_ns)
