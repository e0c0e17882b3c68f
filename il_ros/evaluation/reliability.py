"""What a long run without resets says: successes in a row, time between failures."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from il_ros.evaluation.rollout import Rollout


@dataclass(frozen=True)
class Reliability:
    """Of some long runs together.

    Attributes:
        runs: How many.
        longest: Most successes in a row.
        per_failure: Successes per failure; None without failures.
        duration_s: Of all runs together [s].
        mean_between_failures_s: Time of operation per failure [s]; None without failures.
        first_failure: Episodes that succeeded before the first failure of each run; the length of
            the run where there was none.
    """

    runs: int
    longest: int
    per_failure: float | None
    duration_s: float
    mean_between_failures_s: float | None
    first_failure: tuple[int, ...]


def runs_of(rollouts: Sequence[Rollout], repeats: int) -> list[list[Rollout]]:
    """Return rollouts as runs of `repeats` episodes; the last may be shorter."""
    return [list(rollouts[i:i + repeats]) for i in range(0, len(rollouts), repeats)]


def reliability(runs: Sequence[Sequence[Rollout]]) -> Reliability:
    """Return the figures of long runs. A streak ends with its run."""
    every = [rollout for run in runs for rollout in run]
    failures = sum(not rollout.success for rollout in every)
    seconds = sum(rollout.duration_s for rollout in every)
    streaks = [len(list(group)) for run in runs
               for success, group in groupby(run, key=lambda rollout: rollout.success) if success]
    first = tuple(next((i for i, rollout in enumerate(run) if not rollout.success), len(run))
                  for run in runs)
    return Reliability(
        len(runs), max(streaks, default=0),
        (len(every) - failures) / failures if failures else None, seconds,
        seconds / failures if failures else None, first)
