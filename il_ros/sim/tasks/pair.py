"""The tasks of two arms that face each other."""
from __future__ import annotations

from collections.abc import Mapping

from il_ros.sim.tasks.task import BOX_YAW, CUBE_HALF, CUBE_YAW, delivered, pose_at, Scene, spot
from il_ros.sim.world import PAIR
from il_ros.types import Floats
import numpy as np

# Of the two arms: where the cube and the box start, lower and upper x y [m].
LEFT = np.array([[0.24, -0.20], [0.34, 0.20]])
RIGHT = np.array([[0.68, -0.20], [0.76, 0.20]])
ASIDE = np.array([0.5, 0.45, 0.0121, 0.0])       # of the tray where it plays no part
TRAY_HEIGHT = 0.0061                             # of its centre on the table [m]
MIDDLE = np.array([[0.48, -0.05], [0.52, 0.05]])   # of the tray [m]
TRAY_YAW = 0.15


class HandOver:
    """The left arm picks the cube and gives it to the right one, which puts it into the box.

    The box is out of the left arm's reach, the cube out of the right one's.
    """

    name = 'HandOver'
    world = PAIR
    area = LEFT
    reported = ('cube', 'box')
    disturbed: str | None = 'cube'
    grasps = True
    handles: tuple[str, ...] = ('cube',)

    def layout(self, rng: np.random.Generator, beyond: float = 0.0) -> Mapping[str, Floats]:
        """Cube before the left arm, box before the right one."""
        cube = spot(rng, LEFT, beyond=beyond)
        box = spot(rng, RIGHT)
        return {'cube': pose_at(cube, CUBE_HALF, rng.uniform(-CUBE_YAW, CUBE_YAW)),
                'box': pose_at(box, 0.0, rng.uniform(-BOX_YAW, BOX_YAW)), 'tray': ASIDE}

    def success(self, scene: Scene) -> bool:
        """In the box, at rest, let go."""
        return delivered(scene)


class LiftTray:
    """Both arms hold the tray, level, above the table."""

    name = 'LiftTray'
    world = PAIR
    area = MIDDLE
    reported = ('tray', 'box')
    disturbed: str | None = 'tray'
    grasps = True
    handles: tuple[str, ...] = ('left_handle', 'right_handle')

    def layout(self, rng: np.random.Generator, beyond: float = 0.0) -> Mapping[str, Floats]:
        """The tray between the arms, a little askew."""
        at = spot(rng, MIDDLE, beyond=beyond)
        return {'tray': pose_at(at, TRAY_HEIGHT, rng.uniform(-TRAY_YAW, TRAY_YAW)),
                'box': np.array([0.5, 0.42, 0.0, 0.0]),
                'cube': np.array([0.5, -0.42, CUBE_HALF, 0.0])}

    def success(self, scene: Scene) -> bool:
        """At least 12 cm up, within 8 degrees of level, slower than 10 cm/s, held by both."""
        return bool(scene.cube[2] > 0.12 and scene.tilt < np.radians(8.0)
                    and scene.cube_speed < 0.1 and scene.touching_by == (True, True))
