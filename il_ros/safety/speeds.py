"""The gate's positions as velocities, for joints that a robot moves by their velocity."""
from __future__ import annotations

from il_ros.angles import Angles
from il_ros.contract import Contract
from il_ros.types import Floats
import numpy as np

GAIN = 2.0   # [1/s] of what is left behind; well below 1 / (period + delay of the measurement)


class Speeds:
    """How fast each joint goes from one position to the next.

    Velocities alone would drift from the positions that the gate has judged, so a share of the
    distance to where the joint should be by now is made up for. A joint that follows gets exactly
    the velocity of the step. Nothing is faster than the contract allows.
    """

    def __init__(self, contract: Contract) -> None:
        self._limit, self._angles = contract.velocity, Angles.of(contract)

    def step(self, before: Floats, after: Floats, step_s: float) -> Floats:
        """Return the velocities of a step, of joints that turn the short way. Shape (J,)."""
        return self._angles.difference(after, before) / step_s

    def of(self, before: Floats, after: Floats, measured: Floats | None, step_s: float) -> Floats:
        """Return the velocities to send [rad/s] or [m/s]. Shape (J,).

        Args:
            before: Where the robot was told to be by now [rad] or [m]. Shape (J,).
            after: Where it is told to be after the step. Shape (J,).
            measured: Where it is; None where nobody knows. Shape (J,).
            step_s: How long the step takes [s].
        """
        wanted = self.step(before, after, step_s)
        if measured is not None:
            wanted = wanted + GAIN * self._angles.difference(before, measured)
        found: Floats = np.clip(wanted, -self._limit, self._limit)
        return found
