"""Many trainings that differ in their settings, on as many machines as Ray has."""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product
import json
from pathlib import Path
from typing import Any, NamedTuple

from il_ros.buckets.url import url_of
from il_ros.config import build, to_mapping
from il_ros.errors import ConfigError
from il_ros.spread.on_ray import cluster
from il_ros.training.config import TrainConfig

Values = Mapping[str, Any]


class Result(NamedTuple):
    """One training.

    Attributes:
        values: What it differs in, by the setting's name.
        folder: Of the run.
        validation: Lowest validation error; None without one.
        error: Why it failed; '' where it did not.
    """

    values: Values
    folder: Path
    validation: float | None
    error: str = ''


def combinations(base: TrainConfig, choices: Mapping[str, Sequence[Any]]
                 ) -> list[tuple[Values, TrainConfig]]:
    """Return every combination of values, and the settings with them.

    Args:
        base: All other settings.
        choices: Values by name, as in 'learning_rate' or 'policy.bc.hidden'.

    Raises:
        ConfigError: There is no such setting, or a value is wrong.
    """
    found: list[tuple[Values, TrainConfig]] = []
    for values in product(*choices.values()):
        chosen = dict(zip(choices, values, strict=True))
        mapping = to_mapping(base)
        for name, value in chosen.items():
            *groups, last = name.split('.')
            place = mapping
            for group in groups:
                place = place.setdefault(group, {})
                if not isinstance(place, dict):
                    raise ConfigError(f'{name}: {group!r} is one value, no group of settings')
            place[last] = value
        found.append((chosen, build(TrainConfig, mapping, ', '.join(
            f'{name}={value}' for name, value in chosen.items()))))
    return found


def sweep(dataset: Path, out: Path, runs: Sequence[tuple[Values, TrainConfig]],
          progress: Callable[[int], None] = lambda _: None) -> list[Result]:
    """Train all of them; the best first, the failed ones last.

    Ray runs as many at a time as there are cores or GPUs: those of this machine, or of the cluster
    that RAY_ADDRESS names, whose machines need this package and see both folders.

    Args:
        dataset: Folder of the dataset, here or in a bucket.
        out: Receives a folder per run.
        runs: Of `combinations`.
        progress: Told how many are done.
    """
    place = dataset if url_of(dataset) else dataset.resolve()
    with cluster() as ray:
        run = ray.remote(_run).options
        waiting = {}
        for number, (values, config) in enumerate(runs):
            folder = out.resolve() / f'{number:03d}'
            waiting[run(num_cpus=config.threads, num_gpus=int(config.accelerator == 'cuda'),
                        max_retries=0).remote(place, folder, config)] = values, folder
        results = []
        while waiting:
            done, _ = ray.wait(list(waiting))
            for reference in done:
                values, folder = waiting.pop(reference)
                try:
                    results.append(Result(values, folder, ray.get(reference)))
                except ray.exceptions.RayError as error:
                    results.append(Result(values, folder, None,
                                          str(error).strip().splitlines()[-1]))
                progress(len(results))
    return sorted(results, key=lambda result: (
        bool(result.error), result.validation is None, result.validation or 0.0))


def _run(dataset: Path, folder: Path, config: TrainConfig) -> float | None:
    from il_ros.training.train import train

    best = train(dataset, folder, config)
    validation: float | None = json.loads((best / 'training.json').read_text())['validation']
    return validation
