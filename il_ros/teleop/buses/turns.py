"""From counts of servos to positions of joints: which turn is meant, and the way over the seam.

A servo forgets its turns without power. So at the start each joint is taken to be in the turn that
lies in its range; from then on only differences count.
"""
from __future__ import annotations

from collections.abc import Sequence

from il_ros.contract.joint import TURN
from il_ros.teleop.buses.bus import COUNTS, Counts
from il_ros.teleop.buses.settings import ServoJoint
from il_ros.types import Floats
import numpy as np

BEYOND = 0.35    # of a servo's angle: so far beyond its range a joint may begin [rad]


class Turns:
    """Follows a leader's servos; pure but for what it saw last.

    Attributes:
        notice: Why there are no positions, or what was chosen; '' for nothing.
    """

    def __init__(self, servos: Sequence[ServoJoint], lower: Floats, upper: Floats) -> None:
        """Take the servos and where their joints end, infinite for those that turn without end.

        Args:
            servos: In the order of the counts.
            lower: Of each one's joint [rad] or [m]. Shape (S,).
            upper: Likewise.
        """
        ranges = [servo.range for servo in servos]
        self._lower = np.array([low if own is None else own[0]
                                for own, low in zip(ranges, lower, strict=True)])
        self._upper = np.array([high if own is None else own[1]
                                for own, high in zip(ranges, upper, strict=True)])
        self._names = [servo.name for servo in servos]
        self.way = np.array([s.scale * s.sign for s in servos]) * TURN / COUNTS
        self._zero = np.array([servo.offset for servo in servos]) * COUNTS / TURN
        self._turn = np.abs(self.way) * COUNTS
        self._beyond = self._turn * BEYOND / TURN
        self._last: Counts | None = None
        self._at = np.zeros(len(servos))
        self.notice = ''

    def restart(self) -> None:
        """Look for the turns anew: the servos were not followed for a while."""
        self._last, self.notice = None, ''

    def follow(self, counts: Counts, robot: Floats) -> Floats | None:
        """Return the positions of the joints, None while one is nowhere in its range.

        Args:
            counts: Of the servos. Shape (S,).
            robot: Where the robot's joints are [rad] or [m]. Shape (S,).
        """
        if self._last is None:
            self.notice = ''
            found = self._begin(counts, robot)
            if found is None:
                return None
            self._at = found
        else:
            steps = (counts - self._last + COUNTS // 2) % COUNTS - COUNTS // 2
            self._at = self._at + self.way * steps
            self.notice = ''
            if slipped := self._slipped():
                self.restart()
                self.notice = f'leader: {slipped} was counted in another turn: let go'
                return None
        self._last = counts
        return self._at.copy()

    def _slipped(self) -> str:
        """Return which joint is beyond its range, and less so in another turn."""
        away = np.maximum(self._at - self._upper, self._lower - self._at)
        nearer = self._turn - (self._upper - self._lower) < 2 * away   # beyond the other end
        found = np.flatnonzero((away > self._beyond) & nearer)
        return self._names[found[0]] if len(found) else ''

    def _begin(self, counts: Counts, robot: Floats) -> Floats | None:
        turn, beyond = self._turn, self._beyond
        at = self.way * (counts - self._zero)
        near = at - turn * np.round((at - robot) / turn)     # the turn nearest to the robot
        found: Floats = near.copy()
        for number, name in enumerate(self._names):
            low, high = self._lower[number], self._upper[number]
            ways = near[number] + turn[number] * np.arange(-2, 3)
            inside = [float(way) for way in ways if low <= way <= high]
            reach = [float(way) for way in ways
                     if low - beyond[number] <= way <= high + beyond[number]]
            if not reach:
                self.notice = (f'leader: {name} stands at {near[number]:.2f}, beyond its range of '
                               f'{low:.2f} to {high:.2f} in every turn: bring it there, or '
                               'il_ros device calibrate')
                return None
            among = np.array(inside or reach)
            found[number] = among[np.argmin(np.abs(among - robot[number]))]
            if len(inside) > 1 and np.isfinite(low) and np.isfinite(high):
                self.notice = (f'leader: {name} may stand at '
                               f'{" or ".join(f"{way:.2f}" for way in inside)}: taken for '
                               f'{found[number]:.2f}, the nearest to the robot')
        return found
