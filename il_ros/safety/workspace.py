"""Where the tool may be: a box in the frame of the URDF's root."""
from __future__ import annotations

from collections.abc import Sequence

from il_ros.contract import Contract
from il_ros.kinematics import Arm, find_urdf
from il_ros.safety.limiter import Setpoint
from il_ros.safety.limits import Limits
from il_ros.types import Floats
import numpy as np

SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)  # of the time to the stop, when the tool is looked at
TOLERANCE = 1e-6  # [m]


class Workspace:
    """Measures how far outside the box the tool is."""

    def __init__(self, contract: Contract) -> None:
        """Make the workspace of a contract that has one.

        Raises:
            ConfigError: The contract names no workspace, or a URDF, joint or tip that is
                not there.
        """
        box = contract.require_workspace()
        self.lower, self.upper = np.array(box.lower), np.array(box.upper)
        self._joints = np.flatnonzero(
            np.arange(len(contract.joints)) != contract.gripper_index)
        self._arm = Arm(find_urdf(contract),
                        [contract.joint_names[i] for i in self._joints], contract.tip)

    def excess(self, positions: Floats) -> Floats:
        """Return how far the tool is beyond each side, 0 inside [m]. Shape (3,).

        Args:
            positions: In contract order [rad] or [m]. Shape (J,).
        """
        at, _ = self._arm.forward(positions[self._joints])
        outside: Floats = np.maximum(self.lower - at, 0) + np.maximum(at - self.upper, 0)
        return outside

    def leaves(self, before: Floats, path: Sequence[Floats]) -> bool:
        """Tell whether a path leads out of the box, or further out where the tool is outside.

        Args:
            before: Where the joints are now, in contract order [rad] or [m]. Shape (J,).
            path: Where they would pass, the last at rest. Shape (J,) each.
        """
        worst = np.maximum.reduce([self.excess(q) for q in path])
        return bool((worst > self.excess(before) + TOLERANCE).any())


def braking(setpoint: Setpoint, limits: Limits) -> list[Floats]:
    """Return where the joints pass while each brakes at its limit, the last at rest. (J,) each."""
    v, a = setpoint.velocities, limits.acceleration
    if not v.any():
        return [setpoint.positions]
    stop_s = np.abs(v) / a
    times = [np.minimum(share * stop_s.max(), stop_s) for share in SHARES]
    return [np.clip(setpoint.positions + v * t - np.sign(v) * a * t * t / 2,
                    limits.lower, limits.upper) for t in times]
