"""The human side of the arbiter: the devices, how one joins the robot, and when it lets go."""
from __future__ import annotations

from il_ros.angles import Angles
from il_ros.contract import Contract
from il_ros.intervention.handover import HANDOVERS, Joined
from il_ros.intervention.operators import Operators, Sample
from il_ros.intervention.settings import Settings
from il_ros.timing import MILLISECOND
from il_ros.types import Floats, Request
import numpy as np

RELEASE_NS = 100 * MILLISECOND   # who lets go or hands back for less than that did not


class Human:
    """`operators.Operators` joined to the robot by a hand-over style."""

    def __init__(self, contract: Contract, settings: Settings) -> None:
        motion = None
        if settings.take_over_motion:
            motion = np.where(contract.is_gripper | contract.is_velocity, np.inf,
                              settings.take_over_motion)
        self._angles = Angles.of(contract)
        self._turns = np.zeros(len(contract.joints))  # from the device's count to the robot's
        self._operators = Operators(contract.joint_names, settings.silent_ns, motion,
                                    self._angles)
        self._handover = HANDOVERS[settings.handover](contract, settings.align_s)
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

    @property
    def haptic(self) -> bool:
        """Whether an actuated device is to follow the robot while it does not drive."""
        return self._handover.haptic

    def add(self, sample: Sample, now_ns: int, robot: Floats | None) -> bool:
        """Take in a sample; return whether its device began to engage; see `Operators.add`."""
        self._handed_back |= sample.request == Request.HAND_BACK
        return self._operators.add(sample, now_ns, robot)

    def join(self, measured: Floats, told: Floats | None) -> str:
        """Begin to hand the robot to the engaged device; see `Handover.begin`."""
        device = self._operators.positions()
        assert device is not None
        self._turns = self._angles.near(device, measured) - device
        return self._handover.begin(device + self._turns, measured,
                                    measured if told is None else told)

    def follow(self) -> Joined | None:
        """Return what the engaged device asks of the robot, None when none is engaged."""
        device = self._operators.positions()
        return None if device is None else self._handover.follow(device + self._turns)

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
