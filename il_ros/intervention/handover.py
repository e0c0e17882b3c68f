"""How a device that stands elsewhere than the robot comes to drive it: three styles, none blocks.

    clutch   the device's motion since it engaged is added to the robot's pose
    leader   the robot waits until the device has come to it; an actuated device is told where
    blend    the robot goes to the device, slowly

A device that engages next to the robot drives at once in every style. The gripper is no part of
the distance: a device elsewhere picks it up when it moves its own or stands where the robot's is,
so that a take-over never drops what the robot holds. Nor is a base: it goes as fast as the device
says, in every style.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from il_ros.contract import Contract
from il_ros.safety.limiter import advance, Setpoint
from il_ros.safety.limits import Limits
from il_ros.timing import to_s
from il_ros.types import Floats
import numpy as np

BLEND_SHARE = 0.3     # of the velocity limits, while the robot goes to the device
CLOSER = 0.25         # the robot comes this much closer than a device has to
PICK_UP = 0.1         # of the gripper's range


@dataclass(frozen=True)
class Joined:
    """What a device's targets mean for the robot.

    Attributes:
        positions: Row for the robot; None: it stays where it is [rad] or [m]. Shape (J,).
        aligned: Whether the device drives.
    """

    positions: Floats | None
    aligned: bool


class Handover(Protocol):
    """Joins one device to the robot, from the moment it engages.

    Attributes:
        haptic: Whether an actuated device is to follow the robot while it does not drive.
    """

    haptic: bool

    def begin(self, device: Floats, measured: Floats, told: Floats) -> str:
        """Begin anew.

        Args:
            device: What the device commands [rad] or [m]. Shape (J,).
            measured: Where the robot is [rad] or [m]. Shape (J,).
            told: What it was told last [rad] or [m]. Shape (J,).

        Returns:
            What has to happen before the device drives; '' if it drives at once.
        """

    def follow(self, device: Floats) -> Joined:
        """Return the row for the next tick. `device` has shape (J,)."""


class _Joining:
    """What the styles share.

    Args:
        contract: The robot.
        within_s: How far device and robot may be apart: what a joint covers in that time at its
            velocity limit [s].
    """

    haptic = False

    def __init__(self, contract: Contract, within_s: float) -> None:
        self._limits = Limits.of(contract)
        self._names = contract.joint_names
        self._gripper, self._base = np.flatnonzero(contract.is_gripper), contract.is_velocity
        self._within = np.where(contract.is_gripper | self._base, np.inf,
                                within_s * contract.velocity)
        self._aligned = False
        self._picked_up = np.ones(len(self._gripper), dtype=bool)
        self._grip = self._first = np.zeros(len(self._gripper))

    def _start(self, device: Floats, measured: Floats, told: Floats) -> str:
        self._aligned = self._near(device, measured)
        self._picked_up[:] = self._aligned
        self._grip, self._first = told[self._gripper], device[self._gripper]
        away = np.abs(self._limits.angles.difference(device, measured))
        far = int(np.argmax(away / self._within))
        return '' if self._aligned else f'{self._names[far]} is {away[far]:.2f} away'

    def _near(self, device: Floats, robot: Floats, share: float = 1.0) -> bool:
        away = np.abs(self._limits.angles.difference(device, robot))
        return bool((away <= share * self._within).all())

    def _with_gripper(self, device: Floats, positions: Floats) -> Floats:
        at = device[self._gripper]
        near = PICK_UP * (self._limits.upper - self._limits.lower)[self._gripper]
        self._picked_up |= (np.abs(at - self._grip) <= near) | (np.abs(at - self._first) > near)
        positions = positions.copy()
        positions[self._gripper] = np.where(self._picked_up, at, self._grip)
        return positions


class Clutch(_Joining):
    """Relative: for devices whose pose means nothing, or that cannot go where the robot is."""

    def begin(self, device: Floats, measured: Floats, told: Floats) -> str:
        """Begin anew; see `Handover`. Never has to wait."""
        self._start(device, measured, told)
        told = self._limits.angles.near(told, measured)
        lags = np.abs(told - measured) <= self._limits.jump   # else nothing was sent of late
        self._offset = np.where(self._base, 0.0, np.where(lags, told, measured) - device)
        return ''

    def follow(self, device: Floats) -> Joined:
        """Return the row for the next tick; a limit takes the offset along, without a dead way."""
        positions = np.clip(device + self._offset, self._limits.lower, self._limits.upper)
        self._offset = np.where(self._base, 0.0, positions - device)
        return Joined(self._with_gripper(device, positions), True)


class Leader(_Joining):
    """The device comes to the robot: by its own motors towards `teleop/target`, or by hand."""

    haptic = True

    def begin(self, device: Floats, measured: Floats, told: Floats) -> str:
        """Begin anew; see `Handover`."""
        self._robot = measured
        apart = self._start(device, measured, told)
        return apart and f'bring the device to the robot: {apart}'

    def follow(self, device: Floats) -> Joined:
        """Return the device's row once it has been near; the robot waits until then."""
        self._aligned = self._aligned or self._near(device, self._robot)
        return Joined(self._with_gripper(device, device) if self._aligned else None, self._aligned)


class Blend(_Joining):
    """The robot goes to the device, at a share of its velocity limits."""

    def __init__(self, contract: Contract, within_s: float) -> None:
        super().__init__(contract, within_s)
        self._dt_s = to_s(contract.period_ns)
        self._slow = replace(self._limits, velocity=BLEND_SHARE * self._limits.velocity)

    def begin(self, device: Floats, measured: Floats, told: Floats) -> str:
        """Begin anew; see `Handover`."""
        self._setpoint = Setpoint.at_rest(self._limits.inside(measured))
        apart = self._start(device, measured, told)
        return apart and f'the robot goes to the device: {apart}'

    def follow(self, device: Floats) -> Joined:
        """Return the next step of the way to the device, or its row once the robot is there."""
        self._aligned = self._aligned or self._near(device, self._setpoint.positions, CLOSER)
        if self._aligned:
            return Joined(self._with_gripper(device, device), True)
        goal = self._limits.inside(self._with_gripper(device, device), self._setpoint.positions)
        self._setpoint, _ = advance(self._setpoint, goal, self._dt_s, self._slow)
        return Joined(self._setpoint.positions, False)


HANDOVERS: dict[str, Callable[[Contract, float], Handover]] = {
    'clutch': Clutch, 'leader': Leader, 'blend': Blend}
