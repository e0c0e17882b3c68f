"""Velocities to joint targets, one joint at a time; `tool_jog` moves the tool."""
from __future__ import annotations

from typing import Protocol

from il_ros.contract import Arm, Contract
from il_ros.contract.joint import TURN
from il_ros.types import Floats
import numpy as np

JOINT_SHARE = 0.5    # of a joint's velocity limit, at full speed
AHEAD_S = 0.2        # how far a target may be ahead of the measured joint, at full speed


class Jog(Protocol):
    """Integrates a velocity into targets for the arm's joints."""

    axes: str

    def start(self, q: Floats) -> None:
        """Begin from measured arm joints [rad]. Shape (A,)."""

    def move(self, q: Floats, velocity: Floats, dt_s: float, in_tool: bool = False) -> Floats:
        """Return the targets after `dt_s` of a velocity in shares of full speed.

        Args:
            q: Measured arm joints [rad]. Shape (A,).
            velocity: Along x y z and about x y z for the tool, else in its first entry for the
                chosen joint, each -1 to 1. Shape (6,).
            dt_s: Time since the last call [s].
            in_tool: x y z are those of the tool as it was told last, not of the robot.
        """


class JointJog:
    """Moves one joint at a time, for a robot without a URDF."""

    axes = 'number: choose a joint   w/s move it'

    def __init__(self, contract: Contract, arm: Arm) -> None:
        """Take joints and limits from the contract."""
        self._arm = contract.indices(arm.joints)
        self._contract = contract
        self.joint = 0

    def choose(self, number: int) -> None:
        """Choose the arm joint of a number, counted from 1; others are ignored."""
        if 1 <= number <= len(self._arm):
            self.joint = number - 1

    def start(self, q: Floats) -> None:
        """Begin from measured arm joints [rad]. Shape (A,)."""
        self._q = q.copy()

    def move(self, q: Floats, velocity: Floats, dt_s: float, in_tool: bool = False) -> Floats:
        """Return the targets after `dt_s`; see `Jog`."""
        limits = self._contract.joints[self._arm[self.joint]]
        if limits.continuous:  # as the robot counts turns, which may have changed meanwhile
            turns = TURN * np.round((self._q[self.joint] - q[self.joint]) / TURN)
            self._q[self.joint] -= turns
        ahead = self._q[self.joint] + JOINT_SHARE * limits.velocity * velocity[0] * dt_s
        reach = limits.velocity * AHEAD_S
        self._q[self.joint] = np.clip(ahead, max(limits.limits[0], q[self.joint] - reach),
                                      min(limits.limits[1], q[self.joint] + reach))
        return self._q.copy()
