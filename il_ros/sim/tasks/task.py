"""What a task is: where everything starts, and when it is done."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from il_ros.sim.world import World
from il_ros.types import Floats
import numpy as np

CUBE_HALF = 0.02            # half the cube's edge [m]
BOX_HALF, BOX_HEIGHT = 0.065, 0.05   # half the box's inner width, and its height [m]
CUBE_YAW, BOX_YAW = 0.6, 0.4                     # largest yaw at the start [rad]
BOX_DISTANCE = 0.17         # least distance of the cube's centre from the box's centre [m]


@dataclass(frozen=True)
class Scene:
    """What a task judges.

    Attributes:
        cube: Centre of the cube [m]. Shape (3,).
        cube_speed: Of the cube's centre [m/s].
        box: Pose of the box: x y z [m], qx qy qz qw. Shape (7,).
        goal: Position of the goal marker [m]. Shape (3,).
        tool: Position of the tool [m]. Shape (3,).
        tool_speed: [m/s].
        touching: Whether a gripper touches the object.
        tilt: Of the object's z axis from the vertical [rad].
        touching_by: The same per arm.
        gap: Of the nearest tool from where it would grasp the object [m].
    """

    cube: Floats
    cube_speed: float
    box: Floats
    goal: Floats
    tool: Floats
    tool_speed: float
    touching: bool
    tilt: float = 0.0
    touching_by: tuple[bool, ...] = ()
    gap: float = np.inf


class Task(Protocol):
    """One task.

    Attributes:
        name: As in the Gymnasium id.
        world: Where it is played.
        reported: Bodies whose poses stand under the contract's names 'cube' and 'box'.
        area: Where the object may be pushed: lower and upper x y [m]. Shape (2, 2).
        disturbed: Body that a disturbance pushes, None when there is none.
        grasps: Whether a closed gripper means that it holds the object, or wants to.
        handles: Geoms at which the object is grasped.
    """

    name: str
    world: World
    reported: tuple[str, str]
    area: Floats
    disturbed: str | None
    grasps: bool
    handles: tuple[str, ...]

    def layout(self, rng: np.random.Generator, beyond: float = 0.0) -> Mapping[str, Floats]:
        """Return where bodies start: x y z [m] and yaw [rad]. Shape (4,) per body name.

        Args:
            rng: Decides everything.
            beyond: Above 0, what is to be reached or moved lies outside the area, by so much at
                most [m].
        """

    def success(self, scene: Scene) -> bool:
        """Return whether the task is done now."""


def inside_box(point: Floats, box: Floats, margin: float = 0.0) -> bool:
    """Return whether a point [m] is between the walls of a box lying flat.

    Args:
        point: Shape (3,).
        box: Pose: x y z [m], qx qy qz qw. Shape (7,).
        margin: Kept from the walls [m].
    """
    x, y = from_box(point[:2], box)
    half = BOX_HALF - margin
    return bool(abs(x) < half and abs(y) < half and 0.0 < point[2] - box[2] < BOX_HEIGHT)


def from_box(point: Floats, box: Floats) -> Floats:
    """Return a horizontal position in the frame of a box lying flat [m]. Shape (2,)."""
    yaw = 2.0 * np.arctan2(box[5], box[6])
    c, s = np.cos(yaw), np.sin(yaw)
    dx, dy = point[0] - box[0], point[1] - box[1]
    return np.array([c * dx + s * dy, c * dy - s * dx])


def pose_at(at: Floats, z: float, yaw: float) -> Floats:
    """Return x y z [m] and yaw [rad] of a body in a layout. Shape (4,)."""
    return np.array([at[0], at[1], z, yaw])


def spot(rng: np.random.Generator, area: Floats, margin: float = 0.0,
         beyond: float = 0.0) -> Floats:
    """Return a place in an area less a margin, or outside the area by at most `beyond`."""
    at: Floats = rng.uniform(area[0] + margin, area[1] - margin)
    while beyond and (at >= area[0]).all() and (at <= area[1]).all():
        at = rng.uniform(area[0] - beyond, area[1] + beyond)
    return at


def delivered(scene: Scene) -> bool:
    """Return whether the cube lies in the box, at rest, and is let go."""
    return (inside_box(scene.cube, scene.box) and scene.cube_speed < 0.1
            and not scene.touching)
