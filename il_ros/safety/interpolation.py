"""From the gate's setpoints to a command at every cycle of a robot that wants more of them.

The setpoints become a path, straight from each to the next, that runs a little more than one
control period late. A moving average over one period bends it, so that it has no corners. In steps
of at most `FINE_S` the gate's own rule, `limiter.advance`, goes along it within position, velocity
and acceleration limits. A second average then bounds the jerk: an average of positions, velocities
or accelerations stays within their limits, and its jerk is at most the largest change of
acceleration, 2 a, over its length (Biagiotti and Melchiorri 2012, FIR filters for online
trajectory planning, Control Engineering Practice 20(12), section 2). With a length of one period
what comes out is the cubic B-spline of the setpoints, smoother than a spline through them.

Not Ruckig: its free version knows no position limits, which targets with a velocity overshot here
by 5 mrad, and fails for some targets with a least duration.
"""
from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
import math
from typing import NamedTuple

from il_ros.contract import Contract
from il_ros.safety.limiter import advance, Setpoint
from il_ros.safety.limits import Limits
from il_ros.timing import SECOND
from il_ros.types import Floats
import numpy as np

FINE_S = 0.002  # longest step: velocities are as exact as a controller's cubic needs them
SPARE = 0.1     # of a period, for setpoints that come late, and for the step after the next
ON_GRID = 0.5   # of a period: a setpoint that is so near its due time was meant for it
GAIN = 0.3      # of how early or late setpoints come, by which their grid follows them


class Moving(NamedTuple):
    """Where the robot is told to be, and how fast it is then; shapes (J,)."""

    positions: Floats
    velocities: Floats


class Setpoints(NamedTuple):
    """Where the robot goes from now on, if nothing else comes.

    Attributes:
        positions: In contract order [rad] or [m], [m/s] of a base. Shape (n, J).
        velocities: At each of them [rad/s] or [m/s]. Shape (n, J).
        due_ns: Time from now to each [ns]. Length n.
        now_ns: When now is, on the robot's clock [ns]; when they arrive, where None.
    """

    positions: Floats
    velocities: Floats
    due_ns: tuple[int, ...]
    now_ns: int | None = None


class Average:
    """A moving average over the last rows; of the oldest only a share counts."""

    def __init__(self, length: float, joints: int) -> None:
        """Make one over so many rows, 1 or more, all zero."""
        self._length, self._oldest = max(length, 1.0), 0
        self._rows = np.zeros((math.ceil(self._length - 1e-9), joints))
        self._without = len(self._rows) - self._length

    def rest(self, row: Floats) -> None:
        """Be at a row, as if it had always come. Shape (J,)."""
        self._rows[:] = row

    def add(self, row: Floats) -> Floats:
        """Take a row and return the average with it. Shapes (J,)."""
        self._rows[self._oldest] = row
        self._oldest = (self._oldest + 1) % len(self._rows)
        away = self._rows - row    # so that rows which are all the same come out as they are
        average: Floats = row + (away.sum(0) - self._without * away[self._oldest]) / self._length
        return average


class Interpolator:
    """Setpoints in, one command per cycle out. Pure: the caller passes the robot's time.

    Commands lag behind the setpoints by 1.1 control periods and half of both averages, and stand
    where the last setpoint is when no more come. Every command is within the position limits; from
    cycle to cycle velocity, acceleration and jerk are within theirs.
    """

    def __init__(self, contract: Contract, cycle_ns: int) -> None:
        """Make one that stands still nowhere; `start` says where.

        Args:
            contract: Limits and period. Without a limit, a joint's acceleration may go from one
                limit to the other within one control period.
            cycle_ns: Time between two commands [ns].
        """
        self.limits = Limits.of(contract)
        self._hard = replace(self.limits, jerky=None)   # the last average sees to that
        self.jerk = np.minimum(contract.jerk, 2 * self.limits.acceleration * contract.rate_hz)
        self._period_ns = contract.period_ns
        self._steps = math.ceil(cycle_ns / SECOND / FINE_S - 1e-9)
        self._step_ns = cycle_ns / self._steps
        self._late_ns = self._period_ns + max(SPARE * self._period_ns, self._step_ns)
        joints = len(contract.joints)
        self._bends = Average(self._period_ns / self._step_ns, joints)
        self._eases = Average((2 * self.limits.acceleration / self.jerk).max() * SECOND
                              / self._step_ns, joints)
        self._path: tuple[tuple[int, Floats], ...] = ()   # the newest three setpoints
        self._setpoint = Setpoint.at_rest(np.array(contract.start))
        self._last: tuple[Floats, ...] = ()   # the commands of the last step, this and the next

    @property
    def started(self) -> bool:
        """Whether there is anything to send."""
        return bool(self._path)

    def start(self, positions: Floats, now_ns: int) -> None:
        """Stand still at positions [rad] or [m] from now on. Shape (J,)."""
        self._path = ((now_ns, positions.copy()),)
        self._setpoint = Setpoint.at_rest(positions)
        self._bends.rest(positions)
        self._eases.rest(positions)
        self._last = (positions.copy(),) * 3

    def stop(self) -> None:
        """Forget everything; nothing is sent until the next start."""
        self._path = ()

    def follow(self, positions: Floats, now_ns: int) -> None:
        """Take the gate's next setpoint, the first one as a start. Shape (J,)."""
        if not self._path:
            self.start(positions, now_ns)
            return
        before_ns, before = self._path[-1]
        positions = self.limits.angles.near(positions, before)
        if now_ns - self._late_ns > before_ns:
            # After a pause the path goes on from where it stands now, without a leap.
            self._path = *self._path[-1:], (round(now_ns - self._late_ns), before)
        self._path = *self._path[-2:], (max(self._meant_ns(now_ns), self._path[-1][0] + 1),
                                        positions)

    def _meant_ns(self, now_ns: int) -> int:
        """Return the time on the setpoints' grid: one that comes 1 ms late is no slower one."""
        due_ns = self._path[-1][0] + self._period_ns
        late_ns = now_ns - due_ns
        near = abs(late_ns) < ON_GRID * self._period_ns
        return due_ns + round(GAIN * late_ns) if near else now_ns

    @property
    def last(self) -> Floats:
        """What was sent last [rad] or [m]. Shape (J,)."""
        return self._last[1]

    def command(self, now_ns: int) -> Moving:
        """Return what to send now; call it once per cycle, after `start`.

        Args:
            now_ns: When this cycle was due, however late it comes [ns].
        """
        for step in range(1 - self._steps, 1):
            average = self._advance(now_ns + (step + 1) * self._step_ns)
            self._last = (*self._last[1:], average)
        before, now, after = self._last
        return Moving(now, (after - before) * (SECOND / (2 * self._step_ns)))

    def ahead(self, now: Moving) -> Setpoints:
        """Return a command, one more in case the next is late, and rest after that.

        The one more goes on with today's acceleration, so that a robot that is under way to it
        has not left the way when the next comes. Then all joints brake evenly, for as long as the
        one needs that needs longest.
        """
        cycle_s, step_s = (n * self._step_ns / SECOND for n in (self._steps, 1))
        before, here, after = self._last
        faster = (after - 2 * here + before) * (cycle_s / step_s ** 2)      # within a cycle
        on = now.positions + (now.velocities + faster / 2) * cycle_s
        speed = np.clip(now.velocities + faster, -self.limits.velocity, self.limits.velocity)
        braking_s = max((np.abs(speed) / self.limits.acceleration).max(), cycle_s)
        rest = on + speed * (braking_s / 2)
        positions = np.clip([now.positions, on, rest], self.limits.lower, self.limits.upper)
        velocities = np.array([now.velocities, speed, np.zeros_like(rest)])
        times_s = cycle_s, 2 * cycle_s, 2 * cycle_s + braking_s
        return Setpoints(positions, velocities, tuple(round(t * SECOND) for t in times_s))

    def _advance(self, at_ns: float) -> Floats:
        target = self._bends.add(self._on_path(at_ns - self._late_ns))
        self._setpoint, _ = advance(self._setpoint, target, self._step_ns / SECOND, self._hard)
        return self._eases.add(self._setpoint.positions)

    def _on_path(self, at_ns: float) -> Floats:
        for (from_ns, begin), (to_ns, end) in reversed([*pairwise(self._path)]):
            if at_ns > from_ns:
                return begin + min((at_ns - from_ns) / (to_ns - from_ns), 1.0) * (end - begin)
        return self._path[0][1]
