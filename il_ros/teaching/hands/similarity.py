"""A tool path, and how it is brought to where the robot can follow it."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from il_ros.config import Range
from il_ros.types import Floats
import numpy as np
from numpy.typing import NDArray
import pinocchio as pin

SCALE = Range(0.5, 1.5)
YAW = Range(-np.pi, np.pi)


@dataclass(frozen=True, eq=False)
class ToolPath:
    """What a tool does, one row per period of the contract.

    Attributes:
        positions: [m]. Shape (N, 3).
        rotations: Shape (N, 3, 3).
        closed: Whether the gripper is. Shape (N,).
    """

    positions: Floats
    rotations: Floats
    closed: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.positions)

    def every(self, rows: NDArray[np.int64]) -> ToolPath:
        """Return some rows of it."""
        return ToolPath(self.positions[rows], self.rotations[rows], self.closed[rows])


@dataclass(frozen=True)
class Similarity:
    """Scale, then turn about the vertical, then shift; rotations are only turned.

    Attributes:
        scale: 0.5 to 1.5.
        yaw: [rad].
        shift: [m], in the frame of the URDF's root.
    """

    scale: Annotated[float, SCALE]
    yaw: Annotated[float, YAW]
    shift: tuple[float, float, float]

    def __post_init__(self) -> None:
        SCALE.check('scale', self.scale)
        YAW.check('yaw', self.yaw)

    def moved(self, path: ToolPath) -> ToolPath:
        """Return where a path leads then."""
        turn = turned(self.yaw)
        return ToolPath(self.scale * path.positions @ turn.T + self.shift, turn @ path.rotations,
                        path.closed)

    def text(self) -> str:
        """Say it for people."""
        at = ', '.join(f'{value:.3f}' for value in self.shift)
        return f'scale {self.scale:g}, yaw {self.yaw:.3f} rad, shift [{at}] m'


def turned(yaw: float) -> Floats:
    """Return the rotation about z. Shape (3, 3)."""
    turn: Floats = pin.exp3(np.array([0.0, 0.0, yaw]))
    return turn
