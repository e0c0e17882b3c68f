"""Integer nanoseconds and the steady grid."""
from __future__ import annotations

from dataclasses import dataclass

SECOND = 1_000_000_000
MILLISECOND = 1_000_000


def to_ns(seconds: float) -> int:
    """Return seconds as integer nanoseconds."""
    return round(seconds * SECOND)


def to_s(nanoseconds: int) -> float:
    """Return integer nanoseconds as seconds."""
    return nanoseconds / SECOND


@dataclass(frozen=True)
class Now:
    """One instant on both clocks: steady for watchdogs and intervals, ROS for stamps."""

    steady_ns: int
    ros_ns: int


@dataclass(frozen=True)
class Tick:
    """One tick of a grid."""

    index: int       # counts every tick of the grid, skipped ones included
    due_ns: int
    skipped: int     # ticks that were overdue and left out before this one


@dataclass
class Grid:
    """Absolute deadlines `start_ns + k * period_ns`; overdue ticks are skipped, never sent late.

    The caller passes the steady time; nothing in here reads a clock.
    """

    period_ns: int
    start_ns: int
    index: int = 0

    @property
    def due_ns(self) -> int:
        """The deadline of the next tick [ns]."""
        return self.start_ns + self.index * self.period_ns

    def take(self, now_ns: int) -> Tick | None:
        """Return the tick that is due at `now_ns`, or None before its deadline."""
        if now_ns < self.due_ns:
            return None
        newest = (now_ns - self.start_ns) // self.period_ns
        tick = Tick(newest, self.start_ns + newest * self.period_ns, newest - self.index)
        self.index = newest + 1
        return tick
