"""From the gate's setpoints to a command at every cycle of a robot that wants more of them.

The setpoints become a path, straight from each to the next, that runs one control period late. At
every cycle `limiter.advance`, the gate's own rule, goes along it within position, velocity and
acceleration limits. A moving average over the last cycles then bounds the jerk: an average of
positions, velocities or accelerations stays within their limits, and its jerk is at most the
largest change of acceleration, 2 a, over its length (Biagiotti and Melchiorri 2012, FIR filters
for online trajectory planning, Control Engineering Practice 20(12), section 2).

Not Ruckig: its free version knows no position limits, which targets with a velocity overshot here
by 5 mrad, and fails for some targets with a least duration.
"""
from __future__ import annotations

import math

from il_ros.contract import Contract
from il_ros.safety.limiter import advance, Setpoint
from il_ros.safety.limits import Limits
from il_ros.timing import SECOND
from il_ros.types import Floats
import numpy as np


class Interpolator:
    """Setpoints in, a command per cycle out. Pure: the caller passes the robot's time.

    Commands lag behind the setpoints by one control period and half the average's length, and
    stand where the last setpoint is when no more come. Every command is within the position
    limits; from cycle to cycle velocity, acceleration and jerk are within theirs.
    """

    def __init__(self, contract: Contract, cycle_ns: int) -> None:
        """Make one that stands still nowhere; `start` says where.

        Args:
            contract: Limits and period. Without a limit, a joint's acceleration may go from one
                limit to the other within two control periods.
            cycle_ns: Time between two commands [ns].
        """
        self.limits = Limits.of(contract)
        self.jerk = np.minimum(contract.jerk, self.limits.acceleration * contract.rate_hz)
        self._period_ns, self._cycle_s = contract.period_ns, cycle_ns / SECOND
        length_s = (2 * self.limits.acceleration / self.jerk).max()
        self._path: tuple[tuple[int, Floats], tuple[int, Floats]] | None = None
        self._setpoint = Setpoint.at_rest(np.array(contract.start))
        cycles = math.ceil(length_s / self._cycle_s - 1e-9)
        self._last = np.tile(self._setpoint.positions, (cycles, 1))
        self._oldest = 0

    @property
    def started(self) -> bool:
        """Whether there is anything to send."""
        return self._path is not None

    def start(self, positions: Floats, now_ns: int) -> None:
        """Stand still at positions [rad] or [m] from now on. Shape (J,)."""
        self._path = (now_ns - self._period_ns, positions), (now_ns, positions)
        self._setpoint = Setpoint.at_rest(positions)
        self._last[:] = positions

    def stop(self) -> None:
        """Forget everything; nothing is sent until the next start."""
        self._path = None

    def follow(self, positions: Floats, now_ns: int) -> None:
        """Take the gate's next setpoint, the first one as a start. Shape (J,)."""
        if self._path is None:
            self.start(positions, now_ns)
            return
        _, (before_ns, before) = self._path
        positions = self.limits.angles.near(positions, before)
        # After a pause the path goes on from where it stood a period ago, not since then.
        before_ns = max(before_ns, now_ns - self._period_ns)
        self._path = (before_ns, before), (max(now_ns, before_ns + 1), positions)

    @property
    def last(self) -> Floats:
        """What was sent last [rad] or [m]. Shape (J,)."""
        average: Floats = self._last.mean(0)
        return average

    def ahead(self, now_ns: int, cycles: int) -> list[Floats]:
        """Return what would be sent in the cycles after now if no more setpoints came.

        Shape (J,) each. Nothing changes.
        """
        kept = self._setpoint, self._last.copy(), self._oldest
        rows = [self.command(now_ns + round(k * self._cycle_s * SECOND))
                for k in range(1, cycles + 1)]
        self._setpoint, self._last, self._oldest = kept
        return rows

    def command(self, now_ns: int) -> Floats:
        """Return what to send now; call it once per cycle, after `start`. Shape (J,)."""
        assert self._path is not None
        (from_ns, begin), (to_ns, end) = self._path
        share = min(max((now_ns - self._period_ns - from_ns) / (to_ns - from_ns), 0.0), 1.0)
        self._setpoint, _ = advance(self._setpoint, begin + share * (end - begin), self._cycle_s,
                                    self.limits)
        self._last[self._oldest] = self._setpoint.positions
        self._oldest = (self._oldest + 1) % len(self._last)
        return self.last
