"""What each preset of config/training learns from the same scripted demonstrations of PickPlace.

For whoever just picks another preset: all settings are the preset's own. The demonstrations are
undisturbed; a rollout is, or has its object pushed away once.

    python -m benchmarks.presets --presets bc gmm --seeds 1
"""
from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
import tempfile
import time

from il_ros.evaluation.rollout import Conditions, evaluate
from il_ros.evaluation.statistics import wilson
from il_ros.policies.load import load
from il_ros.training.config import TrainConfig
from il_ros.training.samples import ArraySource
from il_ros.training.train import fit
from il_ros.workflow.loop import EVALUATION_SEEDS
import numpy as np

from benchmarks.dagger import COLUMNS, Episode, Run

PRESETS = ('bc', 'bc_rnn', 'gmm', 'act', 'flow', 'diffusion', 'ibc')


def source_of(run: Run, episodes: Sequence[Episode]) -> ArraySource:
    """Return episodes as what a policy is trained on."""
    columns = [np.array(column) for column in zip(
        *(row for episode in episodes for row in episode.rows), strict=True)]
    return ArraySource(run.contract, [len(episode.rows) for episode in episodes],
                       dict(zip(COLUMNS, columns, strict=True)))


def main() -> None:
    """Print a line per preset and seed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--presets', nargs='+', default=list(PRESETS),
                        help='names under config/training or YAML files')
    parser.add_argument('--demonstrations', type=int, default=60)
    parser.add_argument('--episodes', type=int, default=50, help='per seed and condition')
    parser.add_argument('--seeds', type=int, nargs='+', default=[0])
    given = parser.parse_args()
    for seed in given.seeds:
        run = Run(seed, given.episodes)
        source = source_of(run, [run.demonstrate() for _ in range(given.demonstrations)])
        print(f'seed {seed}: {given.demonstrations} demonstrations, {sum(source.lengths)} rows',
              flush=True)
        for preset in given.presets:
            config = replace(TrainConfig.preset(preset), seed=seed)
            began, busy = time.monotonic(), time.process_time()
            with tempfile.TemporaryDirectory() as folder:
                policy = load(fit(source, Path(folder, 'run'), config))
            line = (f'{preset:12} {config.steps} steps, {time.process_time() - busy:.0f} CPU '
                    f'seconds in {time.monotonic() - began:.0f} s')
            for what, disturb in (('undisturbed', False), ('disturbed', True)):
                rollouts = evaluate(
                    run.env, run.contract, policy, run.scheduler,
                    range(EVALUATION_SEEDS, EVALUATION_SEEDS + given.episodes),
                    Conditions(disturb))
                won = sum(rollout.success for rollout in rollouts)
                low, high = wilson(won, len(rollouts))
                line += f'; {what} {won / len(rollouts):.2f} [{low:.2f}, {high:.2f}]'
            print(line, flush=True)


if __name__ == '__main__':
    main()
