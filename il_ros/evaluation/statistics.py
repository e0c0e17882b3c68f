"""What a handful of rollouts says about a policy: success is a binomial, seeds are paired."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb, sqrt
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
    """

    only_a: int
    only_b: int
    both: int
    neither: int
    probability_a_better: float

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
                            pairs.count((False, False)), better)
