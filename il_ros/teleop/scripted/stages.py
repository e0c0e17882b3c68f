"""What the scripted operator sees in the present state: how far the task is, what comes next.

Everything follows from one observation, so it also tells where another driver has left the task.
"""
from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from il_ros.contract import Contract, POSE_SIZE
from il_ros.errors import ConfigError
from il_ros.sim.tasks.task import BOX_HALF, BOX_HEIGHT
from il_ros.types import Floats
import numpy as np

FINGER, FINGER_HALF = 0.048, 0.014   # centre of an open finger beside the tool, half its width [m]
HELD = 0.0235                        # the gripper is closed on the cube below this opening [m]
OPEN = 0.032                         # it can take the cube in from here [m]
LIFTED, LOW = 0.095, 0.074           # tool height clear with the cube; cube's to let it go [m]


class Stage(IntEnum):
    """How far the task is."""

    APPROACH = 0
    DESCEND = 1
    GRASP = 2
    LIFT = 3
    CARRY = 4
    LOWER = 5
    RELEASE = 6
    DONE = 7


@dataclass(frozen=True)
class View:
    """One observation, taken apart.

    Attributes:
        opening: Of the gripper [m].
        tool: Position of the tool [m]. Shape (3,).
        turned: Its rotation. Shape (3, 3).
        cube: Position of the cube [m]. Shape (3,).
        cube_yaw: Of the cube's faces, within 45 degrees of the world's axes [rad].
        box: Position of the box [m]. Shape (3,).
        box_yaw: [rad].
    """

    opening: float
    tool: Floats
    turned: Floats
    cube: Floats
    cube_yaw: float
    box: Floats
    box_yaw: float

    @property
    def offset(self) -> Floats:
        """From tool to cube in the tool's frame; y is the closing direction [m]. Shape (3,)."""
        return self.turned.T @ (self.cube - self.tool)

    @property
    def yaw(self) -> float:
        """Of the tool pointing down; 0 at the start pose [rad]."""
        return float(np.arctan2(-self.turned[0, 1], self.turned[1, 1]))

    @property
    def holding(self) -> bool:
        """The gripper is closed on the cube."""
        return self.around and self.opening < HELD

    @property
    def around(self) -> bool:
        """The cube is between the fingers, so that closing grasps it."""
        x, y, z = np.abs(self.offset)
        return bool(x < 0.016 and y < 0.022 and z < 0.018)

    def in_box(self, point: Floats) -> Floats:
        """Return a horizontal position in the box's frame [m]. Shape (2,)."""
        c, s = np.cos(self.box_yaw), np.sin(self.box_yaw)
        dx, dy = point[0] - self.box[0], point[1] - self.box[1]
        return np.array([c * dx + s * dy, c * dy - s * dx])

    @property
    def stage(self) -> Stage:
        """How far putting the cube into the box is."""
        beside = np.abs(self.in_box(self.cube)).max()
        above = self.cube[2] - self.box[2]
        if beside < 0.036 and self.around and above < LOW:
            return Stage.RELEASE
        if beside < BOX_HALF and above < BOX_HEIGHT and not self.holding:
            return Stage.DONE
        if self.holding:
            if beside < 0.036:
                return Stage.LOWER
            return Stage.CARRY if self.tool[2] > LIFTED else Stage.LIFT
        x, y, z = self.offset
        if self.around and abs(z) < 0.011 and abs(x) < 0.011:
            return Stage.GRASP
        aside = float(np.hypot(x, y))
        turn = abs(self.grasp_yaw() - self.yaw)
        if aside < 0.014 and turn < 0.25 and self.opening > OPEN:
            return Stage.DESCEND
        return Stage.APPROACH

    def grasp_yaw(self) -> float:
        """Return the tool yaw for the grasp: along the cube's faces, fingers clear of the box."""
        def cost(yaw: float) -> float:
            side = FINGER * np.array([-np.sin(yaw), np.cos(yaw)])
            blocked = self.cube[2] < BOX_HEIGHT and any(
                np.abs(self.in_box(self.cube[:2] + end)).max()
                < BOX_HALF + FINGER_HALF for end in (side, -side))
            return abs(yaw) + 0.5 * abs(yaw - self.yaw) + 10.0 * blocked
        return min((self.cube_yaw + turn for turn in (0.0, np.pi / 2, -np.pi / 2)), key=cost)

    def distance(self) -> float:
        """Return what is left of the present stage: metres, with turns at 0.1 m per radian."""
        stage = self.stage
        if stage is Stage.APPROACH:
            turn = abs(self.grasp_yaw() - self.yaw)
            closed = max(OPEN - self.opening, 0.0)
            return float(np.linalg.norm(self.cube[:2] - self.tool[:2])) + 0.1 * turn + closed
        if stage is Stage.DESCEND:
            return float(np.linalg.norm(self.cube - self.tool))
        if stage is Stage.GRASP:
            return self.opening
        if stage is Stage.LIFT:
            return float(LIFTED - self.tool[2])
        if stage is Stage.CARRY:
            return float(np.linalg.norm(self.box[:2] - self.cube[:2]))
        if stage is Stage.LOWER:
            return float(self.cube[2] - self.box[2])
        return float(0.04 - self.opening) if stage is Stage.RELEASE else 0.0


class Reader:
    """Takes observations of one robot apart.

    Args:
        contract: Must have a gripper and the poses cube, box and end_effector.

    Raises:
        ConfigError: It has not.
    """

    def __init__(self, contract: Contract) -> None:
        names = contract.poses.names if contract.poses else ()
        wanted = ('cube', 'box', 'end_effector')
        if missing := [name for name in wanted if name not in names]:
            raise ConfigError(f'the scripted operator needs the poses {", ".join(wanted)}; the '
                              f'contract of {contract.robot!r} lacks {", ".join(missing)}')
        if not contract.grippers:
            raise ConfigError('the scripted operator needs a gripper; the contract of '
                              f'{contract.robot!r} has none')
        self._gripper = next(iter(contract.grippers))
        self._cube, self._box, self._tool = (
            slice(POSE_SIZE * i, POSE_SIZE * (i + 1)) for i in map(names.index, wanted))

    def view(self, state: Floats, environment: Floats) -> View:
        """Return the view of a state (J,) and an environment vector (7 * P,)."""
        cube, box = environment[self._cube], environment[self._box]
        tool = environment[self._tool]
        faces, walls = rotation(cube[3:]), rotation(box[3:])
        return View(opening=float(state[self._gripper]), tool=tool[:3], turned=rotation(tool[3:]),
                    cube=cube[:3], cube_yaw=float(np.arctan2(faces[1, 0], faces[0, 0])),
                    box=box[:3], box_yaw=float(np.arctan2(walls[1, 0], walls[0, 0])))


def rotation(quaternion: Floats) -> Floats:
    """Return the rotation matrix of a quaternion x y z w. Shape (4,) -> (3, 3)."""
    x, y, z, w = quaternion / np.linalg.norm(quaternion)
    return np.array([
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)]])
