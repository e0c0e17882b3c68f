"""PickPlace of the simulation, steered: grasp the cube and lay it into the box.

Demonstrated without pushes, the cube never leaves the place that the fingers come down to.
"""
from __future__ import annotations

from il_ros.teleop.scripted.goals import Goal
from il_ros.teleop.scripted.stages import HELD, View
from il_ros.types import Floats
import numpy as np

from benchmarks.tasks.steering import GAIN, Steered, TURN

NEAR_CUBE, NEAR_BOX, NEAR_TABLE, NEAR_HELD = 0.015, 0.03, 0.05, 0.005   # what is close [m]


class PickPlace(Steered):
    """Actions: the tool's velocity, its turn, and the gripper. Shape (5,)."""

    name, task, steps = 'pick and place', 'PickPlace', 110

    def observe(self, view: View, cube: Floats) -> Floats:
        """Return distances, also on the scale of a grasp, and turns. Shape (21,)."""
        apart = cube - view.tool
        offset, left = view.turned.T @ apart, (view.box - cube)[:2]
        turn = (view.cube_yaw - view.yaw + np.pi / 4) % (np.pi / 2) - np.pi / 4
        return np.array([
            *apart, *offset, *np.tanh(offset / NEAR_CUBE), *left, *np.tanh(left / NEAR_BOX),
            cube[2], np.tanh(cube[2] / NEAR_TABLE), view.tool[2],
            view.opening, np.tanh((view.opening - HELD) / NEAR_HELD),
            turn, view.yaw, view.box_yaw])

    def _action(self, velocity: Floats, goal: Goal) -> Floats:
        turn = GAIN * (goal.yaw - self._view.yaw)
        return np.array([*velocity, turn / TURN, 1.0 if goal.open else -1.0])

    def _hand(self, action: Floats) -> tuple[float, bool]:
        return float(action[3]) * TURN, bool(action[4] > 0)
