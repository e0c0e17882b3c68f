"""Where a chunk goes another way than the one before, the robot goes over step by step."""
from __future__ import annotations

from il_ros.contract import Contract
from il_ros.errors import ConfigError
from il_ros.execution.schedulers.scheduler import ChunkScheduler
from il_ros.execution.schedulers.timed_chunk import TimedChunk
from il_ros.policies.policy import Continuation
from il_ros.types import Floats
import numpy as np

LARGEST = 2.0  # steps at the velocity limit; from further off the robot goes at the whole limit
ACCELERATION = 0.8  # of the limit, which the gate measures over periods that are not quite equal


class SmoothJoin:
    """Joins what another scheduler gives out within the limits of the contract.

    What the robot would have done by the rows given out before decides where the next ones begin:
    the difference of the two, and that of their velocities, dies away within each joint's
    acceleration limit and a share of its velocity limit. Only where it is large the robot leaps,
    at most as far as the velocity limit allows. Rows that go on as announced, and are within that
    limit, are left as they are. The gripper, which opens and closes in one row, too.
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
        self._change = ACCELERATION * contract.acceleration * (contract.period_ns * 1e-9) ** 2
        self._joined = ~contract.is_gripper
        self._step[~self._joined] = np.inf
        self._wanted: TimedChunk | None = None  # what the other scheduler gave out last,
        self._given: TimedChunk | None = None   # and this one;
        self._off = np.zeros(len(self._step))   # how far the row before theirs was off

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
        before, off, speed = wanted[0], np.zeros(len(self._step)), np.zeros(len(self._step))
        if self._wanted and self._given and self._wanted.covers(now_ns) and (
                now := self._wanted.row_at(now_ns)) > 0:
            if np.array_equal(wanted, self._wanted.positions[now:]):
                return self._given.positions[now:]  # as announced
            before = self._given.positions[now - 1]
            off, speed = self._compare(wanted, now)
        rows = self._join(before, off, speed, wanted)
        self._off = off
        self._wanted = TimedChunk(wanted, now_ns, self._period_ns)
        self._given = TimedChunk(rows, now_ns, self._period_ns)
        return rows

    def _compare(self, wanted: Floats, now: int) -> tuple[Floats, Floats]:
        """Return how far the row before `now` is off the new rows, and how fast that grows.

        New rows begin with the speed and acceleration that were announced, less what their first
        step differs from the one announced.
        """
        planned, given = self._wanted, self._given
        assert planned and given
        offs = np.vstack([self._off, given.positions[:now] - planned.positions[:now]])
        announced, steps = planned.positions[now:now + 2], np.zeros_like(self._off)
        if min(len(announced), len(wanted)) > 1:
            steps = (announced[1] - announced[0]) - (wanted[1] - wanted[0])
        off = offs[-1] + announced[0] - wanted[0] - steps
        return off, np.clip(offs[-1] - offs[-2] + steps, -self._step, self._step)

    def _join(self, before: Floats, off: Floats, speed: Floats, rows: Floats) -> Floats:
        """Return the rows with what they are off dying away.

        Args:
            before: The row that ran just before. Shape (J,).
            off: That row less where the new rows come from. Shape (J,).
            speed: What `off` changed by in that row. Shape (J,).
            rows: Of the new chunk. Shape (h, J).
        """
        # A policy that announces motion and takes it back at every tick must not lead astray.
        k, off = self._joined, np.clip(off, -LARGEST * self._step, LARGEST * self._step)
        if off[k].any() or speed[k].any():
            rows = rows.copy()
            rows[:, k] += self._dying(off[k], speed[k], len(rows))
        if (np.abs(np.diff(rows, axis=0, prepend=before[None])) > self._step).any():
            rows = rows.copy()
            for row in rows:
                np.clip(row, before - self._step, before + self._step, out=row)
                before = row
        return rows

    def _dying(self, off: Floats, speed: Floats, count: int) -> Floats:
        """Return the difference at each row: soonest to rest at none. Shape (count, joined)."""
        change, fastest = self._change[self._joined], self._share * self._step[self._joined]
        # Faster than any join is a robot that came from far: rather limited than past its aim.
        most = np.maximum(_slowing(off, change), fastest)
        speed = np.where(speed * off < 0, np.clip(speed, -most, most), speed)
        found = np.zeros((count, len(off)))
        for row in found:
            wanted = -np.sign(off) * np.minimum(_slowing(off, change), fastest)
            speed = np.clip(wanted, speed - change, speed + change)
            off = off + speed
            row[:] = off
            if not (off.any() or speed.any()):
                break
        return found


def _slowing(off: Floats, change: Floats) -> Floats:
    """Return the step that leads to rest at 0 if each that follows is shorter by `change`."""
    count = np.maximum(np.ceil((np.sqrt(1 + 8 * np.abs(off) / change) - 1) / 2 - 1e-9), 1)
    return np.asarray(np.abs(off) / count + (count - 1) * change / 2)
