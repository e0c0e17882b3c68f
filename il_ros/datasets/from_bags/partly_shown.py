"""Commands for some joints, and for the others where they went."""
from __future__ import annotations

from collections.abc import Mapping

from il_ros.bags.reader import Bag
from il_ros.datasets.from_bags.commanded import Commanded
from il_ros.datasets.from_bags.shown import Shown
from il_ros.types import Floats
import numpy as np


class PartlyShown(Commanded):
    """What the robot was told, but for joints of which only their motion was recorded.

    That is a gripper whose action server leaves no topic: its action is where it was a little
    later, as of a `Shown` arm.
    """

    guided = True

    def __init__(self, bag: Bag, later_ns: Mapping[str, int]) -> None:
        """Read the states, and choose the commands of the other joints.

        Args:
            bag: The episode.
            later_ns: By how much the action is later than the observation, per joint that was
                shown [ns].

        Raises:
            BagError: As `Shown` and `Commanded`.
        """
        self._shown = Shown(bag, later_ns)
        super().__init__(bag, later_ns)
        self._is_shown = np.array([name in later_ns for name in bag.contract.joint_names])

    def action(self, state: Floats, due_ns: int) -> Floats | None:
        """Return what each joint was told, or where it went; None where it was not measured."""
        told = super().action(state, due_ns)
        shown = self._shown.positions(due_ns)
        if told is None or not np.isfinite(shown[self._is_shown]).all():
            return None
        return np.where(self._is_shown, shown, told)
