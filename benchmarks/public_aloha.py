"""gym-aloha's transfer of a cube between two arms, with a script that demonstrates it.

Physics, reward and start are the environment's own (gym-aloha 0.1.5, after the simulation of Zhao
et al. 2023, arXiv:2304.13705), joints and the cube's pose in place of its pictures: it draws three
at each step, whoever looks. An episode of at most 400 steps counts as the paper's do, by whether
the left fingers ever hold the cube in the air.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from il_ros.types import Floats
import numpy as np
from scipy.spatial.transform import Rotation

STEPS = 400
JOINTS = ('waist', 'shoulder', 'elbow', 'forearm_roll', 'wrist_angle', 'wrist_rotate')
BASES = {'left': np.array([-0.469, 0.5]), 'right': np.array([0.469, 0.5])}  # [m]
STATE_OF = {'left': 0, 'right': 8}   # first of an arm's six joints and two fingers
ON_TABLE = 0.02                      # height of the cube's centre [m]
DOWN, SIDEWAYS = np.radians(60), np.radians(90)
OPEN, CLOSED = 1.0, 0.0
# When (a step), where the fingertips are, how the gripper is turned (pitch down, roll) and open.
Waypoint = tuple[int, Floats, tuple[float, float], float]


class Aloha:
    """The task as an environment of goals that ends at success, and its script."""

    def __init__(self) -> None:
        from dm_control import mujoco
        from dm_control.rl import control
        from gym_aloha import constants
        from gym_aloha.tasks import sim
        import gymnasium

        class Task(sim.TransferCubeTask):  # type: ignore[misc]
            """The task without its pictures."""

            def get_observation(self, physics: Any) -> dict[str, Floats]:
                return {'qpos': self.get_qpos(physics), 'box': self.get_env_state(physics)}

        path = str(constants.ASSETS_DIR / 'bimanual_viperx_transfer_cube.xml')
        physics, self._arms = (mujoco.Physics.from_xml_path(path) for _ in range(2))
        self._start = np.array(constants.START_ARM_POSE)
        self._boxes = sim.BOX_POSE
        self._env = control.Environment(physics, Task(), float('inf'), constants.DT)
        limits = physics.model.actuator_ctrlrange
        low, high = (np.concatenate([[*limits[:6, side], side], [*limits[8:14, side], side]])
                     for side in range(2))
        self.action_space = gymnasium.spaces.Box(low, high, dtype=np.float64)
        self._steps, self._plan = 0, np.zeros((1, len(low)))

    def reset(self, seed: int) -> tuple[dict[str, Floats], Any]:
        """Start an episode and plan what the script does in it."""
        from gym_aloha.utils import sample_box_pose

        self._boxes[0] = sample_box_pose(seed)
        seen = self._env.reset().observation
        self._steps, self._plan = 0, self._planned(np.array([*seen['box'][:2], ON_TABLE]))
        return _parts(seen), {}

    def step(self, action: Floats) -> tuple[dict[str, Floats], float, bool, bool, Any]:
        """Do an action."""
        _, reward, _, seen = self._env.step(action)
        self._steps += 1
        success = reward == self._env.task.max_reward
        return _parts(seen), float(reward), success, self._steps >= STEPS, {'is_success': success}

    def script(self, _: Mapping[str, Floats]) -> Floats:
        """Return what the script does next. Shape (14,)."""
        action: Floats = self._plan[min(self._steps, len(self._plan) - 1)]
        return action

    def _planned(self, cube: Floats) -> Floats:
        """Return an action per step: the right arm picks the cube, the left one takes it."""
        meet, turned, across = np.array([0.0, 0.5, 0.25]), (DOWN, 0.0), (0.0, SIDEWAYS)

        def beside(x: float, z: float = 0.0) -> Floats:
            return meet + [x, 0.0, z]

        grasp, up = cube + [0.0, 0.0, 0.005], beside(0.0, 0.005)
        right = self._way('right', [
            (70, cube + [0.0, 0.0, 0.1], turned, OPEN), (100, grasp, turned, OPEN),
            (125, grasp, turned, CLOSED), (175, up, turned, CLOSED), (250, up, turned, CLOSED),
            (265, up, turned, OPEN), (300, beside(0.12, 0.02), turned, OPEN)])
        left = self._way('left', [
            (80, beside(-0.14), across, OPEN), (175, beside(-0.14), across, OPEN),
            (215, beside(0.01), across, OPEN), (265, beside(0.01), across, CLOSED),
            (300, beside(-0.12), across, CLOSED)])
        return np.concatenate([left, right], 1)

    def _way(self, side: str, waypoints: Sequence[Waypoint]) -> Floats:
        """Return an arm's joints and gripper per step, on straight lines between waypoints."""
        first = STATE_OF[side]
        times, rows = [0], [np.append(self._start[first:first + 6], CLOSED)]
        for time, tip, turned, gripper in waypoints:
            times.append(time)
            rows.append(np.append(self._reached(side, tip, turned, rows[-1][:6]), gripper))
        steps = np.arange(times[-1] + 1)
        return np.stack([np.interp(steps, times, values) for values in np.transpose(rows)], 1)

    def _reached(self, side: str, tip: Floats, turned: tuple[float, float], near: Floats
                 ) -> Floats:
        """Return the joints that bring the fingertips there, turned away from the arm's base."""
        from dm_control.utils.inverse_kinematics import qpos_from_site_pose

        first = STATE_OF[side]
        with self._arms.reset_context():
            self._arms.data.qpos[:16] = self._start
            self._arms.data.qpos[first:first + 6] = near
        away = tip[:2] - BASES[side]
        x, y, z, w = Rotation.from_euler(
            'ZYX', [np.arctan2(away[1], away[0]), *turned]).as_quat()
        found = qpos_from_site_pose(
            self._arms, f'cali_{side}_site1', tip, np.array([w, x, y, z]),
            [f'vx300s_{side}/{joint}' for joint in JOINTS], max_steps=200, tol=1e-4,
            regularization_strength=1e-3)
        assert found.success, f'{side} arm: no joints for {tip}, off by {found.err_norm}'
        joints: Floats = found.qpos[first:first + 6]
        return joints


def _parts(seen: Mapping[str, Floats]) -> dict[str, Floats]:
    return {'observation': seen['qpos'], 'desired_goal': seen['box']}
