"""The task of the arm on a base that drives."""
from __future__ import annotations

from collections.abc import Mapping

from il_ros.sim.tasks.task import CUBE_HALF, CUBE_YAW, delivered, pose_at, Scene, spot
from il_ros.sim.world import MOBILE
from il_ros.types import Floats
import numpy as np

FAR = np.array([[1.10, -0.18], [1.18, 0.18]])    # of the cube before the mobile robot [m]


class FetchCube:
    """The robot drives to the table, takes the cube and puts it into the box that it carries."""

    name = 'FetchCube'
    world = MOBILE
    area = FAR
    reported = ('cube', 'box')
    disturbed: str | None = 'cube'
    grasps = True
    handles: tuple[str, ...] = ('cube',)

    def layout(self, rng: np.random.Generator, beyond: float = 0.0) -> Mapping[str, Floats]:
        """The cube on the table, out of reach from where the base starts."""
        cube = spot(rng, FAR, beyond=beyond)
        return {'cube': pose_at(cube, CUBE_HALF, rng.uniform(-CUBE_YAW, CUBE_YAW))}

    def success(self, scene: Scene) -> bool:
        """In the box on board, at rest, let go."""
        return delivered(scene)
