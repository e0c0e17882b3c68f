"""What is to be done in an episode: where everything starts, and when it is done."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from il_ros.config import nearest
from il_ros.errors import ConfigError
from il_ros.types import Floats
import numpy as np

CUBE_HALF = 0.02            # half the cube's edge [m]
BOX_HALF, BOX_HEIGHT = 0.065, 0.05   # half the box's inner width, and its height [m]
ZONE_RADIUS = 0.045         # of the goal zone that the cube is pushed to [m]

AREA = np.array([[0.27, -0.22], [0.46, 0.22]])   # where task objects start: lower, upper x y [m]
CUBE_YAW, BOX_YAW = 0.6, 0.4                     # largest yaw at the start [rad]
BOX_DISTANCE = 0.17         # least distance of the cube's centre from the box's centre [m]
SIDE_TABLE = np.array([[0.20, 0.36], [0.50, 0.46]])  # of the objects that play no part [m]
PARKED = {'cube': (-0.14, 0.30, CUBE_HALF), 'box': (-0.10, -0.36, 0.0)}
HIDDEN = (0.0, 0.0, -1.0)   # under the table


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
        touching: Whether the gripper touches the cube.
    """

    cube: Floats
    cube_speed: float
    box: Floats
    goal: Floats
    tool: Floats
    tool_speed: float
    touching: bool


class Task(Protocol):
    """One task.

    Attributes:
        name: As in the Gymnasium id.
        reported: Bodies whose poses stand under the contract's names 'cube' and 'box'.
        disturbed: Body that a disturbance pushes, None when there is none.
        grasps: Whether a closed gripper means that it holds the object, or wants to.
    """

    name: str
    reported: tuple[str, str]
    disturbed: str | None
    grasps: bool

    def layout(self, rng: np.random.Generator, beyond: float = 0.0) -> Mapping[str, Floats]:
        """Return where bodies start: x y z [m] and yaw [rad]. Shape (4,) per body name.

        Args:
            rng: Decides everything.
            beyond: Above 0, what is to be reached or moved lies outside the area, by so much at
                most [m].
        """

    def success(self, scene: Scene) -> bool:
        """Return whether the task is done now."""


class PickPlace:
    """The cube lies in the box and the gripper has let go of it."""

    name = 'PickPlace'
    reported = ('cube', 'box')
    disturbed: str | None = 'cube'
    grasps = True

    def layout(self, rng: np.random.Generator, beyond: float = 0.0) -> Mapping[str, Floats]:
        """Cube and box anywhere in the area, apart from each other."""
        cube, box = _apart(rng, BOX_DISTANCE, beyond=beyond)
        return {'cube': _pose(cube, CUBE_HALF, rng.uniform(-CUBE_YAW, CUBE_YAW)),
                'box': _pose(box, 0.0, rng.uniform(-BOX_YAW, BOX_YAW)), **_bystanders(rng)}

    def success(self, scene: Scene) -> bool:
        """In the box, at rest, let go."""
        return (inside_box(scene.cube, scene.box) and scene.cube_speed < 0.1
                and not scene.touching)


class Reach:
    """The tool rests at the marker."""

    name = 'Reach'
    reported = ('reach_goal', 'box')
    disturbed: str | None = None
    grasps = False

    def layout(self, rng: np.random.Generator, beyond: float = 0.0) -> Mapping[str, Floats]:
        """Marker anywhere above the area."""
        at = _spot(rng, beyond=beyond)
        return {'reach_goal': _pose(at, rng.uniform(0.05, 0.25), 0.0),
                **{body: np.array([*place, 0.0]) for body, place in PARKED.items()},
                **_bystanders(rng)}

    def success(self, scene: Scene) -> bool:
        """Within 1.5 cm, slower than 5 cm/s."""
        return bool(np.linalg.norm(scene.tool - scene.goal) < 0.015) and scene.tool_speed < 0.05


class Push:
    """The cube rests in the goal zone on the table."""

    name = 'Push'
    reported = ('cube', 'push_goal')
    disturbed: str | None = 'cube'
    grasps = False

    def layout(self, rng: np.random.Generator, beyond: float = 0.0) -> Mapping[str, Floats]:
        """Cube and zone anywhere in the area, apart from each other."""
        cube, zone = _apart(rng, 0.12, 0.03, beyond)
        return {'cube': _pose(cube, CUBE_HALF, rng.uniform(-CUBE_YAW, CUBE_YAW)),
                'push_goal': _pose(zone, 0.0006, 0.0),
                'box': np.array([*PARKED['box'], 0.0]), **_bystanders(rng)}

    def success(self, scene: Scene) -> bool:
        """Centre within 3 cm of the zone's, on the table, at rest."""
        return bool(np.linalg.norm(scene.cube[:2] - scene.goal[:2]) < 0.03
                    and scene.cube[2] < CUBE_HALF + 0.01 and scene.cube_speed < 0.05)


TASKS: dict[str, type[Task]] = {'PickPlace': PickPlace, 'Reach': Reach, 'Push': Push}


def make_task(name: str) -> Task:
    """Return the task of that name.

    Raises:
        ConfigError: There is none; the text names the nearest.
    """
    if name not in TASKS:
        raise ConfigError(f'no task {name!r}; {nearest(name, list(TASKS))}')
    return TASKS[name]()


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


def _pose(at: Floats, z: float, yaw: float) -> Floats:
    return np.array([at[0], at[1], z, yaw])


def _spot(rng: np.random.Generator, margin: float = 0.0, beyond: float = 0.0) -> Floats:
    """Return a place in the area less a margin, or outside the area by at most `beyond`."""
    at: Floats = rng.uniform(AREA[0] + margin, AREA[1] - margin)
    while beyond and (at >= AREA[0]).all() and (at <= AREA[1]).all():
        at = rng.uniform(AREA[0] - beyond, AREA[1] + beyond)
    return at


def _apart(rng: np.random.Generator, distance: float, margin: float = 0.0,
           beyond: float = 0.0) -> tuple[Floats, Floats]:
    while True:
        one, other = _spot(rng, margin, beyond), _spot(rng, margin)
        if np.linalg.norm(one - other) >= distance:
            return one, other


def _bystanders(rng: np.random.Generator) -> dict[str, Floats]:
    side = rng.choice([-1.0, 1.0])
    can, block = rng.uniform(*SIDE_TABLE) * [1, side], rng.uniform(*SIDE_TABLE) * [1, -side]
    return {'green_can': _pose(can, 0.025, 0.0),
            'yellow_block': _pose(block, 0.02, rng.uniform(-np.pi, np.pi))}
