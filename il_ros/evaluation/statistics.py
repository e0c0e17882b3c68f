"""What a handful of rollouts says about a policy: success is a binomial, seeds are paired."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb, exp, lgamma, log, sqrt
from statistics import NormalDist
from typing import NamedTuple

from il_ros.errors import ConfigError


class Interval(NamedTuple):
    """Bounds of a success rate, 0 to 1."""

    low: float
    high: float


def wilson(successes: int, episodes: int, confidence: float = 0.95) -> Interval:
    """Return the Wilson score interval of a success rate; (0, 1) without episodes.

    Source: E. B. Wilson, J. Am. Stat. Assoc. 22 (1927).

    Raises:
        ConfigError: The counts cannot be those of a series of episodes.
    """
    if not 0 <= successes <= episodes:
        raise ConfigError(f'expected 0 to {episodes} successes in {episodes} episodes, '
                          f'got {successes}')
    if episodes == 0:
        return Interval(0.0, 1.0)
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    rate, shrink = successes / episodes, z * z / episodes
    center = (rate + shrink / 2) / (1 + shrink)
    half = z * sqrt((rate * (1 - rate) + shrink / 4) / episodes) / (1 + shrink)
    # At 0 and n the bound is 0 and 1 exactly, which the square root misses by a rounding.
    return Interval(0.0 if successes == 0 else center - half,
                    1.0 if successes == episodes else center + half)


@dataclass(frozen=True)
class PairedComparison:
    """Two policies on the same seeds.

    Attributes:
        only_a: Seeds on which only the first policy succeeded.
        only_b: Seeds on which only the second did.
        both: Seeds on which both did.
        neither: Seeds on which none did.
        probability_a_better: That the first succeeds more often than the second.
        p_value: Of McNemar's exact test; see `mcnemar`.
    """

    only_a: int
    only_b: int
    both: int
    neither: int
    probability_a_better: float
    p_value: float

    @property
    def difference(self) -> float:
        """Success rate of the first less that of the second."""
        seeds = self.only_a + self.only_b + self.both + self.neither
        return (self.only_a - self.only_b) / seeds


def compare_paired(a: Sequence[bool], b: Sequence[bool]) -> PairedComparison:
    """Compare two policies by their results on the same seeds, in the same order.

    Only seeds on which they differ tell them apart (McNemar). With a uniform prior the share of
    those that the first wins follows Beta(only_a + 1, only_b + 1); its mass above one half is a
    binomial sum, exact in integers.

    Raises:
        ConfigError: The results are empty or of different length.
    """
    if len(a) != len(b) or not len(a):
        raise ConfigError('expected the results of two policies on the same seeds, '
                          f'got {len(a)} and {len(b)}')
    pairs = [(bool(x), bool(y)) for x, y in zip(a, b, strict=True)]
    only_a, only_b = pairs.count((True, False)), pairs.count((False, True))
    trials = only_a + only_b + 1
    better = sum(comb(trials, k) for k in range(only_a + 1)) / 2 ** trials
    return PairedComparison(only_a, only_b, pairs.count((True, True)),
                            pairs.count((False, False)), better, mcnemar(only_a, only_b))


def mcnemar(only_a: int, only_b: int) -> float:
    """Return the two-sided p value of McNemar's exact test: are two policies alike?

    Were they, each seed on which they differ would be a fair coin. Exact in integers.

    Args:
        only_a: Seeds on which only the first policy succeeded.
        only_b: Seeds on which only the second did.

    Source: Q. McNemar, Psychometrika 12 (1947); the exact form is the sign test.

    Raises:
        ConfigError: A count is negative.
    """
    if min(only_a, only_b) < 0:
        raise ConfigError(f'expected counts of 0 or more, got {only_a} and {only_b}')
    trials = only_a + only_b
    tail = sum(comb(trials, k) for k in range(min(only_a, only_b) + 1))
    return min(1.0, float(2 * tail / 2 ** trials))


def probability_better(a: tuple[int, int], b: tuple[int, int]) -> float:
    """Return the probability that the first of two policies has the higher success rate.

    For results that are not paired. Both rates have a uniform prior, so that their posteriors are
    Beta(successes + 1, failures + 1); the closed form sums over the first's successes.

    Args:
        a: Successes and episodes of the first policy.
        b: The same of the second.

    Source: E. Miller, Formulas for Bayesian A/B Testing (2014).

    Raises:
        ConfigError: The counts cannot be those of a series of episodes.
    """
    for successes, episodes in (a, b):
        wilson(successes, episodes)
    alpha, beta = b[0] + 1, b[1] - b[0] + 1
    wins, losses = a[0] + 1, a[1] - a[0] + 1
    return min(1.0, sum(exp(_log_beta(alpha + i, beta + losses) - log(losses + i)
                            - _log_beta(1 + i, losses) - _log_beta(alpha, beta))
                        for i in range(wins)))


def probability_text(value: float) -> str:
    """Return a probability with three digits, which never claims certainty."""
    return '< 0.001' if value < 0.001 else '> 0.999' if value > 0.999 else f'{value:.3f}'


def _log_beta(x: float, y: float) -> float:
    return lgamma(x) + lgamma(y) - lgamma(x + y)
