"""Where the tools may be: a box each, in the frame of the URDF's root."""
from __future__ import annotations

from collections.abc import Sequence

from il_ros.contract import Contract
from il_ros.errors import ConfigError
from il_ros.kinematics import chain
from il_ros.types import Floats
import numpy as np

TOLERANCE = 1e-6  # [m]


class Workspace:
    """Measures how far outside its box each tool is that has one."""

    def __init__(self, contract: Contract) -> None:
        """Make the workspace of a contract that has one.

        Raises:
            ConfigError: The contract names no workspace, or a URDF, joint or tip that is
                not there.
        """
        self._arms = [(contract.indices(arm.joints), chain(contract, arm), arm.workspace)
                      for arm in contract.arms if arm.workspace]
        if not self._arms:
            raise ConfigError(f'the contract of {contract.robot!r} names no workspace')
        self.lower = np.concatenate([box.lower for *_, box in self._arms])
        self.upper = np.concatenate([box.upper for *_, box in self._arms])

    def excess(self, positions: Floats) -> Floats:
        """Return how far the tools are beyond each side, 0 inside [m]. Shape (3 W,).

        Args:
            positions: In contract order [rad] or [m]. Shape (J,).
        """
        at = np.concatenate([arm.forward(positions[columns])[0]
                             for columns, arm, _ in self._arms])
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
