"""Where the tool may be: a box in the frame of the URDF's root."""
from __future__ import annotations

from collections.abc import Sequence

from il_ros.contract import Contract
from il_ros.kinematics import Arm, find_urdf
from il_ros.types import Floats
import numpy as np

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
