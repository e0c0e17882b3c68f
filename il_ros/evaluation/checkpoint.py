"""Evaluate a checkpoint on seeds, on all cores."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import as_completed, ProcessPoolExecutor
from dataclasses import dataclass
import multiprocessing
import os
from pathlib import Path

from il_ros.evaluation.rollout import Conditions, evaluate, Rollout

SHARES = 4  # pieces of work per core, so that one slow piece does not hold up the end


@dataclass(frozen=True)
class Trial:
    """What to evaluate: a checkpoint in an environment under conditions."""

    checkpoint: Path
    environment: str = 'il_ros/PickPlace-v0'
    conditions: Conditions = Conditions()
    scheduler: str = 'ensemble'


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


def _evaluate(trial: Trial, seeds: Sequence[int]) -> list[Rollout]:
    import gymnasium
    from il_ros.execution.chunk_scheduler import make_scheduler
    from il_ros.policies.load import load
    import il_ros.sim  # noqa: F401  registers the environments
    import torch

    torch.set_num_threads(1)
    policy = load(trial.checkpoint)
    env = gymnasium.make(trial.environment, cameras=bool(policy.cameras))
    period_ns = policy.contract.period_ns
    try:
        return evaluate(env, policy.contract, policy,
                        lambda: make_scheduler(trial.scheduler, period_ns), seeds,
                        trial.conditions)
    finally:
        env.close()
