"""Evaluate a policy on seeds, on all cores: a checkpoint, an exported file or a server."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
import os
from pathlib import Path
from typing import Any, TypeVar

from il_ros.contract import Contract
from il_ros.contract.checks import require_real
from il_ros.errors import ConfigError
from il_ros.evaluation.rollout import Conditions, evaluate, roll_out, Rollout
from il_ros.execution.chunk_scheduler import make_scheduler
from il_ros.execution.schedulers.scheduler import ChunkScheduler
from il_ros.policies.policy import Policy, Seeded
from il_ros.policies.source import is_server, open_policy, Options, Place
from il_ros.spread.spread import Ask, Spread, spread_over
from il_ros.types import Pixels

K = TypeVar('K')
SHARES = 4  # pieces of work per core, so that one slow piece does not hold up the end
FILM_SIZE = (360, 480)
DEADLINE_S = 60.0  # for an answer of a server: the simulated robot waits


@dataclass(frozen=True)
class Trial:
    """What to evaluate: a policy in a simulated task under conditions.

    Attributes:
        checkpoint: Where the policy comes from; see `il_ros.policies.source`.
        task: One of `il_ros.sim.tasks.TASKS`.
        repeats: Episodes between two resets of the arm; seeds come in runs of so many.
        options: How the policy is run, where it is run here.
        instruction: What it is told to do, in words; the contract's task when ''.
        scheduler, execute_steps, refill_s, join: See `make_scheduler`.
    """

    checkpoint: Place
    task: str = 'PickPlace'
    conditions: Conditions = Conditions()
    scheduler: str = 'receding'
    execute_steps: int = 8
    repeats: int = 1
    options: Options = Options()
    instruction: str = ''
    refill_s: float = 0.3
    join: float = 0.5


def evaluate_checkpoint(trial: Trial, seeds: Sequence[int], *, workers: int | None = None,
                        progress: Callable[[int], None] = lambda _: None) -> list[Rollout]:
    """Return one rollout per seed, in the order of the seeds.

    Args:
        workers: Processes; by default one per core. 0 runs in this process.
        progress: Told the number of rollouts finished so far.

    Raises:
        CheckpointError: The checkpoint cannot be read.
    """
    return evaluate_all({'': trial}, seeds, workers=workers, progress=progress)['']


def evaluate_all(trials: Mapping[K, Trial], seeds: Sequence[int], *,
                 workers: int | None = None, progress: Callable[[int], None] = lambda _: None,
                 spread: Spread | None = None) -> dict[K, list[Rollout]]:
    """Return one rollout per trial and seed, in order, the same wherever they are made.

    Args:
        workers: Processes; by default one per core, and none for a server's policy. 0 runs in
            this process.
        spread: In place of them.
        progress: Told the number of rollouts finished so far.

    Raises:
        CheckpointError: A checkpoint cannot be read.
        RemoteError: A server cannot be reached or gives no chunks for this robot.
        WorkError: Processes or machines were lost again and again.
    """
    if workers is None:  # a server answers one request at a time
        remote = any(is_server(trial.checkpoint) for trial in trials.values())
        workers = 0 if remote else os.cpu_count() or 1
    if spread is None:
        with spread_over(jobs=workers) as spread:
            return evaluate_all(trials, seeds, progress=progress, spread=spread)
    share = max(spread.workers * SHARES // len(trials), 1)
    pieces = [(name, piece) for name, trial in trials.items()
              for piece in _pieces(seeds, trial.repeats, share)]
    found: dict[K, dict[int, Rollout]] = {name: {} for name in trials}

    def take(name: K, rollouts: Sequence[Rollout]) -> None:
        found[name].update({rollout.seed: rollout for rollout in rollouts})
        progress(sum(map(len, found.values())))

    items = [(trials[name], piece) for name, piece in pieces]
    with closing(spread.done(_evaluate, items, lambda: None)) as done:
        for number, rollouts in done:
            take(pieces[number][0], rollouts)
    return {name: [results[seed] for seed in seeds] for name, results in found.items()}


def _pieces(seeds: Sequence[int], repeats: int, count: int) -> list[list[int]]:
    """Return the seeds in at most `count` pieces that never cut a run of `repeats` in two."""
    runs = [list(seeds[i:i + repeats]) for i in range(0, len(seeds), repeats)]
    return [[seed for run in runs[i::count] for seed in run] for i in range(min(count, len(runs)))]


def film(trial: Trial, seed: int, path: Path, before: Sequence[int] = ()) -> Rollout:
    """Write a video of one rollout, seen by the scene camera, and return the rollout.

    Args:
        before: Seeds of the episodes that came before it in its run, where the arm is not reset.
    """
    from il_ros.datasets.files.video import VideoWriter

    with _opened(trial) as (env, policy, scheduler):
        _roll_out_all(trial, before, env, policy, scheduler)
        frames: list[Pixels] = []
        _seed(policy, seed)
        rollout = roll_out(
            env, policy.contract, policy, scheduler(), seed, trial.conditions, repeat=bool(before),
            instruction=trial.instruction,
            on_step=lambda *_: frames.append(env.unwrapped.simulation.render('scene', *FILM_SIZE)))
        writer = VideoWriter(path, *FILM_SIZE, policy.contract.rate_hz)
        for frame in frames:
            writer.write(frame)
        writer.close(len(frames))
        return rollout


def _evaluate(item: tuple[Trial, Sequence[int]], ask: Ask) -> list[Rollout]:
    trial, seeds = item
    with _opened(trial) as (env, policy, scheduler):
        return _roll_out_all(trial, seeds, env, policy, scheduler, ask)


def _roll_out_all(trial: Trial, seeds: Sequence[int], env: Any, policy: Policy,
                  scheduler: Callable[[], ChunkScheduler],
                  ask: Ask = lambda: None) -> list[Rollout]:
    def before(seed: int) -> None:
        ask()
        _seed(policy, seed)

    return evaluate(env, policy.contract, policy, scheduler, seeds, trial.conditions,
                    before=before, repeats=trial.repeats, instruction=trial.instruction)


def _seed(policy: Policy, seed: int) -> None:
    """Make what a sampling policy draws follow from the episode, not from the ones before."""
    if isinstance(policy, Seeded):
        policy.seed(seed)


@contextmanager
def _opened(trial: Trial) -> Iterator[tuple[Any, Policy, Callable[[], ChunkScheduler]]]:
    from il_ros.sim import make

    with opened(trial.checkpoint, trial.options, trial.task) as policy:
        env = make(trial.task, contract=policy.contract, cameras=bool(policy.cameras))
        try:
            yield env, policy, lambda: make_scheduler(
                trial.scheduler, policy.contract, trial.execute_steps,
                refill_s=trial.refill_s, join=trial.join)
        finally:
            env.close()


@contextmanager
def opened(place: Place, options: Options, task: str) -> Iterator[Policy]:
    """Open a policy for the robot of a task; a server is told that it drives that one.

    Raises:
        ConfigError: There is no such task, or it is one of another robot.
        ContractMismatchError: Nothing says which robot it learned from.
        CheckpointError: It cannot be read, or the backend cannot run it.
        RemoteError: The server cannot be reached or gives no chunks for this robot.
    """
    from il_ros.sim.tasks import make_task, tasks_of

    robot = Contract.load(make_task(task).world.robot)
    policy = open_policy(place, options, robot, deadline_s=DEADLINE_S)
    try:
        require_real(policy.contract.generated, str(place))
        if policy.contract.joint_names != robot.joint_names:
            raise ConfigError(
                f'{place}: a policy for {policy.contract.robot}, and {task} is a task of '
                f'{robot.robot}; evaluate it in one of {", ".join(tasks_of(policy.contract))}')
        yield policy
    finally:
        if is_server(place):
            policy.close()  # type: ignore[attr-defined]
