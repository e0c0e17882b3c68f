"""One row of a report: a policy and what it took to get it."""
from __future__ import annotations

from dataclasses import dataclass

from il_ros.evaluation.statistics import Interval, wilson


@dataclass(frozen=True)
class Round:
    """One row of the results: a policy and what it took to get it.

    Attributes:
        human_seconds: Time a person drove the robot for its training data, in all [s].
        baseline: Trained from demonstrations alone, for comparison with the DAgger rounds.
        human_share: Part of the round's collection time in which the person drove; None unknown.
        take_overs: In the round's collection; None unknown.
        context_switches: Changes between person and policy in it.
        mean_intervention_s: Mean length of its take-overs [s].
        success_per_human_minute: Its successful episodes per minute of a person.
    """

    name: str
    successes: int
    episodes: int
    human_seconds: float
    baseline: bool = False
    human_share: float | None = None
    take_overs: int | None = None
    context_switches: int | None = None
    mean_intervention_s: float | None = None
    success_per_human_minute: float | None = None

    @property
    def rate(self) -> float:
        """Success rate, 0 to 1."""
        return self.successes / self.episodes if self.episodes else 0.0

    @property
    def interval(self) -> Interval:
        """95 % Wilson interval of `rate`."""
        return wilson(self.successes, self.episodes)
