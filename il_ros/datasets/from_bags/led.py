"""A bag in which a person led the arm by hand, for all of it or a part."""
from __future__ import annotations

from collections.abc import Mapping

from il_ros.bags.reader import Bag, Stamped
from il_ros.datasets.from_bags.commanded import Commanded, REPORT
from il_ros.datasets.from_bags.partly_shown import PartlyShown
from il_ros.datasets.from_bags.shown import Shown
from il_ros.timing import to_ns
from il_ros.types import Floats, GUIDED, GUIDED_RULE

ONCE = ('a person led the arm by hand, and the hand is in its pictures: il_ros replay --ros shows '
        'it again without; or take it as it is: --shown {lead_s:g}')


class Led(PartlyShown):
    """Commands; while the gate says that a person leads, the arm's are where it was a lead later.

    The gripper's are what it was told, or where it was, too, if it was told nothing.
    """

    guided = True

    def __init__(self, bag: Bag, lead_s: float) -> None:
        """Read the states.

        Args:
            bag: The episode.
            lead_s: By how much the robot is behind its commands.
        """
        contract = bag.contract
        super().__init__(bag, {name: to_ns(lead_s) for name, grips in zip(
            contract.joint_names, contract.is_gripper, strict=True) if not grips})
        self._leads = False

    def push(self, stamped: Stamped) -> None:
        """Take a message, and of a report who leads."""
        super().push(stamped)
        if stamped.topic == REPORT and len(stamped.message.sent):
            self._leads = str(stamped.message.rule) == GUIDED_RULE
            if self._leads:
                self.source = GUIDED

    def action(self, state: Floats, due_ns: int) -> Floats | None:
        """Return where the arm went while it was led, else what it was told. Shape (J,)."""
        if self._leads:
            return super().action(state, due_ns)
        return Commanded.action(self, state, due_ns)


def commands_of(bag: Bag, shown_s: float | Mapping[str, float] | None = None) -> Commanded | Shown:
    """Return what a bag says that the robot was told.

    Args:
        bag: The episode.
        shown_s: By how much it was told less than measured, of all joints or of some, where a
            person says so; as the bag itself has it when None.

    Raises:
        BagError: It does not say it.
    """
    if isinstance(shown_s, Mapping):
        return PartlyShown(bag, {joint: to_ns(seconds) for joint, seconds in shown_s.items()})
    if shown_s is not None:
        return Shown(bag, to_ns(shown_s))
    return Led(bag, bag.info.led.lead_s) if bag.info.led.lead_s else Commanded(bag)
