"""A small run of DAgger rounds without ROS, in a process that can be killed."""
from __future__ import annotations

from dataclasses import replace
import multiprocessing
import os
from pathlib import Path
import signal

from il_ros.contract import Contract
from il_ros.datasets.extend import extend, NewEpisode
from il_ros.datasets.from_bags.rows import Row
from il_ros.evaluation.rollout import Conditions, observation_of
from il_ros.intervention.beta import Beta
from il_ros.policies.config import BCConfig, PolicyConfig
from il_ros.teleop.scripted import ScriptedOperator
from il_ros.training.config import TrainConfig
from il_ros.training.train import train
from il_ros.types import ControlSource
from il_ros.workflow.journal import Journal
from il_ros.workflow.loop import Loop, LoopConfig
from il_ros.workflow.rounds import Rounds
from il_ros.workflow.rounds_config import RoundsConfig
from il_ros.workflow.vanilla import VanillaCollector
import numpy as np

TRAINING = TrainConfig(PolicyConfig(bc=BCConfig(hidden=16, layers=1)), steps=40, batch_size=32,
                       warmup_steps=5, validate_every=10, loaders=0)
CONTEXT = multiprocessing.get_context('forkserver')
CONTEXT.set_forkserver_preload([
    'il_ros.workflow.rounds', 'il_ros.workflow.vanilla', 'il_ros.sim.environment',
    'il_ros.teleop.scripted', 'lightning_fabric', 'torch.utils.tensorboard'])


def prepare(folder: Path) -> RoundsConfig:
    """Write two demonstrations and a first policy."""
    contract = Contract.load('sim_arm')
    extend(folder / 'dataset', contract, [
        NewEpisode(demonstrate(contract, seed), f'shown_{seed}', f'{seed}', contract.task, True)
        for seed in (1, 2)])
    first = train(folder / 'dataset', folder / 'first', TRAINING)
    return RoundsConfig(folder / 'dataset', first, LoopConfig(
        task='Reach', rollouts=2, episodes=2, timeout_s=1.0, training=TRAINING, workers=0,
        conditions=Conditions(True, 0.005)), method='vanilla', beta='linear:4')


def demonstrate(contract: Contract, seed: int) -> list[Row]:
    """Return a second of the scripted operator at work."""
    from il_ros.sim.environment import ArmEnv

    env, operator = ArmEnv('Reach', cameras=True), ScriptedOperator(contract, seed, 'Reach')
    values, _ = env.reset(seed=seed)
    rows = []
    for step in range(30):
        seen = observation_of(values, step * contract.period_ns)
        action = operator.act(seen.state, seen.environment, seen.stamp_ns)
        rows.append(Row(step, seen, action, np.full(len(action), np.nan), ControlSource.HUMAN,
                        False))
        values = env.step(action)[0]
    env.close()
    return rows


class Death:
    """Kills this process at the n-th time that it is asked; never with 0."""

    def __init__(self, after: int) -> None:
        self.left = after

    def __call__(self) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


class DyingJournal(Journal):
    """Dies when a step's work is done and not noted yet."""

    def __init__(self, folder, settings, death):
        super().__init__(folder, settings)
        self._death = death

    def record(self, step, result):
        self._death()
        super().record(step, result)


class Progress:
    """Dies in the midst of a training."""

    def __init__(self, death):
        self._death = death

    def step(self, text, total):
        self._training = text.startswith('train')

    def advance(self, done, note=''):
        if self._training:
            self._death()

    def round(self, result):
        pass


def run(config: RoundsConfig, out: Path, count: int = 1, notes: int = 0, reports: int = 0) -> None:
    """Run rounds; die at the `notes`-th noting of a step or the `reports`-th of a training."""
    import torch

    torch.set_num_threads(1)
    progress = Progress(Death(reports))
    with DyingJournal(out, config.settings(), Death(notes)) as journal:
        loop = Loop(config.loop, out, progress)
        collector = VanillaCollector(config.loop, loop, out, config.dataset,
                                     Beta.parse(config.beta))
        Rounds(config, out, loop, collector, journal, progress).run(count)


def in_process(*arguments: object, **keywords: object) -> int:
    """Run rounds in a process of their own and return its exit code."""
    process = CONTEXT.Process(target=run, args=arguments, kwargs=keywords)
    process.start()
    process.join()
    assert process.exitcode is not None
    return process.exitcode


def at(config: RoundsConfig, folder: Path) -> RoundsConfig:
    """Return the same rounds on the dataset in another folder."""
    return replace(config, dataset=folder / 'dataset')
