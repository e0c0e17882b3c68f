"""The tasks of the one arm at its table."""
from __future__ import annotations

from collections.abc import Mapping

from il_ros.sim.tasks.task import (
    BOX_DISTANCE,
    BOX_YAW,
    CUBE_HALF,
    CUBE_YAW,
    delivered,
    pose_at,
    Scene,
    spot,
)
from il_ros.sim.world import TABLE
from il_ros.types import Floats
import numpy as np

ZONE_RADIUS = 0.045         # of the goal zone that the cube is pushed to [m]

AREA = np.array([[0.27, -0.22], [0.46, 0.22]])   # where task objects start: lower, upper x y [m]
SIDE_TABLE = np.array([[0.20, 0.36], [0.50, 0.46]])  # of the objects that play no part [m]
PARKED = {'cube': (-0.14, 0.30, CUBE_HALF), 'box': (-0.10, -0.36, 0.0)}
HIDDEN = (0.0, 0.0, -1.0)   # under the table


class PickPlace:
    """The cube lies in the box and the gripper has let go of it."""

    name = 'PickPlace'
    world = TABLE
    area = AREA
    reported = ('cube', 'box')
    disturbed: str | None = 'cube'
    grasps = True
    handles: tuple[str, ...] = ('cube',)

    def layout(self, rng: np.random.Generator, beyond: float = 0.0) -> Mapping[str, Floats]:
        """Cube and box anywhere in the area, apart from each other."""
        cube, box = _apart(rng, BOX_DISTANCE, beyond=beyond)
        return {'cube': pose_at(cube, CUBE_HALF, rng.uniform(-CUBE_YAW, CUBE_YAW)),
                'box': pose_at(box, 0.0, rng.uniform(-BOX_YAW, BOX_YAW)), **_bystanders(rng)}

    def success(self, scene: Scene) -> bool:
        """In the box, at rest, let go."""
        return delivered(scene)


class Reach:
    """The tool rests at the marker."""

    name = 'Reach'
    world = TABLE
    area = AREA
    reported = ('reach_goal', 'box')
    disturbed: str | None = None
    grasps = False
    handles: tuple[str, ...] = ('cube',)

    def layout(self, rng: np.random.Generator, beyond: float = 0.0) -> Mapping[str, Floats]:
        """Marker anywhere above the area."""
        at = spot(rng, AREA, beyond=beyond)
        return {'reach_goal': pose_at(at, rng.uniform(0.05, 0.25), 0.0),
                **{body: np.array([*place, 0.0]) for body, place in PARKED.items()},
                **_bystanders(rng)}

    def success(self, scene: Scene) -> bool:
        """Within 1.5 cm, slower than 5 cm/s."""
        return bool(np.linalg.norm(scene.tool - scene.goal) < 0.015) and scene.tool_speed < 0.05


class Push:
    """The cube rests in the goal zone on the table."""

    name = 'Push'
    world = TABLE
    area = AREA
    reported = ('cube', 'push_goal')
    disturbed: str | None = 'cube'
    grasps = False
    handles: tuple[str, ...] = ('cube',)

    def layout(self, rng: np.random.Generator, beyond: float = 0.0) -> Mapping[str, Floats]:
        """Cube and zone anywhere in the area, apart from each other."""
        cube, zone = _apart(rng, 0.12, 0.03, beyond)
        return {'cube': pose_at(cube, CUBE_HALF, rng.uniform(-CUBE_YAW, CUBE_YAW)),
                'push_goal': pose_at(zone, 0.0006, 0.0),
                'box': np.array([*PARKED['box'], 0.0]), **_bystanders(rng)}

    def success(self, scene: Scene) -> bool:
        """Centre within 3 cm of the zone's, on the table, at rest."""
        return bool(np.linalg.norm(scene.cube[:2] - scene.goal[:2]) < 0.03
                    and scene.cube[2] < CUBE_HALF + 0.01 and scene.cube_speed < 0.05)


def _apart(rng: np.random.Generator, distance: float, margin: float = 0.0,
           beyond: float = 0.0) -> tuple[Floats, Floats]:
    while True:
        one, other = spot(rng, AREA, margin, beyond), spot(rng, AREA, margin)
        if np.linalg.norm(one - other) >= distance:
            return one, other


def _bystanders(rng: np.random.Generator) -> dict[str, Floats]:
    side = rng.choice([-1.0, 1.0])
    can, block = rng.uniform(*SIDE_TABLE) * [1, side], rng.uniform(*SIDE_TABLE) * [1, -side]
    return {'green_can': pose_at(can, 0.025, 0.0),
            'yellow_block': pose_at(block, 0.02, rng.uniform(-np.pi, np.pi))}
