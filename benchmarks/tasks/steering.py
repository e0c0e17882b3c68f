"""The simulated arm as a person steers it: by velocities of the tool, at 10 Hz.

The demonstrator is the scripted operator's rule, without the tremor and the pauses of its hand, so
that its action follows from the state alone; who watches is its supervisor. On disturbed episodes
the cube is pushed away once or twice, the joints' targets are noisy, and so is where the camera
sees the cube.
"""
from __future__ import annotations

from abc import ABC, abstractmethod

from il_ros.contract import Contract
from il_ros.kinematics import Arm, find_urdf
from il_ros.sim.simulation import Simulation
from il_ros.teleop.scripted.arm import DOWN, turn_about_z
from il_ros.teleop.scripted.goals import CARRY, Goal, GOALS, Habits, HOVER, RELEASE
from il_ros.teleop.scripted.stages import Reader, View
from il_ros.teleop.scripted.supervisor import Supervisor
from il_ros.types import Floats
import numpy as np

TICKS = 3                   # control periods of the simulation per step
SPEED, TURN = 0.2, 1.6      # of an action of 1 [m/s], [rad/s]
GAIN = 5.0                  # of the demonstrator [1/s]
SLACK = 0.1                 # of the joints' targets ahead of the joints [rad]
ACTION_NOISE = 0.01         # of the joints' targets [rad]
CAMERA_NOISE = 0.002        # of the cube's position [m]


class Steered(ABC):
    """One arm at one task. The same seed and actions give the same episode.

    Attributes:
        name: In the tables.
        task: Of the simulation.
        steps: Of an episode at most.
    """

    name: str
    task: str
    steps: int
    seconds_per_step = 0.1

    def __init__(self) -> None:
        contract = Contract.load('sim_arm')
        self._simulation = Simulation(contract, self.task)
        self._reader, self._supervisor = Reader(contract), Supervisor(contract, self.task)
        assert list(contract.grippers) == [len(contract.joints) - 1]
        self._gripper = contract.gripper
        self._arm = Arm(find_urdf(contract), contract.joint_names[:-1], contract.tip)
        self._velocity = contract.velocity[:-1]
        self._period_s = contract.period_ns * 1e-9

    def reset(self, seed: int, disturbed: bool = True) -> Floats:
        """Start an episode; see the module for what `disturbed` does."""
        self._simulation.reset(seed, disturbed, ACTION_NOISE if disturbed else 0.0)
        self._noise = np.random.default_rng([seed, 9])
        self._camera_noise = CAMERA_NOISE if disturbed else 0.0
        self._supervisor.reset()
        self._q = self._simulation.positions[:-1]
        self._step = 0
        return self._look()

    def step(self, action: Floats) -> tuple[Floats, bool, bool]:
        """Move the tool; return the observation, whether it is over, whether it is done."""
        action = np.clip(action, -1, 1)
        for _ in range(TICKS):
            self._simulation.command(self._target(action))
            self._simulation.step(self._simulation.tick_steps)
        self._step += 1
        success = self._simulation.success
        return self._look(), success or self._step >= self.steps, success

    def expert(self) -> Floats:
        """Return the demonstrator's action."""
        view = self._view
        goal = GOALS[self.task](view, Habits(HOVER, CARRY, RELEASE))
        left = GAIN * (goal.position - view.tool)
        velocity = left * min(1.0, goal.speed / max(float(np.linalg.norm(left)), 1e-9))
        return np.clip(self._action(velocity / SPEED, goal), -1.0, 1.0)

    def errs(self) -> bool:
        """Return whether a person who watches would take over."""
        return self._wants_to_drive(False)

    def recovered(self) -> bool:
        """Return whether a person who drives would hand back."""
        return not self._wants_to_drive(True)

    @abstractmethod
    def observe(self, view: View, cube: Floats) -> Floats:
        """Return what is seen of a scene whose cube seems to be there. Shape (3,) -> (D,)."""

    @abstractmethod
    def _action(self, velocity: Floats, goal: Goal) -> Floats:
        """Return the action for a velocity of the tool. Shape (3,) -> (A,)."""

    @abstractmethod
    def _hand(self, action: Floats) -> tuple[float, bool]:
        """Return the rate of the tool's yaw [rad/s], and whether the gripper opens."""

    def _wants_to_drive(self, drives: bool) -> bool:
        simulation = self._simulation
        return self._supervisor.update(simulation.positions, simulation.environment,
                                       simulation.now_ns, drives)

    @property
    def _view(self) -> View:
        return self._reader.view(self._simulation.positions, self._simulation.environment)

    def _target(self, action: Floats) -> Floats:
        position, turned = self._arm.forward(self._q)
        turn, is_open = self._hand(action)
        yaw = float(np.arctan2(-turned[0, 1], turned[1, 1])) + turn * self._period_s
        q = self._arm.step(self._q, position + action[:3] * SPEED * self._period_s,
                           turn_about_z(yaw) @ DOWN, max_step=0.3)
        most = self._velocity * self._period_s
        measured = self._simulation.positions[:-1]
        self._q = np.clip(np.clip(q, self._q - most, self._q + most),
                          measured - SLACK, measured + SLACK)
        return np.append(self._q, self._gripper.open if is_open else self._gripper.closed)

    def _look(self) -> Floats:
        view = self._view
        noise = self._noise.normal(0.0, 1.0, 3) * self._camera_noise
        return self.observe(view, view.cube + noise)
