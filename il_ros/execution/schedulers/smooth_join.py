"""Where a chunk goes another way than the one before, the robot goes over step by step."""
from __future__ import annotations

from typing import TYPE_CHECKING

from il_ros.contract import Contract
from il_ros.errors import ConfigError
from il_ros.execution.schedulers.timed_chunk import TimedChunk
from il_ros.policies.policy import Continuation
from il_ros.types import Floats
import numpy as np

if TYPE_CHECKING:
    from il_ros.execution.chunk_scheduler import ChunkScheduler

LARGEST = 2.0  # steps at the velocity limit; from further off the robot goes at the whole limit


class SmoothJoin:
    """Joins what another scheduler gives out within the velocity limits of the contract.

    What the robot would have done by the rows given out before decides where the next ones begin:
    the difference of the two dies away at a share of each joint's velocity limit, or at the whole
    where it is large, and no row is further from the one before than the limit allows. Rows that
    go on as announced, and are within the limit, are left as they are. The gripper, which opens
    and closes in one row, too.
    """

    def __init__(self, scheduler: ChunkScheduler, contract: Contract, share: float = 0.5) -> None:
        """Wrap a scheduler.

        Args:
            scheduler: Whose rows are joined.
            contract: Velocity limits and period.
            share: Of the velocity limits, for the difference between two chunks.

        Raises:
            ConfigError: Not 0 < `share` <= 1.
        """
        if not 0 < share <= 1:
            raise ConfigError(f'join: expected more than 0 and at most 1, got {share}')
        self._inner, self._share, self._period_ns = scheduler, share, contract.period_ns
        self._step = contract.velocity * contract.period_ns * 1e-9
        if (gripper := contract.gripper_index) is not None:
            self._step[gripper] = np.inf
        self._wanted: TimedChunk | None = None  # what the other scheduler gave out last,
        self._given: TimedChunk | None = None   # and this one

    def reset(self) -> None:
        """Forget every chunk and what was given out."""
        self._inner.reset()
        self._wanted = self._given = None

    def add(self, positions: Floats, start_ns: int, now_ns: int) -> None:
        """Take a chunk."""
        self._inner.add(positions, start_ns, now_ns)

    def due(self, start_ns: int) -> bool:
        """Tell whether to ask the policy for a chunk now."""
        return self._inner.due(start_ns)

    def previous(self, start_ns: int) -> Continuation | None:
        """Return what the next chunk has to go on from: the rows as they were given out."""
        found = self._inner.previous(start_ns)
        if found and self._given and self._given.covers(start_ns):
            return found._replace(positions=self._given.rows_from(start_ns))
        return found

    def output(self, now_ns: int) -> Floats | None:
        """Return the joined rows from now on, or None when none is left. Shape (h, J)."""
        wanted = self._inner.output(now_ns)
        if wanted is None:
            self._wanted = self._given = None
            return None
        before, off = wanted[0], np.zeros(len(self._step))
        if self._wanted and self._given and self._wanted.covers(now_ns) and (
                now := self._wanted.row_at(now_ns)) > 0:
            if np.array_equal(wanted, self._wanted.positions[now:]):
                return self._given.positions[now:]  # as announced
            before = self._given.positions[now - 1]
            off = before - self._wanted.positions[now - 1]
            off += self._wanted.positions[now] - wanted[0]
            # A policy that announces motion and takes it back at every tick must not lead astray.
            off = np.clip(off, -LARGEST * self._step, LARGEST * self._step)
        rows = self._join(before, off, wanted)
        self._wanted = TimedChunk(wanted, now_ns, self._period_ns)
        self._given = TimedChunk(rows, now_ns, self._period_ns)
        return rows

    def _join(self, before: Floats, off: Floats, rows: Floats) -> Floats:
        """Return the rows with `off` dying away; `before` is the row that ran just before."""
        if off.any():
            died = np.outer(np.arange(1, len(rows) + 1), self._share * self._step)
            rows = rows + np.sign(off) * np.maximum(np.abs(off) - died, 0.0)
        if (np.abs(np.diff(rows, axis=0, prepend=before[None])) > self._step).any():
            rows = rows.copy()
            for row in rows:
                np.clip(row, before - self._step, before + self._step, out=row)
                before = row
        return rows
