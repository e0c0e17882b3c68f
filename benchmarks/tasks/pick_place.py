"""PickPlace of the simulation as a person steers it: by velocities of the tool, at 10 Hz.

The demonstrator is the scripted operator's rule, `GOALS['PickPlace']`, without the tremor and the
pauses of its hand, so that its action follows from the state alone; who watches is its supervisor.
Demonstrated without pushes, the cube never leaves the place that the fingers come down to. On
disturbed episodes it is pushed away once or twice, the joints' targets are noisy, and so is where
the camera sees the cube.
"""
from __future__ import annotations

from il_ros.contract import Contract
from il_ros.kinematics import Arm, find_urdf
from il_ros.sim.simulation import Simulation
from il_ros.teleop.scripted import DOWN, turn_about_z
from il_ros.teleop.scripted_goals import CARRY, GOALS, Habits, HOVER, RELEASE
from il_ros.teleop.scripted_stages import HELD, Reader, View
from il_ros.teleop.scripted_supervisor import Supervisor
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

TICKS = 3                   # control periods of the simulation per step
STEPS = 110                 # of an episode
SPEED, TURN = 0.2, 1.6      # of an action of 1 [m/s], [rad/s]
GAIN = 5.0                  # of the demonstrator [1/s]
SLACK = 0.1                 # of the joints' targets ahead of the joints [rad]
ACTION_NOISE = 0.01         # of the joints' targets [rad]
CAMERA_NOISE = 0.002        # of the cube's position [m]
NEAR_CUBE, NEAR_BOX, NEAR_TABLE, NEAR_HELD = 0.015, 0.03, 0.05, 0.005   # what is close [m]


class PickPlace:
    """One arm. The same seed and actions give the same episode."""

    name = 'pick and place'
    seconds_per_step = 0.1

    def __init__(self) -> None:
        contract = Contract.load('sim_arm')
        self._simulation = Simulation(contract, 'PickPlace')
        self._reader, self._supervisor = Reader(contract), Supervisor(contract)
        assert contract.gripper and contract.gripper_index == len(contract.joints) - 1
        self._gripper = contract.gripper
        self._arm = Arm(find_urdf(contract), contract.joint_names[:-1], contract.tip)
        self._velocity = contract.velocity[:-1]
        self._period_s = contract.period_ns * 1e-9

    def reset(self, seed: int, disturbed: bool = True) -> Array:
        """Start an episode; see the module for what `disturbed` does."""
        self._simulation.reset(seed, disturbed, ACTION_NOISE if disturbed else 0.0)
        self._noise = np.random.default_rng([seed, 9])
        self._camera_noise = CAMERA_NOISE if disturbed else 0.0
        self._supervisor.reset()
        self._q = self._simulation.positions[:-1]
        self._step = 0
        return self._look()

    def step(self, action: Array) -> tuple[Array, bool, bool]:
        """Move the tool; return the observation, whether it is over, whether the cube is in."""
        action = np.clip(action, -1, 1)
        for _ in range(TICKS):
            self._simulation.command(self._target(action))
            self._simulation.step(self._simulation.tick_steps)
        self._step += 1
        success = self._simulation.success
        return self._look(), success or self._step >= STEPS, success

    def expert(self) -> Array:
        """Return the demonstrator's velocities of the tool, and its gripper. Shape (5,)."""
        view = self._view
        goal = GOALS['PickPlace'](view, Habits(HOVER, CARRY, RELEASE))
        left = GAIN * (goal.position - view.tool)
        velocity = left * min(1.0, goal.speed / max(float(np.linalg.norm(left)), 1e-9))
        turn = GAIN * (goal.yaw - view.yaw)
        action: Array = np.clip([*(velocity / SPEED), turn / TURN, 1.0 if goal.open else -1.0],
                                -1, 1)
        return action

    def errs(self) -> bool:
        """Return whether a person who watches would take over."""
        return self._wants_to_drive(False)

    def recovered(self) -> bool:
        """Return whether a person who drives would hand back."""
        return not self._wants_to_drive(True)

    def _wants_to_drive(self, drives: bool) -> bool:
        simulation = self._simulation
        return self._supervisor.update(simulation.positions, simulation.environment,
                                       simulation.now_ns, drives)

    @property
    def _view(self) -> View:
        return self._reader.view(self._simulation.positions, self._simulation.environment)

    def _target(self, action: Array) -> Array:
        position, turned = self._arm.forward(self._q)
        yaw = float(np.arctan2(-turned[0, 1], turned[1, 1])) + action[3] * TURN * self._period_s
        q = self._arm.step(self._q, position + action[:3] * SPEED * self._period_s,
                           turn_about_z(yaw) @ DOWN, max_step=0.3)
        most = self._velocity * self._period_s
        measured = self._simulation.positions[:-1]
        self._q = np.clip(np.clip(q, self._q - most, self._q + most),
                          measured - SLACK, measured + SLACK)
        return np.append(self._q, self._gripper.open if action[4] > 0 else self._gripper.closed)

    def _look(self) -> Array:
        """Return what is seen, distances also on the scale of a grasp. Shape (21,)."""
        view = self._view
        noise = self._noise.normal(0.0, 1.0, 3) * self._camera_noise
        cube, apart = view.cube + noise, view.cube + noise - view.tool
        offset, left = view.turned.T @ apart, (view.box - cube)[:2]
        turn = (view.cube_yaw - view.yaw + np.pi / 4) % (np.pi / 2) - np.pi / 4
        return np.array([
            *apart, *offset, *np.tanh(offset / NEAR_CUBE), *left, *np.tanh(left / NEAR_BOX),
            cube[2], np.tanh(cube[2] / NEAR_TABLE), view.tool[2],
            view.opening, np.tanh((view.opening - HELD) / NEAR_HELD),
            turn, view.yaw, view.box_yaw])
