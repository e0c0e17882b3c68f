"""Joints that turn without end: which of the values that mean the same is meant.

A driver may report a continuous joint within one turn, or count turns; a policy, a device and the
robot may count from elsewhere. So no two such values are compared or joined but here. Everywhere
else a value is whatever its source counts; all other joints pass bit by bit as they are.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from il_ros.contract import Contract
from il_ros.contract.joint import TURN
from il_ros.types import Floats
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Angles:
    """The short way, for joint vectors in contract order.

    Attributes:
        continuous: Which joints turn without end. Shape (J,).
        lower: Lowest position, -inf where there is no limit [rad] or [m]. Shape (J,).
        upper: Highest position. Shape (J,).
    """

    continuous: NDArray[np.bool_]
    lower: Floats
    upper: Floats

    @staticmethod
    def of(contract: Contract) -> Angles:
        """Return those of a robot."""
        return Angles(contract.continuous, contract.lower, contract.upper)

    @staticmethod
    def none(joints: int) -> Angles:
        """Return those of so many joints of which none turns without end."""
        return Angles(np.zeros(joints, bool), np.full(joints, -np.inf), np.full(joints, np.inf))

    def columns(self, kept: Sequence[int]) -> Angles:
        """Return those of some of the joints."""
        return Angles(self.continuous[kept], self.lower[kept], self.upper[kept])

    @property
    def any(self) -> bool:
        """Whether any joint turns without end."""
        return bool(self.continuous.any())

    def near(self, values: Floats, reference: Floats) -> Floats:
        """Return values with the whole turns that bring them nearest to a reference.

        Args:
            values: [rad] or [m]. Shape (..., J).
            reference: Shape (..., J).
        """
        if not self.any:
            return values
        turns = np.where(self.continuous, np.round((values - reference) / TURN), 0.0)
        found: Floats = values - TURN * turns
        return found

    def difference(self, a: Floats, b: Floats) -> Floats:
        """Return a - b along the short way, within half a turn. Shape (..., J)."""
        return self.near(a, b) - b

    def reachable(self, values: Floats, reference: Floats) -> Floats:
        """Return `near`, or where a limit stands in that way, what can be reached the other way.

        Values that are outside however they are counted stay outside, on the near side.

        Args:
            values: [rad] or [m]. Shape (..., J).
            reference: Shape (..., J).
        """
        if not self.any:
            return values
        found = self.near(values, reference)
        beyond = np.maximum(np.ceil((found - self.upper) / TURN), 0.0) - np.maximum(
            np.ceil((self.lower - found) / TURN), 0.0)
        other = found - TURN * np.where(self.continuous & np.isfinite(beyond), beyond, 0.0)
        inside = (self.lower <= other) & (other <= self.upper)
        return np.where(self.continuous & inside, other, found)

    def along(self, rows: Floats, start: Floats) -> Floats:
        """Return rows of which each is nearest to the one before, the first to `start`.

        So a chunk may go on over several turns.

        Args:
            rows: One after the other [rad] or [m]. Shape (..., N, J).
            start: Shape (..., J).
        """
        if not self.any or not rows.shape[-2]:
            return rows
        before = np.concatenate([start[..., None, :], rows[..., :-1, :]], -2)
        turns = np.cumsum(np.round((rows - before) / TURN), -2)
        found: Floats = rows - (TURN * np.where(self.continuous, turns, 0.0)).astype(rows.dtype)
        return found
