"""The joints of a contract as columns: limits, grippers, bases. All vectors have shape (J,)."""
from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Protocol

from il_ros.contract.arm import Arm, Gripper
from il_ros.contract.command import CommandInterface
from il_ros.contract.joint import Joint, TURN
from il_ros.types import Floats
import numpy as np
from numpy.typing import NDArray


class Columns(Protocol):
    """What follows from joints, arms and commands.

    A column is the position of a joint [rad] or [m] or, where a twist moves it, a velocity of a
    base [m/s] or [rad/s]: then its limits are those of the velocity, and its rate of change is an
    acceleration.
    """

    rate_hz: float
    joints: tuple[Joint, ...]

    @property
    def commands(self) -> tuple[CommandInterface, ...]:
        """Where the robot takes its commands."""

    @property
    def arms(self) -> tuple[Arm, ...]:
        """The arms."""

    @property
    def joint_names(self) -> list[str]:
        """The joint names, in order."""
        return [joint.name for joint in self.joints]

    @property
    def lower(self) -> Floats:
        """Lowest values without margin, -inf where there is no limit. Shape (J,)."""
        return np.array([max(joint.limits[0], -joint.velocity) if velocity else joint.limits[0]
                         for joint, velocity in self._columns])

    @property
    def upper(self) -> Floats:
        """Highest values without margin, inf where there is no limit. Shape (J,)."""
        return np.array([min(joint.limits[1], joint.velocity) if velocity else joint.limits[1]
                         for joint, velocity in self._columns])

    @property
    def span(self) -> Floats:
        """Range of each column; one turn where it has no limits. Shape (J,)."""
        span = self.upper - self.lower
        return np.where(np.isfinite(span), span, TURN)

    @property
    def continuous(self) -> NDArray[np.bool_]:
        """Which joints turn without end. Shape (J,)."""
        return np.array([bool(joint.continuous) for joint in self.joints])

    @property
    def velocity(self) -> Floats:
        """How fast each column may change; of a base's velocities, its acceleration.

        Shape (J,).
        """
        return np.array([joint.acceleration if velocity else joint.velocity
                         for joint, velocity in self._columns])

    @property
    def acceleration(self) -> Floats:
        """How fast that may change; of a base, from limit to limit in a period. Shape (J,)."""
        return np.array([2 * joint.acceleration * self.rate_hz if velocity else joint.acceleration
                         for joint, velocity in self._columns])

    @property
    def jerk(self) -> Floats:
        """Jerk limits, infinite where there is none. Shape (J,)."""
        return np.array([np.inf if joint.jerk is None or velocity else joint.jerk
                         for joint, velocity in self._columns])

    @property
    def _columns(self) -> list[tuple[Joint, bool]]:
        return list(zip(self.joints, self.is_velocity.tolist(), strict=True))

    @cached_property
    def grippers(self) -> dict[int, Gripper]:
        """The grippers of all arms by the index of their joint."""
        return {self.joint_names.index(arm.gripper.joint): arm.gripper
                for arm in self.arms if arm.gripper}

    @cached_property
    def is_gripper(self) -> NDArray[np.bool_]:
        """Which joints open and close a gripper. Shape (J,)."""
        return np.isin(np.arange(len(self.joints)), list(self.grippers))

    @cached_property
    def is_velocity(self) -> NDArray[np.bool_]:
        """Which columns are velocities, as of a base. Shape (J,)."""
        moved = {name for command in self.commands if command.of_velocities
                 for name in command.joints or ()}
        return np.array([name in moved for name in self.joint_names])

    @cached_property
    def by_velocity(self) -> NDArray[np.bool_]:
        """Which positions are commanded by their velocity. Shape (J,)."""
        moved = {name for command in self.commands if command.by_velocity
                 for name in command.joints or ()}
        return np.array([name in moved for name in self.joint_names])

    @property
    def joints_by_part(self) -> dict[str, list[str]]:
        """The joints of each arm by its name, its gripper's last; then those of no arm."""
        found = {arm.name: list(arm.all_joints) for arm in self.arms}
        owned = {joint for joints in found.values() for joint in joints}
        if others := [name for name in self.joint_names if name not in owned]:
            found['base' if self.is_velocity.any() else 'others'] = others
        return found

    def indices(self, names: Sequence[str]) -> list[int]:
        """Return where joints stand in every vector."""
        return [self.joint_names.index(name) for name in names]
