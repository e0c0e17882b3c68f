"""Rollouts per second of `il_ros evaluate`, by the number of processes."""
from __future__ import annotations

import os
from pathlib import Path
import time

from il_ros.contract import Contract
from il_ros.evaluation.checkpoint import evaluate_checkpoint, Trial
from il_ros.evaluation.rollout import Conditions
from il_ros.training.config import TrainConfig

from benchmarks.common import Line, untrained

EPISODES = 24


def measure(folder: Path) -> list[Line]:
    """Roll an untrained policy out, which always takes the whole 12 s of an episode."""
    contract = Contract.load('sim_arm')
    trial = Trial(untrained(folder / 'rollouts', TrainConfig.preset('bc').policy, contract),
                  conditions=Conditions(False))
    seconds, cores = {}, os.cpu_count() or 1
    for workers in (0, cores):
        began = time.perf_counter()
        rollouts = evaluate_checkpoint(trial, range(EPISODES), workers=workers)
        seconds[workers] = time.perf_counter() - began
    simulated = sum(rollout.duration_s for rollout in rollouts)
    return [
        Line('rollouts in one process', f'{simulated / seconds[0]:.0f}', 'real time',
             f'{EPISODES / seconds[0]:.2f} rollouts/s'),
        Line(f'rollouts in {cores} processes, with their start',
             f'{seconds[0] / seconds[cores]:.2f}', 'one process',
             f'{EPISODES / seconds[cores]:.2f} rollouts/s')]
