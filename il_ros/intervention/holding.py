"""Where the arm is held while nobody drives."""
from __future__ import annotations

from il_ros.contract import Contract
from il_ros.safety.limits import Limits
from il_ros.types import Floats


class Holding:
    """The position of the moment at which holding began, within the limits.

    A gripper stays where it was told to be: an opened one would drop what it holds. A base
    stands still.
    """

    def __init__(self, contract: Contract) -> None:
        self._limits = Limits.of(contract)
        self._gripper, self._base = contract.is_gripper, contract.is_velocity
        self._held: Floats | None = None

    def release(self) -> None:
        """Begin anew with the next `hold`."""
        self._held = None

    def hold(self, measured: Floats, told: Floats | None, follow: bool) -> Floats:
        """Return the row that holds the arm.

        Args:
            measured: Where the robot is [rad] or [m]. Shape (J,).
            told: What it was told last, if anything [rad] or [m]. Shape (J,).
            follow: Whether the row follows the robot: nothing is sent to it anyway.
        """
        if self._held is None or follow:
            self._held = self._limits.inside(measured)
            self._held[self._base] = 0.0
            if told is not None and not follow:
                self._held[self._gripper] = told[self._gripper]
        return self._held
