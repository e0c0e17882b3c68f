"""Where the robot, or what of it nobody drives, is held."""
from __future__ import annotations

from il_ros.contract import Contract
from il_ros.safety.limits import Limits
from il_ros.types import Floats
import numpy as np
from numpy.typing import NDArray


class Holding:
    """The position of the moment at which holding a joint began, within the limits.

    A gripper stays where it was told to be: an opened one would drop what it holds. A base
    stands still.
    """

    def __init__(self, contract: Contract) -> None:
        self._limits = Limits.of(contract)
        self._gripper, self._base = contract.is_gripper, contract.is_velocity
        self._held: Floats = np.full(len(contract.joints), np.nan)

    def release(self) -> None:
        """Begin anew with the next `hold`."""
        self._held[:] = np.nan

    def hold(self, columns: NDArray[np.bool_], measured: Floats, told: Floats | None,
             follow: bool) -> Floats:
        """Return the row that holds some joints; NaN stands for the others. Shape (J,).

        Args:
            columns: The joints to hold. Shape (J,).
            measured: Where the robot is [rad] or [m]. Shape (J,).
            told: What it was told last, if anything [rad] or [m]. Shape (J,).
            follow: Whether the row follows the robot: nothing is sent to it anyway.
        """
        start = self._limits.inside(measured)
        start[self._base] = 0.0
        if told is not None and not follow:
            start[self._gripper] = told[self._gripper]
        held = np.where(np.isnan(self._held) | follow, start, self._held)
        self._held = np.where(columns, held, np.nan)
        return self._held
