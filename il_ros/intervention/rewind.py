"""The way that the robot came, and back along it.

After RaC (Hu et al. 2025, arXiv:2509.07953), section 4: a person first recovers to states that the
policy knows, then corrects. Deviation: here the arm recovers by itself, along its own path; these
rows have a control source of their own, so that training tells recovery from correction.
"""
from __future__ import annotations

from collections import deque

from il_ros.angles import Angles
from il_ros.contract import Contract
from il_ros.types import Floats
import numpy as np

STANDING = 1e-3    # of a joint's range: a step below that is no motion
MEMORY = 1800      # rows: a minute at 30 Hz


class Rewind:
    """Remembers the positions of the last while, as far as the robot moved, and plays them back.

    Attributes:
        left: Rows to go; 0 while the arm does not rewind.
        held: Whether a dead-man switch was held when it began: letting go of it stops the arm.
    """

    def __init__(self, contract: Contract) -> None:
        self._rows: deque[Floats] = deque(maxlen=MEMORY)
        self._angles = Angles.of(contract)
        self._still = np.where(contract.is_velocity, np.inf, STANDING * contract.span)
        self._gripper, self._base = contract.is_gripper, contract.is_velocity
        self.left, self.held = 0, False

    def remember(self, positions: Floats) -> None:
        """Take in measured positions of a tick [rad] or [m]. Shape (J,)."""
        if not self._rows or (np.abs(self._angles.difference(positions, self._rows[-1]))
                              > self._still).any():
            self._rows.append(positions)

    def reach(self, rows: int) -> int:
        """Return how many of so many rows there are to go back."""
        return min(rows, len(self._rows))

    def start(self, rows: int, held: bool) -> None:
        """Begin to go back."""
        self.left, self.held = self.reach(rows), held

    def back(self, told: Floats | None) -> Floats:
        """Return the next row; grippers stay as they were told, a base stands.

        Shape (J,).
        """
        row = self._rows.pop().copy()
        row[self._base] = 0.0
        if told is not None:
            row[self._gripper] = told[self._gripper]
        self.left -= 1
        return row
