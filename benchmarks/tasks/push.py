"""Push of the simulation, steered: go behind the cube and push it into the zone.

Demonstrated without pushes from aside, the cube lies still until the tool is behind it.
"""
from __future__ import annotations

from il_ros.teleop.scripted.goals import Goal
from il_ros.teleop.scripted.stages import View
from il_ros.types import Floats
import numpy as np

from benchmarks.tasks.steering import Steered

NEAR_CUBE, NEAR_ZONE, NEAR_TABLE = 0.015, 0.03, 0.05   # what is close [m]


class Push(Steered):
    """Actions: the tool's velocity; the fingers are closed and do not turn. Shape (3,)."""

    name, task, steps = 'push', 'Push', 200

    def observe(self, view: View, cube: Floats) -> Floats:
        """Return distances, also on the scale of a contact, and the zone's. Shape (17,)."""
        apart, left = cube - view.tool, (view.box - cube)[:2]
        way = left / max(float(np.linalg.norm(left)), 1e-9)
        aside = np.array([way @ apart[:2], way[0] * apart[1] - way[1] * apart[0]])
        return np.array([*apart, *np.tanh(apart[:2] / NEAR_CUBE), *aside,
                         *np.tanh(aside / NEAR_CUBE), *left, *np.tanh(left / NEAR_ZONE), *way,
                         view.tool[2], np.tanh(view.tool[2] / NEAR_TABLE)])

    def _action(self, velocity: Floats, goal: Goal) -> Floats:
        return velocity

    def _hand(self, action: Floats) -> tuple[float, bool]:
        return 0.0, False
