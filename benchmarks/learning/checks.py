"""What the tables share: a check, its outcome and its limit."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
import time
from typing import Any, NamedTuple

from il_ros.evaluation.statistics import Interval, wilson
import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
import torch


class Outcome(NamedTuple):
    """Of one seed.

    Attributes:
        success: Per episode. Shape (N,).
        side: 1 or -1 per episode, where there are two ways. Shape (N,).
        against: Success of what it is compared with. Shape (N,).
        ratio: A figure over that of what it is compared with.
    """

    success: NDArray[np.bool_]
    side: NDArray[np.int64] | None = None
    against: NDArray[np.bool_] | None = None
    ratio: float | None = None


class Limit(NamedTuple):
    """What has to be reached.

    Attributes:
        at_least: Success rate.
        at_most: The same, for what has to fail.
        against_at_most: The same of what it is compared with.
        left: Least and largest share of the left side.
        same: The success rate is within the interval of `Outcome.against`.
        ratio: Largest mean of `Outcome.ratio`.
        gain: Least success rate over that of `Outcome.against`.
    """

    at_least: float | None = None
    at_most: float | None = None
    left: tuple[float, float] | None = None
    same: bool = False
    against_at_most: float | None = None
    ratio: float | None = None
    gain: float | None = None

    def __str__(self) -> str:
        parts = [f'>= {self.at_least:.2f}' if self.at_least is not None else '',
                 f'<= {self.at_most:.2f}' if self.at_most is not None else '',
                 f'left {self.left[0]:.0%} to {self.left[1]:.0%}' if self.left else '',
                 'as against' if self.same else '',
                 (f'against <= {self.against_at_most:.2f}'
                  if self.against_at_most is not None else ''),
                 f'ratio <= {self.ratio:g}' if self.ratio is not None else '',
                 f'>= against + {self.gain:.2f}' if self.gain is not None else '']
        return ', '.join(part for part in parts if part) or 'none'

    def broken(self, outcomes: Sequence[Outcome]) -> list[str]:
        """Return what the seeds together do not reach."""
        rate, found = float(_joined(outcomes, 'success').mean()), []
        if self.at_least is not None and rate < self.at_least:
            found.append(f'success {rate:.3f}')
        if self.at_most is not None and rate > self.at_most:
            found.append(f'success {rate:.3f}')
        if self.left and not self.left[0] <= (share := left_share(outcomes)) <= self.left[1]:
            found.append(f'left {share:.1%}')
        if self.same:
            interval = _interval(against := _joined(outcomes, 'against'))
            if not interval.low <= rate <= interval.high:
                found.append(f'success {rate:.3f} against {against.mean():.3f}')
        if self.against_at_most is not None and (
                other := _joined(outcomes, 'against').mean()) > self.against_at_most:
            found.append(f'against {other:.3f}')
        if self.ratio is not None and (ratio := mean_ratio(outcomes)) > self.ratio:
            found.append(f'ratio {ratio:.2f}')
        if self.gain is not None and (
                gain := rate - float(_joined(outcomes, 'against').mean())) < self.gain - 1e-9:
            found.append(f'{gain:+.3f} over against')
        return found


class Check(NamedTuple):
    """One line of a table."""

    task: str
    policy: str
    run: Callable[[int], Outcome]  # of a seed
    limit: Limit = Limit()


NONE = Limit()


def left_share(outcomes: Sequence[Outcome]) -> float:
    """Return the share of the left side over all seeds."""
    return float((_joined(outcomes, 'side') == 1).mean())


def mean_ratio(outcomes: Sequence[Outcome]) -> float:
    """Return the mean ratio of the seeds."""
    return float(np.mean([o.ratio for o in outcomes]))


def show(console: Console, checks: Sequence[Check], seeds: int, jobs: int) -> list[str]:
    """Run checks, print their table and return what did not reach its limit.

    Args:
        console: Where the table goes.
        checks: Its lines.
        seeds: Trainings per line.
        jobs: Processes, each with one thread.
    """
    table = Table('task', 'policy', 'success', '95 %', 'against', 'left', 'ratio', 'limit', '',
                  'CPU seconds', box=None, padding=(0, 2))
    failed = []
    with ProcessPoolExecutor(jobs, get_context('spawn'), torch.set_num_threads, (1,)) as pool:
        running = [[pool.submit(_timed, check.run, seed) for seed in range(seeds)]
                   for check in checks]
        for check, futures in zip(checks, running, strict=True):
            with console.status(f'{check.task}: {check.policy}'):
                results = [future.result() for future in futures]
            outcomes = [outcome for outcome, _ in results]
            broken = check.limit.broken(outcomes)
            failed += [f'{check.task}, {check.policy}: {what}, expected {check.limit}'
                       for what in broken]
            table.add_row(*_row(check, outcomes),
                          '[red]fails[/]' if broken else '[green]holds[/]',
                          f'{sum(seconds for _, seconds in results):.0f}')
    console.print(table)
    return failed


def _row(check: Check, outcomes: Sequence[Outcome]) -> list[str]:
    success, first = _joined(outcomes, 'success'), outcomes[0]
    interval = _interval(success)
    return [check.task, check.policy, f'{success.mean():.2f}',
            f'{interval.low:.2f} to {interval.high:.2f}',
            '' if first.against is None else f'{_joined(outcomes, "against").mean():.2f}',
            '' if first.side is None else f'{left_share(outcomes):.0%}',
            '' if first.ratio is None else f'{mean_ratio(outcomes):.2f}', str(check.limit)]


def _timed(run: Callable[[int], Outcome], seed: int) -> tuple[Outcome, float]:
    began = time.process_time()
    return run(seed), time.process_time() - began


def _joined(outcomes: Sequence[Outcome], name: str) -> NDArray[Any]:
    return np.concatenate([getattr(outcome, name) for outcome in outcomes])


def _interval(success: NDArray[np.bool_]) -> Interval:
    return wilson(int(success.sum()), len(success))
