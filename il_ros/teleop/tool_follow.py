"""A tracked hand's motion to joint targets: the tool follows it from where both were."""
from __future__ import annotations

from dataclasses import dataclass

from il_ros.config import Range
from il_ros.contract import Arm, Contract
from il_ros.errors import ConfigError
from il_ros.kinematics import chain
from il_ros.teleop.inputs import Pose
from il_ros.teleop.jog import JOINT_SHARE
from il_ros.teleop.tool_jog import at_most, LEASH
from il_ros.types import Floats
import numpy as np
import pinocchio as pin

TURN_LEASH = 0.3     # how far the wanted tool may be turned ahead of the measured one [rad]
WITHIN = {'scale': Range(0.1, 2.0), 'turn_scale': Range(0.0, 2.0), 'yaw': Range(-np.pi, np.pi)}
ALONG = {f'{sign}{axis}': factor * np.eye(3)[i] for i, axis in enumerate('xyz')
         for sign, factor in (('', 1.0), ('-', -1.0))}


@dataclass(frozen=True)
class Following:
    """How a hand's motion becomes the tool's.

    Attributes:
        scale: Way of the tool per way of the hand, 0.1 to 2.
        turn_scale: The same of turning, 0 to 2.
        yaw: By how much the operator's frame is turned about the robot's z [rad]: where the
            operator stands.
        axes: What the robot's x, y and z are in the tracker's frame, each as x, -x, y, -y, z, -z.
    """

    scale: float = 1.0
    turn_scale: float = 1.0
    yaw: float = 0.0
    axes: tuple[str, ...] = ('x', 'y', 'z')

    def __post_init__(self) -> None:
        for name, within in WITHIN.items():
            within.check(name, getattr(self, name))
        if len(self.axes) != 3 or not set(self.axes) <= ALONG.keys() or not np.isclose(
                np.linalg.det(self._rows()), 1.0):
            raise ConfigError(f'axes: expected three of {", ".join(ALONG)} at right angles, the '
                              f'third as the first two turn, got {", ".join(self.axes)}')

    def to_robot(self) -> Floats:
        """Return the rotation from the tracker's frame to the robot's. Shape (3, 3)."""
        turned: Floats = pin.exp3(np.array([0.0, 0.0, self.yaw])) @ self._rows()
        return turned

    def _rows(self) -> Floats:
        return np.array([ALONG.get(axis, np.zeros(3)) for axis in self.axes])


class ToolFollow:
    """The tool of one arm goes as a hand goes since `start`, `Following.scale` as far."""

    def __init__(self, contract: Contract, arm: Arm, following: Following) -> None:
        """Take the kinematics from the contract's URDF.

        Raises:
            ConfigError: The URDF is missing or does not fit.
        """
        self._arm = chain(contract, arm)
        self._limit = JOINT_SHARE * contract.velocity[contract.indices(arm.joints)]
        self.follow(following)

    def follow(self, following: Following) -> None:
        """Follow another way from the next `start` on."""
        self._following, self._to_robot = following, following.to_robot()

    def start(self, q: Floats, hand: Pose) -> None:
        """Begin from measured arm joints [rad] and the hand as it is. Shape (A,)."""
        self._q = q.copy()
        self._hand, self._turned = hand, rotation(hand)
        self._position, self._rotation = self._arm.forward(q)

    def move(self, q: Floats, hand: Pose, dt_s: float) -> Floats:
        """Return the joint targets after `dt_s` [rad]; both shapes (A,).

        Args:
            q: Measured arm joints [rad].
            hand: Where the hand is now.
            dt_s: Time since the last call [s].
        """
        to_robot, by = self._to_robot, self._following
        way = by.scale * to_robot @ (hand.position - self._hand.position)
        turn = pin.log3(to_robot @ rotation(hand) @ self._turned.T @ to_robot.T)
        position, turned = self._arm.forward(q)
        position = position + at_most(self._position + way - position, LEASH)
        beyond = pin.log3(pin.exp3(by.turn_scale * turn) @ self._rotation @ turned.T)
        self._q = self._arm.step(self._q, position,
                                 pin.exp3(at_most(beyond, TURN_LEASH)) @ turned,
                                 float(self._limit.min()) * dt_s)
        return self._q


def rotation(pose: Pose) -> Floats:
    """Return the orientation of a pose as a matrix. Shape (3, 3)."""
    found: Floats = pin.Quaternion(pose.quaternion / np.linalg.norm(pose.quaternion)).matrix()
    return found
