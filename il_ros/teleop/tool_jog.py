"""Velocities of the tool to joint targets."""
from __future__ import annotations

from il_ros.contract import Arm, Contract
from il_ros.kinematics import chain
from il_ros.teleop.jog import JOINT_SHARE
from il_ros.types import Floats
import numpy as np
import pinocchio as pin

SPEED = 0.25         # of the tool [m/s]
TURN = 1.0           # of the tool [rad/s]
LEASH = 0.04         # how far the wanted tool may be ahead of the measured one [m]


class ToolJog:
    """Moves the tool in the robot's frame, or in its own."""

    axes = 'w/s x   a/d y   r/f z   q/e yaw   i/k pitch   j/l roll'

    def __init__(self, contract: Contract, arm: Arm) -> None:
        """Take the kinematics from the contract's URDF.

        Raises:
            ConfigError: The URDF is missing or does not fit.
        """
        self._arm = chain(contract, arm)
        self._limit = JOINT_SHARE * contract.velocity[contract.indices(arm.joints)]

    def start(self, q: Floats) -> None:
        """Begin from measured arm joints [rad]. Shape (A,)."""
        self._q = q.copy()
        self._position, self._rotation = self._arm.forward(q)

    def move(self, q: Floats, velocity: Floats, dt_s: float, in_tool: bool = False) -> Floats:
        """Return the targets after `dt_s`; see `Jog`."""
        if in_tool:
            velocity = np.concatenate([self._rotation @ velocity[:3],
                                       self._rotation @ velocity[3:]])
        measured, _ = self._arm.forward(q)
        wanted = self._position + SPEED * velocity[:3] * dt_s
        self._position = measured + at_most(wanted - measured, LEASH)
        self._rotation = pin.exp3(TURN * velocity[3:] * dt_s) @ self._rotation
        step = self._arm.step(self._q, self._position, self._rotation,
                              float(self._limit.min()) * dt_s)
        self._q = step
        return step


def at_most(way: Floats, length: float) -> Floats:
    """Return a way, cut to a length. Shapes (3,)."""
    return way * min(1.0, length / max(float(np.linalg.norm(way)), 1e-9))
