"""The parts of a robot that an operator moves one at a time: an arm with its gripper, the base."""
from __future__ import annotations

from typing import Protocol

from il_ros.contract import Arm, Contract, Gripper
from il_ros.contract.integrated import TWIST_FIELDS
from il_ros.teleop.jog import Jog, JointJog
from il_ros.types import Floats
import numpy as np

HELD = 0.25          # share of the gripper's range from open that may mean a held object
BASE_SHARE = 0.5     # of a base's velocity limits, at full speed
BASE = 'base'
KEYS = ('w/s x', 'a/d y', 'r/f z', 'j/l roll', 'i/k pitch', 'q/e yaw')   # as `TWIST_FIELDS`


class Part(Protocol):
    """Some columns of the robot, moved by shares of full speed.

    Attributes:
        name: For people.
        columns: Where its values stand in every vector.
        axes: Which keys move it.
        grip: Column of its gripper, None where it has none.
        closed: Whether its gripper is told to close.
    """

    name: str
    columns: list[int]
    axes: str
    grip: int | None
    closed: bool

    def start(self, values: Floats) -> None:
        """Begin from these values of its columns [rad], [m] or of a base [m/s], [rad/s]."""

    def move(self, values: Floats, velocity: Floats, dt_s: float,
             in_tool: bool = False) -> Floats:
        """Return the targets of its columns after `dt_s`.

        Args:
            values: Measured.
            velocity: Shares of full speed as in `Jog.move`. Shape (6,).
            dt_s: Time since the last call [s].
            in_tool: As in `Jog.move`; a base has no tool.
        """


class ArmPart:
    """One arm and its gripper; see `Part`.

    Attributes:
        jog: How velocities become joint targets.

    Raises:
        ConfigError: The contract's URDF does not fit.
    """

    def __init__(self, contract: Contract, arm: Arm) -> None:
        """Take joints and gripper of an arm."""
        self.name, self.columns = arm.name, contract.indices(arm.all_joints)
        self.grip = self.columns[-1] if arm.gripper else None
        self.jog = _make_jog(contract, arm)
        self.axes, self.closed = self.jog.axes, False
        self._gripper, self._number = arm.gripper, len(arm.joints)

    def start(self, values: Floats) -> None:
        """Begin from these joints, with the gripper told what keeps hold; see `Part`."""
        self.jog.start(values[:self._number])
        if gripper := self._gripper:
            self.closed = may_hold(gripper, values[-1])

    def move(self, values: Floats, velocity: Floats, dt_s: float,
             in_tool: bool = False) -> Floats:
        """Return the targets of joints and gripper; see `Part`."""
        joints = self.jog.move(values[:self._number], velocity, dt_s, in_tool)
        return np.append(joints, self.grasp) if self._gripper else joints

    @property
    def grasp(self) -> float:
        """What the gripper is told; 0 where there is none."""
        if self._gripper is None:
            return 0.0
        return self._gripper.closed if self.closed else self._gripper.open


class BasePart:
    """What twists move: velocities, zero unless a key or stick says otherwise; see `Part`."""

    name = BASE
    grip: int | None = None
    closed = False

    def __init__(self, contract: Contract) -> None:
        """Take the columns that are velocities, and which way each goes."""
        fields = {joint: field for command in contract.commands if command.of_velocities
                  for joint, field in zip(command.joints or (), command.fields or (),
                                          strict=True)}
        self.columns = contract.indices(list(fields))
        self._ways = [TWIST_FIELDS.index(field) for field in fields.values()]
        self._lower = contract.lower[self.columns]
        self._upper = contract.upper[self.columns]
        self.axes = '   '.join(KEYS[way] for way in sorted(set(self._ways)))

    def start(self, values: Floats) -> None:
        """Nothing is kept of what it did; see `Part`."""

    def move(self, values: Floats, velocity: Floats, dt_s: float,
             in_tool: bool = False) -> Floats:
        """Return its velocities [m/s] or [rad/s]; see `Part`."""
        wanted = velocity[self._ways]
        return BASE_SHARE * np.where(wanted > 0, wanted * self._upper, -wanted * self._lower)


def make_parts(contract: Contract) -> list[Part]:
    """Return the arms in the contract's order, then the base if there is one."""
    parts: list[Part] = [ArmPart(contract, arm) for arm in contract.arms]
    return [*parts, BasePart(contract)] if contract.is_velocity.any() else parts


def may_hold(gripper: Gripper, opening: float) -> bool:
    """Tell whether something may be in a gripper, and would fall: it is not wide open."""
    return bool(abs(opening - gripper.open) > HELD * abs(gripper.closed - gripper.open))


def keep_still(contract: Contract, state: Floats) -> Floats:
    """Return what lets a robot stay as it is measured [rad] or [m]. Shape (J,).

    A base stands; a gripper that may hold something is closed, others are open: told where it
    is measured, it would press no more on what it holds.
    """
    told = np.where(contract.is_velocity, 0.0, state)
    for column, gripper in contract.grippers.items():
        told[column] = gripper.closed if may_hold(gripper, state[column]) else gripper.open
    return told


def _make_jog(contract: Contract, arm: Arm) -> Jog:
    if not (contract.urdf and arm.tip):
        return JointJog(contract, arm)
    from il_ros.teleop.tool_jog import ToolJog  # needs Pinocchio; a robot without a URDF does not
    return ToolJog(contract, arm)
