"""FetchPickAndPlace-v4 of gymnasium-robotics with a block that is pushed away.

gymnasium-robotics needs another MuJoCo than this package: see `benchmarks.public_tasks` for its
environment. The demonstrator is a script; who watches sees that nothing comes of it.
"""
from __future__ import annotations

from enum import IntEnum
from typing import Any, NamedTuple

from il_ros.types import Floats
import numpy as np

STEPS = 100                      # of an episode
PUSH = (0.04, 0.08)              # how far the block is pushed [m]
TRIGGER = (0.045, 0.1)           # how near the open gripper comes before that [m]
PUSH_STEPS = 4                   # how long a push takes
REACH = 0.14                     # of the block from the middle of the table after a push [m]
ABOVE, BESIDE, AROUND, SHUT = 0.06, 0.01, 0.02, 0.06   # of the script [m]
NEAR_BLOCK, NEAR_GOAL, NEAR_SHUT = 0.015, 0.03, 0.005  # what is close [m]
GAIN = 8.0
ARRIVED = 0.04                   # of the block from the goal [m]
RESTS = 10                       # steps that the environment has to call a success
PATIENCE, REACTION = 15, 5       # of who watches, in steps: 0.6 s and 0.2 s
PROGRESS = 0.005                 # that counts [m]


class Stage(IntEnum):
    """How far the task is."""

    ABOVE = 0
    DOWN = 1
    GRASP = 2
    CARRY = 3
    DONE = 4


class View(NamedTuple):
    """What there is to see; positions in [m], shape (3,)."""

    gripper: Floats
    block: Floats
    goal: Floats
    opening: float

    @property
    def apart(self) -> Floats:
        """From gripper to block."""
        return self.block - self.gripper

    @property
    def stage(self) -> Stage:
        """Return how far the task is."""
        away = self.apart
        if np.linalg.norm(away) < AROUND and self.opening < SHUT:
            return Stage.DONE if self.left < ARRIVED else Stage.CARRY
        if np.linalg.norm(away[:2]) < BESIDE:
            return Stage.GRASP if abs(away[2]) < BESIDE else Stage.DOWN
        return Stage.ABOVE

    @property
    def left(self) -> float:
        """From block to goal."""
        return float(np.linalg.norm(self.goal - self.block))

    @property
    def distance(self) -> float:
        """Return what is left of the stage."""
        stage = self.stage
        if stage >= Stage.CARRY:
            return self.left
        if stage is Stage.GRASP:
            return self.opening
        return float(np.linalg.norm(self.apart))


class Fetch:
    """Actions: the gripper's motion and its fingers. Shape (4,)."""

    name = 'fetch'
    seconds_per_step = 0.04

    def __init__(self) -> None:
        import gymnasium
        import gymnasium_robotics

        gymnasium.register_envs(gymnasium_robotics)
        self._env: Any = gymnasium.make('FetchPickAndPlace-v4', max_episode_steps=STEPS + 1)

    def reset(self, seed: int, disturbed: bool = True) -> Floats:
        """Start an episode; where it is disturbed, the block is pushed once or twice."""
        seen, _ = self._env.reset(seed=seed)
        self._random = np.random.default_rng([seed, 5])
        self._triggers = list(self._random.uniform(*TRIGGER, size=self._random.integers(1, 3))
                              ) if disturbed else []
        self._pushes: list[Floats] = []     # displacements of the steps to come
        self._middle = self._env.unwrapped.initial_gripper_xpos[:2]
        self._step, self._rests, self._watch = 0, 0, Watch()
        return self._see(seen)

    def step(self, action: Floats) -> tuple[Floats, bool, bool]:
        """Move the gripper; return the observation, whether it is over, whether it is done."""
        self._push()
        seen, _, _, _, info = self._env.step(np.clip(action, -1, 1).astype(np.float32))
        observation = self._see(seen)
        self._step += 1
        self._rests = self._rests + 1 if info['is_success'] else 0
        success = self._rests >= RESTS
        return observation, success or self._step >= STEPS, success

    def expert(self) -> Floats:
        """Return what the script does: over the block, down, close, to the goal. Shape (4,)."""
        view, stage = self._view, self._view.stage
        move, fingers = view.apart.copy(), 1.0
        if stage >= Stage.GRASP:
            move = view.goal - view.block if stage >= Stage.CARRY else np.zeros(3)
            fingers = -1.0
        elif stage is Stage.ABOVE:
            move[2] += ABOVE
        return np.clip([*(GAIN * move), fingers], -1.0, 1.0)

    def errs(self) -> bool:
        """Return whether a person who watches would take over."""
        return self._watch.errs(self._view)

    def recovered(self) -> bool:
        """Return whether a person who drives would hand back."""
        return self._watch.recovered(self._view)

    def _see(self, seen: dict[str, Floats]) -> Floats:
        values = seen['observation']
        view = self._view = View(values[:3], values[3:6], seen['desired_goal'],
                                 float(values[9:11].sum()))
        left = view.goal - view.block
        return np.array([
            *view.apart, *np.tanh(view.apart / NEAR_BLOCK), *left, *np.tanh(left / NEAR_GOAL),
            view.opening, np.tanh((view.opening - SHUT) / NEAR_SHUT),
            view.gripper[2] - view.goal[2], *(5.0 * values[14:17])])

    def _push(self) -> None:
        view = self._view
        free = view.stage < Stage.GRASP and view.opening > SHUT
        if self._triggers and not self._pushes and free and (
                np.linalg.norm(view.apart) < self._triggers[0]):
            angle, length = self._random.uniform(-np.pi, np.pi), self._random.uniform(*PUSH)
            way = length * np.array([np.cos(angle), np.sin(angle)])
            if np.abs(view.block[:2] + way - self._middle).max() < REACH:
                self._triggers.pop(0)
                self._pushes = [way / PUSH_STEPS] * PUSH_STEPS
        if self._pushes:
            inner = self._env.unwrapped
            pose = inner._utils.get_joint_qpos(inner.model, inner.data, 'object0:joint')
            pose[:2] += self._pushes.pop()
            inner._utils.set_joint_qpos(inner.model, inner.data, 'object0:joint', pose)


class Watch:
    """A person beside the policy: takes over when nothing comes nearer, hands back a grasp."""

    def __init__(self) -> None:
        self._begin()

    def errs(self, view: View) -> bool:
        """Return whether to take over."""
        self._steps += 1
        stage, distance = view.stage, view.distance
        moved = np.linalg.norm(view.block - self._block) > 2 * PROGRESS
        if stage > self._furthest or distance < self._least - PROGRESS or (
                moved and stage < Stage.GRASP):
            self._furthest, self._least, self._steps = max(stage, self._furthest), distance, 0
        self._block = view.block
        missed = stage < Stage.GRASP and view.opening < SHUT / 2
        self._wrong = self._wrong + 1 if missed else 0
        if self._steps < PATIENCE + REACTION and self._wrong < REACTION:
            return False
        self._failed = stage
        return True

    def recovered(self, view: View) -> bool:
        """Return whether to hand back: the block is grasped and off the table."""
        stage = view.stage
        done = stage is Stage.DONE or stage is Stage.CARRY and self._failed < Stage.CARRY
        self._held = self._held + 1 if done else 0
        if self._held < REACTION:
            return False
        self._begin()
        return True

    def _begin(self) -> None:
        self._furthest, self._failed, self._least = Stage.ABOVE, Stage.ABOVE, float('inf')
        self._steps = self._wrong = self._held = 0
        self._block = np.full(3, np.inf)
