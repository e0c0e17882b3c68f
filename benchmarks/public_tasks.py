"""Policies of this package on public environments, to hold its figures against others'.

gymnasium-robotics 1.4 needs another MuJoCo than this package, so it has an environment of its own;
the same with `metaworld`, whose tasks have names such as drawer-open-v3:

    python -m venv --system-site-packages /tmp/public   # or any that sees torch and this package
    /tmp/public/bin/pip install gymnasium-robotics 'mujoco<3.4'
    MUJOCO_GL=egl PYTHONPATH=. /tmp/public/bin/python -m benchmarks.public_tasks

and with `gym-aloha` (`--task aloha-transfer --demonstrations 50`), which has a paper's figure.
The demonstrations come from scripts, Meta-World's from its own.
"""
from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
import tempfile
import time
from typing import Any

from il_ros.contract import CommandInterface, Contract, Joint, POSE_SIZE, Poses, Stream
from il_ros.evaluation.rollout import Conditions, evaluate
from il_ros.evaluation.statistics import wilson
from il_ros.execution.chunk_scheduler import make_scheduler
from il_ros.policies.config import PolicyConfig
from il_ros.policies.load import load
from il_ros.training.config import TrainConfig
from il_ros.training.samples import ArraySource
from il_ros.training.train import fit
from il_ros.types import ControlSource, Floats
import numpy as np

FETCH, ALOHA, RATE_HZ = 'FetchPickAndPlace-v4', 'aloha-transfer', 25.0
Expert = Callable[[Mapping[str, Floats]], Floats]
HELD_OUT = 1_000_000
POLICIES = {
    'bc': TrainConfig(PolicyConfig('bc', ('environment',), 8, False, pose_differences=False),
                      steps=3000),
    'act': TrainConfig(PolicyConfig('act', ('environment',), 8, False, pose_differences=False),
                       steps=2000, batch_size=64, learning_rate=3e-4),
}
LONG_CHUNKS = {  # at 50 Hz, where chunks of 8 rows would be a sixth of a second
    'bc': TrainConfig(PolicyConfig('bc', ('environment',), 100, False, pose_differences=False),
                      steps=4000),
    'act': TrainConfig(PolicyConfig('act', ('environment',), 100, False, pose_differences=False),
                       steps=2000, batch_size=64, learning_rate=3e-4)}
NO_PAPER = 'no paper figure: none trains from these demonstrations, and neither environment has ' \
           'recorded ones'
PAPERS = {ALOHA: 'ACT in its paper: 86 of 100 from 50 scripted demonstrations, from pictures '
                 '(Zhao et al. 2023, table 1); here from joints and the pose of the cube'}


def contract_of(env: Any, values: int) -> Contract:
    """Return a contract whose joints are the actions and whose poses carry an observation.

    Args:
        env: With a box of actions.
        values: Of an observation; three each are the position of a pose that is never turned.
    """
    poses = -(-values // 3)
    return Contract(
        'public', 'what the environment asks for', RATE_HZ,
        tuple(Joint(f'action_{i}', (float(low), float(high)), 100.0, 1000.0) for i, (low, high)
              in enumerate(zip(env.action_space.low, env.action_space.high, strict=True))),
        (0.0,) * len(env.action_space.low),
        Stream('state', 'sensor_msgs/JointState', RATE_HZ, 1.0),
        CommandInterface('command', 'std_msgs/Float64MultiArray'),
        poses=Poses('poses', 'geometry_msgs/PoseArray', RATE_HZ, 1.0,
                    tuple(f'values_{i}' for i in range(poses))))


class Adapter:
    """A Gymnasium environment of goals as `il_ros.evaluation.rollout` asks for one.

    What counts is whether an episode ends in success, as in the papers on these environments:
    Fetch's at the time limit, Meta-World's as soon as there is one.
    """

    def __init__(self, env: Any, expert: Expert) -> None:
        self.env = env
        self.expert = expert
        self.raw, _ = env.reset(seed=0)
        self.values = len(self._vector())
        self.contract = contract_of(env, self.values)

    def reset(self, seed: int, options: Mapping[str, Any]) -> tuple[dict[str, Floats], Any]:
        """Start an episode; nothing disturbs it."""
        self.raw, info = self.env.reset(seed=seed)
        return self._seen(), info

    def step(self, action: Floats) -> tuple[dict[str, Floats], float, bool, bool, Any]:
        """Do an action."""
        self.raw, reward, ended, truncated, info = self.env.step(
            action.astype(self.env.action_space.low.dtype))
        return self._seen(), reward, ended, truncated, {'success': bool(info['is_success'])}

    def _vector(self) -> Floats:
        return np.concatenate([self.raw['observation'], self.raw['desired_goal']])

    def _seen(self) -> dict[str, Floats]:
        poses = np.zeros((-(-self.values // 3), POSE_SIZE))
        poses[:, -1] = 1.0
        flat = np.zeros(3 * len(poses))
        flat[:self.values] = self._vector()
        poses[:, :3] = flat.reshape(-1, 3)
        return {'observation.state': np.zeros(len(self.contract.joints)),
                'observation.environment_state': poses.reshape(-1)}


def expert(raw: Mapping[str, Floats]) -> Floats:
    """Return what a script does: over the block, down, close, to the goal. Shape (4,)."""
    seen = raw['observation']
    away, width = seen[6:9], float(seen[9:11].sum())     # block less gripper [m], opening [m]
    near = np.linalg.norm(away[:2]) < 0.01
    if np.linalg.norm(away) < 0.02 and width < 0.06:
        move, fingers = raw['desired_goal'] - seen[3:6], -1.0
    elif near and abs(away[2]) < 0.01:
        move, fingers = np.zeros(3), -1.0
    else:
        move, fingers = away + (0 if near else np.array([0.0, 0.0, 0.06])), 1.0
    action: Floats = np.clip([*(8.0 * move), fingers], -1.0, 1.0)
    return action


def demonstrate(adapter: Adapter, episodes: int) -> tuple[ArraySource, int]:
    """Return the successful ones of some demonstrations, and how many were not."""
    kept: list[tuple[list[dict[str, Floats]], list[Floats]]] = []
    for seed in range(episodes):
        values, _ = adapter.reset(seed, {})
        seen, actions, done = [], [], False
        while not done:
            seen.append(values)
            actions.append(adapter.expert(adapter.raw))
            values, _, ended, truncated, info = adapter.step(actions[-1])
            done = ended or truncated
        if info['success']:
            kept.append((seen, actions))
    rows = [values for seen, _ in kept for values in seen]
    columns = {key: np.array([values[key] for values in rows]) for key in rows[0]}
    columns |= {'action': np.array([action for _, actions in kept for action in actions]),
                'control_source': np.full(len(rows), int(ControlSource.HUMAN)),
                'intervention': np.zeros(len(rows), int)}
    return ArraySource(adapter.contract, [len(seen) for seen, _ in kept],
                       columns), episodes - len(kept)


class MetaWorld:
    """A Meta-World task as an environment of goals that ends at success.

    Each seed lays out the scene anew; Meta-World's own benchmarks draw from 50 layouts, of which
    demonstrations and rollouts would share some.
    """

    def __init__(self, name: str) -> None:
        from metaworld.env_dict import ALL_V3_ENVIRONMENTS_GOAL_OBSERVABLE as tasks

        self.env = tasks[f'{name}-goal-observable'](seed=0)
        self.env._freeze_rand_vec, self.env.seeded_rand_vec = False, True
        self.action_space = self.env.action_space

    def reset(self, seed: int) -> tuple[dict[str, Floats], Any]:
        """Start an episode."""
        self.env.seed(seed)
        seen, info = self.env.reset()
        return self._parts(seen), info

    def step(self, action: Floats) -> tuple[dict[str, Floats], float, bool, bool, Any]:
        """Do an action."""
        seen, reward, _, truncated, info = self.env.step(action)
        success = bool(info['success'])
        return self._parts(seen), float(reward), success, truncated, {'is_success': success}

    def _parts(self, seen: Floats) -> dict[str, Floats]:
        return {'observation': seen[:-3], 'desired_goal': seen[-3:]}


def make(name: str) -> Adapter:
    """Return a task with its script."""
    if name == FETCH:
        import gymnasium
        import gymnasium_robotics

        gymnasium.register_envs(gymnasium_robotics)
        return Adapter(gymnasium.make(name, max_episode_steps=50), expert)
    if name == ALOHA:
        from benchmarks.public_aloha import Aloha

        env = Aloha()
        return Adapter(env, env.script)
    from metaworld import policies

    words = name.removesuffix('-v3').split('-')
    script = getattr(policies, f'Sawyer{"".join(map(str.capitalize, words))}V3Policy')()

    def act(raw: Mapping[str, Floats]) -> Floats:
        seen = np.concatenate([raw['observation'], raw['desired_goal']])
        action: Floats = np.clip(script.get_action(seen), -1.0, 1.0)
        return action

    return Adapter(MetaWorld(name), act)


def main() -> None:
    """Train, roll out and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--task', default=FETCH,
                        help=f'or {ALOHA}, or one of Meta-World, as drawer-open-v3')
    parser.add_argument('--demonstrations', type=int, default=100)
    parser.add_argument('--episodes', type=int, default=100)
    parser.add_argument('--policies', nargs='+', choices=list(POLICIES), default=list(POLICIES))
    parser.add_argument('--steps', type=int, help="of training, in place of each policy's own")
    given = parser.parse_args()
    adapter = make(given.task)
    source, failed = demonstrate(adapter, given.demonstrations)
    print(f'{given.task}: the script succeeds in {given.demonstrations - failed} of '
          f'{given.demonstrations} episodes, which are the demonstrations')
    seeds = range(HELD_OUT, HELD_OUT + given.episodes)
    policies = LONG_CHUNKS if given.task == ALOHA else POLICIES
    for name in given.policies:
        config = policies[name]
        if given.steps:
            config = replace(config, steps=given.steps)
        begin = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            policy = load(fit(source, Path(folder) / 'run', config))
        trained_s = time.monotonic() - begin
        rollouts = evaluate(
            adapter, adapter.contract, policy,
            partial(make_scheduler, 'receding', adapter.contract, config.policy.horizon // 2),
            seeds, Conditions(disturb=False))
        won = sum(rollout.success for rollout in rollouts)
        low, high = wilson(won, len(rollouts))
        print(f'{name:4} {won:4} of {len(rollouts)}  [{low:.2f}, {high:.2f}]  '
              f'{config.steps} steps in {trained_s:.0f} s', flush=True)
    print(PAPERS.get(given.task, NO_PAPER))


if __name__ == '__main__':
    main()
