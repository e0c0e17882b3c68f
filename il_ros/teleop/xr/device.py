"""Teleoperation with a headset or phone: the tool goes as a controller or hand goes."""
from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
import time
from typing import Protocol

from il_ros.contract import Arm, Contract
from il_ros.errors import ConfigError, install
from il_ros.teleop.bi_device import BiDevice
from il_ros.teleop.device import Capture, Device, DeviceContext, Intent
from il_ros.teleop.hand import Pace
from il_ros.teleop.inputs import Input, Pose
from il_ros.teleop.parts import keep_still, may_hold
from il_ros.teleop.switch import PEDAL, Switch
from il_ros.teleop.tool_follow import ToolFollow
from il_ros.teleop.xr.frames import A, B, HANDS, STICK
from il_ros.teleop.xr.settings import XrSettings
from il_ros.teleop.xr.tracking import HandSaid, Said
from il_ros.types import Floats, Request
import numpy as np

TAKES = 0.1                    # of the gripper's range: so near the trigger takes it up
PULSE = {'strength': 0.7, 'ms': 300}


class Link(Protocol):
    """To the page.

    Attributes:
        said: What it says now.
    """

    @property
    def said(self) -> Said:
        """What the page says now."""

    def tell(self, message: Mapping[str, object]) -> None:
        """Send the page something, soon; never blocks."""

    def close(self) -> None:
        """Give it back."""


class XrHand:
    """The tool of one arm goes as one hand goes while its squeeze is held; see `Device`.

    Trigger: gripper. A record and, when it was pressed before, success; B pause. The other hand: X
    failure, Y discard. A stick pressed: of several robots, another one. Whatever goes wrong with
    tracking lets go: squeeze anew.
    """

    name = 'xr'
    wants: tuple[Input, ...] = ()
    absolute = False

    def __init__(self, contract: Contract, arm: Arm, hand: str, settings: XrSettings, link: Link,
                 listens: Collection[str] = HANDS, robots: int = 1,
                 clock: Callable[[], int] = time.monotonic_ns) -> None:
        """Take what moves, and what moves it.

        Args:
            contract: The robot.
            arm: Of the robot.
            hand: Name of the hand that moves it.
            settings: Of the device.
            link: To the page.
            listens: The hands whose buttons count here.
            robots: How many robots the operator drives in turn.
            clock: Steady time [ns].

        Raises:
            ConfigError: The contract's URDF does not fit.
        """
        self.notice, self._contract, self._link, self._clock = '', contract, link, clock
        self._hand, self._listens, self._robots = hand, listens, robots
        self._main = settings.hand
        self._parts = frozenset((arm.name,))
        self._follow = ToolFollow(contract, arm, settings.following)
        self._columns, self._gripper = contract.indices(arm.joints), arm.gripper
        self._grip = contract.indices([self._gripper.joint])[0] if self._gripper else -1
        self._switch, self._pace = Switch(PEDAL), Pace()
        self._told: Floats | None = None     # while a person drives
        self._share, self._taken = 0.0, False
        self._records, self._asked, self._notes = False, '', 0
        self._know(link.said)

    def _know(self, said: Said) -> None:
        """Take what happened by now for known."""
        self._losses = said.hands[self._hand].losses
        self._presses = {name: said.hands[name].presses for name in self._listens}

    def read(self, context: DeviceContext) -> Intent | None:
        """Return where the tool shall go, None while the hand is not seen."""
        dt_s = self._pace.step_s(context.now_ns)
        said = self._link.said
        hand = said.hands[self._hand]
        pose = hand.pose if hand.counts(self._clock()) else None
        self.notice = self._problem(said, hand, pose)
        if pose is None or hand.losses != self._losses:
            self._switch.let_go()
        pressed = self._pressed(said)
        self._know(said)
        self._ask(context)
        request = Request.PAUSE if (self._main, B) in pressed else Request.NONE
        switch = self._robots > 1 and any(button == STICK for _, button in pressed)
        if request or switch:
            self._switch.let_go()
        # Nobody saw whether a squeeze was let go of while the hand was not seen.
        held = (hand.held or pose is None) if context.dead_man is None else context.dead_man
        engaged = self._switch.read(held) and pose is not None
        if engaged != (self._told is not None):
            self._link.tell({'hand': self._hand, 'drives': engaged})
        if not engaged or pose is None:
            self._told = None
            if pose is None and not (request or switch):
                return None
            rest = np.where(self._contract.is_velocity, 0.0, context.state)
            return Intent(False, rest, request, self._capture(pressed), switch)
        return Intent(True, self._go(context, hand, pose, dt_s), request,
                      self._capture(pressed), switch, self._parts)

    def reset(self, seed: int) -> None:
        """Let go until it is squeezed anew; the seed plays no part."""
        self._switch.let_go()
        self._know(self._link.said)

    def close(self) -> None:
        """Give the page back."""
        self._link.close()

    def _problem(self, said: Said, hand: HandSaid, pose: Pose | None) -> str:
        fresh, self._notes = said.notes != self._notes, said.notes
        if said.waiting:
            return f'xr: {said.waiting}'
        lost = hand.losses != self._losses and self._told is not None
        if pose is None or lost:
            why = hand.why if hand.pose is None or lost else (
                'nothing comes any more: out of reach, or the headset was taken off')
            return f'xr: {self._hand} hand: {why}: let go; squeeze anew'
        return f'xr: {said.note}' if fresh else ''

    def _pressed(self, said: Said) -> set[tuple[str, int]]:
        """Return the buttons pressed since the last reading, each with its hand."""
        found = set()
        for name, before in self._presses.items():
            for button, count in enumerate(said.hands[name].presses):
                if count > (before[button] if button < len(before) else 0):
                    found.add((name, button))
        return found

    def _capture(self, pressed: set[tuple[str, int]]) -> Capture | None:
        if (self._main, A) in pressed:
            self._records = not self._records
            return Capture.START if self._records else Capture.SUCCESS
        ends = {button for name, button in pressed if name != self._main}
        if not ends & {A, B}:
            return None
        self._records = False
        return Capture.FAILURE if A in ends else Capture.DISCARD

    def _ask(self, context: DeviceContext) -> None:
        """Let the controller tremble when somebody begins to ask for the operator."""
        asked = context.help or ', '.join(context.asking)
        if asked and asked != self._asked:
            self._link.tell({'pulse': {'hand': self._hand, **PULSE}, 'say': f'help: {asked}'})
        self._asked = asked

    def _go(self, context: DeviceContext, hand: HandSaid, pose: Pose, dt_s: float) -> Floats:
        arm = context.state[self._columns]
        if self._told is None:
            self._told = keep_still(self._contract, context.state)
            self._follow.start(arm, pose)
            if self._gripper:
                self._taken = False
                self._share = float(may_hold(self._gripper, context.state[self._grip]))
        self._told[self._columns] = self._follow.move(arm, pose, dt_s)
        if gripper := self._gripper:
            if context.grip:
                self._share, self._taken = float(self._share < 0.5), False
            # What is held would fall if the gripper went at once to where the trigger is.
            self._taken |= abs(hand.share - self._share) <= TAKES
            self._share = hand.share if self._taken else self._share
            self._told[self._grip] = gripper.open + self._share * (gripper.closed - gripper.open)
        return self._told.copy()


def open_xr(contract: Contract, settings: XrSettings, parts: Collection[str] = (),
            robots: int = 1) -> Device:
    """Return the device: one hand for one arm, both for two; the page is served from now on.

    Raises:
        ConfigError: The robot has no arm that a hand can lead, or the page cannot be served.
    """
    arms = [arm for arm in contract.arms if not parts or arm.name in parts][:2]
    if not arms or not contract.urdf or not all(arm.tip for arm in arms):
        raise ConfigError(f'xr: the contract of {contract.robot!r} needs a URDF, and an arm with '
                          'a tip that follows the hand')
    try:
        from il_ros.teleop.xr.lease import lease
    except ModuleNotFoundError as error:
        raise ConfigError(f'xr needs {error.name}: {install("xr", error.name or "")}') from None
    s = settings
    if len(arms) == 1:
        return XrHand(contract, arms[0], s.hand, s, lease(s.listen, s.port, s.tls, s.hand),
                      robots=robots)
    left, right = (XrHand(contract, arm, hand, s, lease(s.listen, s.port, s.tls, s.hand), (hand,),
                          robots)
                   for arm, hand in zip(arms, HANDS, strict=True))
    both = BiDevice(contract, left, right, (arms[0].name, arms[1].name))
    both.name = 'xr'
    return both
