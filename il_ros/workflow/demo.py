"""The main job on a simulated arm, from the first demonstration to the corrected policy."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from il_ros.datasets.reader import Dataset
from il_ros.errors import ConfigError
from il_ros.training.config import TrainConfig
from il_ros.workflow.loop import human_seconds, Loop, LoopConfig, Progress, Round


@dataclass(frozen=True)
class DemoConfig:
    """Sizes of the demo.

    Attributes:
        demonstrations: Episodes that the operator shows first.
        rounds: DAgger rounds after them.
    """

    demonstrations: int = 10
    rounds: int = 2
    loop: LoopConfig = field(default_factory=LoopConfig)

    def __post_init__(self) -> None:
        for name in ('demonstrations', 'rounds'):
            if getattr(self, name) < 1:
                raise ConfigError(f'{name}: expected at least 1, got {getattr(self, name)}')


def demo_config(seed: int, *, vision: bool = False, quick: bool = False) -> DemoConfig:
    """Return the sizes that a seed of the demo runs with."""
    training = replace(TrainConfig.preset('bc_vision' if vision else 'bc'), seed=seed)
    loop = LoopConfig(seed=seed, training=training)
    if not quick:
        return DemoConfig(loop=loop)
    return DemoConfig(2, 1, replace(loop, rollouts=2, episodes=4,
                                    training=replace(training, steps=200)))


def run_demo(config: DemoConfig, out: Path, progress: Progress) -> list[Round]:
    """Return demonstrations only, each DAgger round, then demonstrations of equal human time.

    Raises:
        ConfigError: `out` holds something already.
    """
    if out.exists() and any(out.iterdir()):
        raise ConfigError(f'{out} is not empty; name a new folder with --out, '
                          'or move the old one away')
    loop = Loop(config.loop, out, progress)
    dataset, baseline = out / 'dataset', out / 'dataset_demonstrations_only'

    first = loop.demonstrate('demonstrations', count=config.demonstrations)
    loop.convert(first, dataset)
    rounds = [loop.train('demonstrations', dataset)]
    for number in range(1, config.rounds + 1):
        name = f'dagger_{number}'
        loop.convert(loop.correct(name, rounds[-1].checkpoint), dataset)
        rounds.append(loop.train(name, dataset))

    loop.convert(first, baseline)
    while (missing_s := rounds[-1].human_seconds - human_seconds(Dataset(baseline))) > 0:
        more = loop.demonstrate('more_demonstrations', human_seconds=missing_s)
        loop.convert(more, baseline)
    return [*rounds, loop.train('demonstrations_of_equal_time', baseline)]


def summary(config: DemoConfig, rounds: Sequence[Round], seconds: float) -> dict[str, Any]:
    """Return what `summary.json` holds; `rounds` has the demonstrations first."""
    return {'seed': config.loop.seed, 'robot': config.loop.robot, 'task': config.loop.task,
            'seconds': round(seconds, 1),
            'rounds': [result.summary() for result in rounds[:-1]],
            'equal_human_seconds': rounds[-1].summary()}
