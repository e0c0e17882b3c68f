"""Two devices, one in each hand: each moves an arm, together they say all joints."""
from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from il_ros.angles import Angles
from il_ros.contract import Contract
from il_ros.teleop.device import Device, DeviceContext, Intent
from il_ros.teleop.parts import BASE, keep_still
from il_ros.types import Floats, Request
import numpy as np

NEAR_S = 0.1                # what a joint covers in that time: so near an arm a device joins
HANDS = ('left', 'right')   # as the gamepads of two devices are called, whatever the arms are


class _Side(NamedTuple):
    """A device, the hand that it is in, the arm that it moves, and its columns."""

    hand: str
    arm: str
    device: Device
    columns: list[int]


class BiDevice:
    """Two devices as one: engaged while either is; the arm of the one that is not holds.

    A request of either (pause, rewind, another robot) lets go of both until both were released.
    Handing back with one while the other drives lets go of its own arm alone. An absolute device
    that joins while the other one drives waits until it is brought to its arm: the hand-over of
    the arbiter is past by then. A device that falls
    silent while it drives silences both: nobody knows any more what two hands on one object want.
    A base goes with the left device. A topic that both want becomes one in the namespace of each
    hand, as left/joy and right/joy.
    """

    def __init__(self, contract: Contract, left: Device, right: Device,
                 arms: tuple[str, str]) -> None:
        """Take the devices.

        Args:
            contract: The robot.
            left: Moves the first of the arms, and the base.
            right: Moves the second.
            arms: Names of the arms.
        """
        base = np.flatnonzero(contract.is_velocity).tolist()
        columns = [contract.indices(contract.arm(arm).all_joints) for arm in arms]
        self._sides = (_Side(HANDS[0], arms[0], left, columns[0] + base),
                       _Side(HANDS[1], arms[1], right, columns[1]))
        self._contract = contract
        self._near = np.where(contract.is_gripper | contract.is_velocity, np.inf,
                              NEAR_S * contract.velocity)
        self._angles = Angles.of(contract)
        self.name = f'{left.name}_{right.name}'
        twice = {i.topic for i in left.wants} & {i.topic for i in right.wants}
        self.wants = tuple(i._replace(
            name=f'{side.hand}/{i.name}',
            topic=f'{side.hand}/{i.topic}' if i.topic in twice and not i.of_robot else i.topic)
            for side in self._sides for i in side.device.wants)
        self.absolute = left.absolute or right.absolute
        self.notice = ''
        self._told: Floats | None = None   # while either drives
        self._drove: set[str] = set()      # the arms that were driven at the last reading
        self._lost = self._let_go = False

    def read(self, context: DeviceContext) -> Intent | None:
        """Return what both want, None while one that drove cannot tell; see `Device`."""
        intents = {side.arm: side.device.read(_for(side.hand, context)) for side in self._sides}
        self.notice = '; '.join(f'{side.arm}: {side.device.notice}' for side in self._sides
                                if side.device.notice)
        known = {arm: intent for arm, intent in intents.items() if intent is not None}
        engaged = {arm for arm, intent in known.items() if intent.engaged}
        self._lost = bool(self._drove - known.keys()) or (self._lost and bool(engaged))
        if self._lost or not known:
            self._drove, self._told = set(), None
            return None
        request = max((intent.request for intent in known.values()),
                      key=lambda asked: (asked is Request.PAUSE, asked))
        switch = any(intent.switch for intent in known.values())
        if request is Request.HAND_BACK and engaged:
            request = Request.NONE
        self._let_go = (self._let_go or switch or request in (Request.PAUSE, Request.REWIND)) and (
            bool(engaged))
        capture = next((i.capture for i in known.values() if i.capture), None)
        driving = set() if self._let_go else engaged - self._away(known, engaged, context.state)
        self._drove = driving
        return Intent(bool(driving), self._positions(context.state, known, driving), request,
                      capture, switch, self._parts(driving))

    def reset(self, seed: int) -> None:
        """Let go of both; the seed goes to both."""
        self._told, self._drove = None, set()
        for side in self._sides:
            side.device.reset(seed)

    def close(self) -> None:
        """Give both back."""
        for side in self._sides:
            side.device.close()

    def _parts(self, driving: set[str]) -> frozenset[str]:
        first = self._sides[0].arm
        base = {BASE} if first in driving and self._contract.is_velocity.any() else set()
        return frozenset(driving | base)

    def _away(self, known: dict[str, Intent], engaged: set[str], state: Floats) -> set[str]:
        """Return the arm whose absolute device wants to join the other one from elsewhere."""
        found: set[str] = set()
        for side in self._sides:
            if self._told is None or not side.device.absolute or (
                    side.arm not in engaged - self._drove):
                continue
            away = np.abs(self._angles.difference(known[side.arm].positions, state))
            far = side.columns[int(np.argmax((away / self._near)[side.columns]))]
            if away[far] > self._near[far]:
                found.add(side.arm)
                self.notice = (f'{side.arm}: bring the device to the arm: '
                               f'{self._contract.joint_names[far]} is {away[far]:.2f} away')
        return found

    def _positions(self, state: Floats, known: dict[str, Intent], driving: set[str]) -> Floats:
        base = self._contract.is_velocity
        if not driving:
            self._told = None
            shown = np.where(base, 0.0, state)
            for side in self._sides:
                if side.device.absolute and side.arm in known:
                    shown[side.columns] = known[side.arm].positions[side.columns]
            return shown
        told = keep_still(self._contract, state) if self._told is None else self._told
        self._told = np.where(base, 0.0, told)
        for side in self._sides:
            if side.arm in driving:
                self._told[side.columns] = known[side.arm].positions[side.columns]
        return self._told.copy()


def _for(hand: str, context: DeviceContext) -> DeviceContext:
    """Return what the device in one hand may know: what it hears by its names, its own switch."""
    heard = {name.removeprefix(f'{hand}/'): found for name, found in context.heard.items()
             if name.startswith(f'{hand}/')}
    held = context.dead_man
    return replace(context, heard=heard, dead_man=None if held is None else (
        held or hand in context.hands))


def parts_of(contract: Contract, arms: tuple[str, str]) -> list[tuple[str, ...]]:
    """Return what each of two devices moves."""
    base = (BASE,) if contract.is_velocity.any() else ()
    return [(arms[0], *base), (arms[1],)]
