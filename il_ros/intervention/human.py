"""The human side of the arbiter: the devices, how one joins the robot, and when it lets go."""
from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from il_ros.angles import Angles
from il_ros.contract import Contract
from il_ros.intervention.handover import Handover, HANDOVERS
from il_ros.intervention.operators import Operators, Sample
from il_ros.intervention.settings import Settings
from il_ros.intervention.shares import Mask, Shares
from il_ros.timing import MILLISECOND
from il_ros.types import Floats, Request
import numpy as np

RELEASE_NS = 100 * MILLISECOND   # who lets go or hands back for less than that did not


@dataclass(frozen=True)
class Led:
    """What the engaged device asks of the robot.

    Attributes:
        positions: [rad] or [m]. Shape (J,).
        columns: Which of them count; where it drives nothing yet, the robot waits. Shape (J,).
        aligned: Whether all that the device drives goes as it says.
    """

    positions: Floats
    columns: Mask
    aligned: bool


@dataclass
class _Join:
    columns: Mask       # that began together and that the device has driven since
    rest: Floats        # where the others were then
    handover: Handover


class Human:
    """`operators.Operators` joined to the robot by a hand-over style.

    Attributes:
        shares: What of the robot a device may drive.
        taken: Which joints a person has taken since control began to be theirs. Shape (J,).
        haptic: Whether an actuated device is to follow the robot while it does not drive.
    """

    def __init__(self, contract: Contract, settings: Settings) -> None:
        motion = None
        if settings.take_over_motion:
            motion = np.where(contract.is_gripper | contract.is_velocity, np.inf,
                              settings.take_over_motion)
        self._angles = Angles.of(contract)
        self._turns = np.zeros(len(contract.joints))  # from the device's count to the robot's
        self.shares = Shares(contract)
        self._operators = Operators(self.shares, settings.silent_ns, motion, self._angles)
        self._make = partial(HANDOVERS[settings.handover], contract, settings.align_s)
        self._joins: list[_Join] = []
        self.taken = self.shares.none
        self.haptic = self._make().haptic
        self._handed_back = False
        self._released_ns: int | None = None

    @property
    def engaged(self) -> bool:
        """Whether the driving device is engaged, as far as it was heard."""
        return self._operators.engaged

    @property
    def name(self) -> str:
        """The driving device; 'operator' for none."""
        return self._operators.name or 'operator'

    def add(self, sample: Sample, now_ns: int, robot: Floats | None) -> Mask:
        """Take in a sample; return what its device begins to drive; see `Operators.add`."""
        self._handed_back |= sample.request == Request.HAND_BACK
        return self._operators.add(sample, now_ns, robot)

    def join(self, measured: Floats, told: Floats | None, begins: Mask | None = None,
             anew: bool = True) -> str:
        """Begin to hand joints of the robot to the engaged device; see `Handover.begin`.

        Args:
            measured: Where the robot is [rad] or [m]. Shape (J,).
            told: What it was told last, if anything [rad] or [m]. Shape (J,).
            begins: The joints; all that the device drives when None. Shape (J,).
            anew: No joint was taken before.
        """
        device = self._operators.positions()
        assert device is not None
        begins = self._operators.driven if begins is None else begins
        device = np.where(begins, device, measured)
        turns = self._angles.near(device, measured) - device
        self._turns = np.where(begins, turns, self._turns)
        for join in self._joins:
            join.columns &= ~begins
        join = _Join(begins.copy(), measured, self._make())
        self._joins = [*([] if anew else [j for j in self._joins if j.columns.any()]), join]
        self.taken = begins | self.taken & (not anew)
        return join.handover.begin(device + turns, measured, measured if told is None else told)

    def follow(self) -> Led | None:
        """Return what the engaged device asks of the robot, None when none is engaged."""
        device = self._operators.positions()
        if device is None:
            return None
        row, columns, aligned = np.zeros(len(device)), self.shares.none, True
        for join in self._joins:
            join.columns &= self._operators.driven
            if not join.columns.any():
                continue
            found = join.handover.follow(np.where(join.columns, device + self._turns, join.rest))
            aligned = aligned and found.aligned
            if found.positions is not None:
                row = np.where(join.columns, found.positions, row)
                columns = columns | join.columns
        return Led(row, columns, aligned)

    def age_ns(self, now_ns: int) -> int:
        """Return how long ago the driving device was heard; 0 where none drives."""
        return self._operators.age_ns(now_ns)

    def silent_ns(self, now_ns: int) -> int:
        """Return for how long the driving device is silent; 0 within the accepted time."""
        return self._operators.silent_ns(now_ns)

    def give_up(self) -> str:
        """Let nobody drive until a device begins to engage; return the name of who drove."""
        name = self.name
        self._operators.give_up()
        return name

    def held(self, now_ns: int) -> str:
        """Return which device is engaged and was heard just now, '' for none."""
        return self._operators.held(now_ns)

    def forget_silent(self, now_ns: int) -> None:
        """Take engaged devices that are silent for such as were never heard."""
        self._operators.forget_silent(now_ns)

    def restart(self, keep_moved: bool = True) -> None:
        """Begin anew to look for a release.

        Args:
            keep_moved: Devices that took over by being moved stay engaged.
        """
        self._released_ns, self._handed_back = None, False
        if not keep_moved:
            self._operators.let_go_of_moved()

    def let_go(self, now_ns: int) -> str:
        """Return how the device in control let go, '' while it has not for long enough."""
        if self.engaged:
            self.restart()
        elif self._released_ns is None:
            self._released_ns = now_ns
        elif now_ns - self._released_ns >= RELEASE_NS:
            return f'{self.name} {"handed back" if self._handed_back else "released"}'
        return ''
