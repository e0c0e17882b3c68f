"""Corrections against demonstrations of equal human time, on many seeds: the demo without ROS.

The same operator, supervisor, simulation, training and evaluation as `il_ros demo`, in one process
and without latency, so that ten seeds take minutes:

    python -m benchmarks.dagger --seeds 10 --jobs 2
"""
from __future__ import annotations

import argparse
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
import multiprocessing
from pathlib import Path
import tempfile
from typing import Any, NamedTuple

from il_ros.contract import Contract
from il_ros.evaluation.rollout import evaluate, observation_of, roll_out
from il_ros.evaluation.statistics import wilson
from il_ros.execution.chunk_scheduler import make_scheduler
from il_ros.policies.load import load
from il_ros.policies.policy import Policy
from il_ros.teleop.scripted.device import ScriptedDevice
from il_ros.training.samples import ArraySource
from il_ros.training.train import fit
from il_ros.types import ControlSource, Floats, Observation
from il_ros.workflow.demo import demo_config, DemoConfig
from il_ros.workflow.loop import EVALUATION_SEEDS, SEEDS_PER_RUN
import numpy as np

COLUMNS = ('observation.state', 'observation.environment_state', 'action', 'control_source',
           'intervention')


@dataclass
class Episode:
    """Rows of one episode."""

    rows: list[tuple[Any, ...]] = field(default_factory=list)

    def add(self, observation: Observation, action: Floats, source: ControlSource) -> None:
        """Record one step."""
        self.rows.append((observation.state, observation.environment, action.copy(), int(source),
                          0))

    @property
    def human_s(self) -> float:
        """Time in which a human drove [s]."""
        return sum(row[3] == ControlSource.HUMAN for row in self.rows) / 30


class Result(NamedTuple):
    """What a policy learned: its success on each held-out seed, from so much of human time [s]."""

    name: str
    success: Sequence[bool]
    human_s: float


class Run:
    """One seed: demonstrations, rounds of corrections, demonstrations of equal time.

    Args:
        seed: Decides everything.
        episodes: Rollouts per evaluation.
        config: Robot, task and sizes; those of the demo when None.
    """

    def __init__(self, seed: int, episodes: int, config: DemoConfig | None = None) -> None:
        from il_ros.sim import make, MAX_STEPS

        self.seed, self.config, self.episodes = seed, config or demo_config(seed), episodes
        task = self.config.loop.task
        self.contract = Contract.load(self.config.loop.robot)
        self.env, self.most_steps = make(task), MAX_STEPS[task]
        self.operator = ScriptedDevice(self.contract, seed, task=task)
        self.next_seed = seed * SEEDS_PER_RUN

    def results(self) -> list[Result]:
        """Return what each policy learned."""
        first = [self.demonstrate() for _ in range(self.config.demonstrations)]
        data, found = list(first), []
        policy, result = self.train('demonstrations', data)
        found.append(result)
        for number in range(1, self.config.rounds + 1):
            data += [self.correct(policy) for _ in range(self.config.loop.rollouts)]
            policy, result = self.train(f'dagger {number}', data)
            found.append(result)
        alone = list(first)
        while sum(e.human_s for e in alone) < sum(e.human_s for e in data):
            alone.append(self.demonstrate())
        return [*found, self.train('equal time', alone)[1]]

    def demonstrate(self, tail: int = 21) -> Episode:
        """Let the operator do the task once; letting go is part of it."""
        self.next_seed += 1
        self.operator.engage = 'always'
        self.operator.reset(self.next_seed)
        values, _ = self.env.reset(seed=self.next_seed)
        episode, left = Episode(), None
        for step in range(self.most_steps):
            now = step * self.contract.period_ns
            seen = observation_of(values, now)
            action = self.operator.act(seen.state, seen.environment, now, True)
            if action is None:
                action = seen.state
            else:
                episode.add(seen, action, ControlSource.HUMAN)
            values, _, _, _, info = self.env.unwrapped.step(action)
            left = tail if info['success'] and left is None else left
            if left is not None and (left := left - 1) < 0:
                break
        return episode

    def correct(self, policy: Policy) -> Episode:
        """Roll the policy out with the operator ready to take over."""
        self.next_seed += 1
        self.operator.engage = 'supervised'
        episode = Episode()
        roll_out(self.env, self.contract, policy, self.scheduler(), self.next_seed,
                 self.config.loop.conditions, self.operator, episode.add)
        return episode

    def train(self, name: str,
              episodes: Sequence[Episode]) -> tuple[Policy, Result]:
        """Return the policy of some episodes and how it does on the held-out seeds."""
        columns = [np.array(column) for column in zip(
            *(row for e in episodes for row in e.rows), strict=True)]
        source = ArraySource(self.contract, [len(e.rows) for e in episodes],
                             dict(zip(COLUMNS, columns, strict=True)))
        with tempfile.TemporaryDirectory() as folder:
            policy = load(fit(source, Path(folder) / 'run', self.config.loop.training))
        seeds = range(EVALUATION_SEEDS, EVALUATION_SEEDS + self.episodes)
        rollouts = evaluate(self.env, self.contract, policy, self.scheduler, seeds,
                            self.config.loop.conditions)
        return policy, Result(name, [r.success for r in rollouts],
                              sum(e.human_s for e in episodes))

    def scheduler(self) -> Any:
        """Return a new scheduler of the demo's kind."""
        loop = self.config.loop
        return make_scheduler(loop.scheduler, self.contract, loop.execute_steps)


def run(seed: int, episodes: int) -> list[Result]:
    """Return the results of one seed."""
    import torch

    torch.set_num_threads(1)
    return Run(seed, episodes).results()


def main() -> None:
    """Print a line per seed and a summary."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--seeds', type=int, default=10)
    parser.add_argument('--jobs', type=int, default=2)
    parser.add_argument('--episodes', type=int, default=40, help='rollouts per evaluation')
    arguments = parser.parse_args()
    wins, totals = 0, dict[str, tuple[int, int]]()
    with ProcessPoolExecutor(arguments.jobs, multiprocessing.get_context('spawn')) as pool:
        for seed, results in enumerate(pool.map(
                partial(run, episodes=arguments.episodes), range(arguments.seeds))):
            print(f'seed {seed}: ' + ', '.join(
                f'{name} {sum(success)}/{len(success)} ({human:.0f} s)'
                for name, success, human in results), flush=True)
            wins += sum(results[-2].success) > sum(results[-1].success)
            for name, success, _ in results:
                won, n = totals.get(name, (0, 0))
                totals[name] = (won + sum(success), n + len(success))
    for name, (won, n) in totals.items():
        low, high = wilson(won, n)
        print(f'{name:15} {won / n:.2f}  [{low:.2f}, {high:.2f}]')
    print(f'the last round beats demonstrations of equal human time in {wins} of '
          f'{arguments.seeds} seeds')


if __name__ == '__main__':
    main()
