"""Evaluate a checkpoint on seeds, on all cores."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import as_completed, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
import multiprocessing
import os
from pathlib import Path
from typing import Any

from il_ros.evaluation.rollout import Conditions, evaluate, roll_out, Rollout
from il_ros.execution.chunk_scheduler import ChunkScheduler, make_scheduler
from il_ros.policies.policy import Policy
from il_ros.types import Pixels

SHARES = 4  # pieces of work per core, so that one slow piece does not hold up the end
FILM_SIZE = (360, 480)


@dataclass(frozen=True)
class Trial:
    """What to evaluate: a checkpoint in an environment under conditions."""

    checkpoint: Path
    environment: str = 'il_ros/PickPlace-v0'
    conditions: Conditions = Conditions()
    scheduler: str = 'receding'
    execute_steps: int = 8


def evaluate_checkpoint(trial: Trial, seeds: Sequence[int], *, workers: int | None = None,
                        progress: Callable[[int], None] = lambda _: None) -> list[Rollout]:
    """Return one rollout per seed, in the order of the seeds.

    Args:
        workers: Processes; by default one per core. 0 runs in this process.
        progress: Told the number of rollouts finished so far.

    Raises:
        CheckpointError: The checkpoint cannot be read.
    """
    workers = os.cpu_count() or 1 if workers is None else workers
    if workers == 0:
        return _evaluate(trial, seeds)
    pieces = [list(seeds[i::workers * SHARES]) for i in range(workers * SHARES)]
    found: dict[int, Rollout] = {}
    context = multiprocessing.get_context('spawn')
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        for future in as_completed([pool.submit(_evaluate, trial, p) for p in pieces if p]):
            found.update({rollout.seed: rollout for rollout in future.result()})
            progress(len(found))
    return [found[seed] for seed in seeds]


def film(trial: Trial, seed: int, path: Path) -> Rollout:
    """Write a video of one rollout, seen by the scene camera, and return the rollout."""
    from il_ros.datasets.video import VideoWriter

    with _opened(trial) as (env, policy, scheduler):
        frames: list[Pixels] = []
        rollout = roll_out(
            env, policy.contract, policy, scheduler(), seed, trial.conditions,
            on_step=lambda *_: frames.append(env.unwrapped.simulation.render('scene', *FILM_SIZE)))
        writer = VideoWriter(path, *FILM_SIZE, policy.contract.rate_hz)
        for frame in frames:
            writer.write(frame)
        writer.close(len(frames))
        return rollout


def _evaluate(trial: Trial, seeds: Sequence[int]) -> list[Rollout]:
    with _opened(trial) as (env, policy, scheduler):
        return evaluate(env, policy.contract, policy, scheduler, seeds, trial.conditions)


@contextmanager
def _opened(trial: Trial) -> Iterator[tuple[Any, Policy, Callable[[], ChunkScheduler]]]:
    import gymnasium
    from il_ros.policies.load import load
    import il_ros.sim  # noqa: F401  registers the environments
    import torch

    torch.set_num_threads(1)
    policy = load(trial.checkpoint)
    env = gymnasium.make(trial.environment, cameras=bool(policy.cameras))
    try:
        yield env, policy, lambda: make_scheduler(
            trial.scheduler, policy.contract.period_ns, trial.execute_steps)
    finally:
        env.close()
