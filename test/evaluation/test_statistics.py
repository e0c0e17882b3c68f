from il_ros.errors import ConfigError
from il_ros.evaluation.statistics import (
    compare_paired,
    mcnemar,
    probability_better,
    probability_text,
    wilson,
)
import numpy as np
import pytest


@pytest.mark.parametrize('successes, episodes, low, high', [
    (18, 20, 0.699, 0.972), (0, 10, 0.0, 0.278), (10, 10, 0.722, 1.0), (50, 100, 0.404, 0.596)])
def test_wilson_against_published_values(successes, episodes, low, high):
    interval = wilson(successes, episodes)
    assert (round(interval.low, 3), round(interval.high, 3)) == (low, high)


def test_wilson_bounds_are_exact_at_the_ends():
    assert wilson(0, 7).low == 0.0
    assert wilson(7, 7).high == 1.0
    assert wilson(0, 0) == (0.0, 1.0)


def test_wilson_covers_the_true_rate_as_often_as_it_says():
    random = np.random.default_rng(0)  # single rates oscillate around 95 %, their mean does not
    rates = random.uniform(0.05, 0.95, 4000)
    bounds = [wilson(int(n), 40) for n in random.binomial(40, rates)]
    covered = np.mean([b.low <= rate <= b.high for b, rate in zip(bounds, rates, strict=True)])
    assert covered == pytest.approx(0.95, abs=0.01)


@pytest.mark.parametrize('successes, episodes', [(-1, 5), (6, 5)])
def test_wilson_refuses_impossible_counts(successes, episodes):
    with pytest.raises(ConfigError, match=f'^expected 0 to 5 successes in 5 episodes, '
                                          f'got {successes}$'):
        wilson(successes, episodes)


def test_paired_comparison_counts_and_probability():
    a = [True] * 8 + [True] * 2 + [False] * 2
    b = [False] * 8 + [True] * 2 + [False, True]
    result = compare_paired(a, b)
    assert (result.only_a, result.only_b, result.both, result.neither) == (8, 1, 2, 1)
    assert result.difference == pytest.approx(7 / 12)
    assert result.probability_a_better == 1013 / 1024  # 1 - (1 + 10) / 2^10
    assert result.p_value == 20 / 512  # 2 (1 + 9) / 2^9


def test_paired_probability_equals_sampling_the_posterior():
    result = compare_paired([True] * 5 + [False] * 3, [False] * 5 + [True] * 3)
    sampled = np.mean(np.random.default_rng(0).beta(6, 4, 200_000) > 0.5)
    assert result.probability_a_better == pytest.approx(sampled, abs=0.005)


def test_equal_policies_are_even():
    assert compare_paired([True, False], [True, False]).probability_a_better == 0.5


def test_paired_comparison_needs_the_same_seeds():
    with pytest.raises(ConfigError, match='on the same seeds, got 2 and 1$'):
        compare_paired([True, False], [True])
    with pytest.raises(ConfigError, match='got 0 and 0$'):
        compare_paired([], [])


@pytest.mark.parametrize('only_a, only_b, p', [
    (0, 0, 1.0), (1, 0, 1.0), (0, 6, 2 / 64), (5, 0, 2 / 32), (4, 4, 1.0), (1, 9, 22 / 1024),
    (15, 5, 43400 / 2 ** 20)])
def test_mcnemar_against_the_binomial_by_hand(only_a, only_b, p):
    assert mcnemar(only_a, only_b) == mcnemar(only_b, only_a) == p


def test_mcnemar_rarely_tells_equal_policies_apart():
    differing = np.random.default_rng(0).binomial(25, 0.5, 4000)
    rejected = np.mean([mcnemar(int(k), 25 - int(k)) < 0.05 for k in differing])
    assert rejected == pytest.approx(0.043, abs=0.01)  # 2 P(X <= 7), n = 25: exact tests are safe


def test_mcnemar_refuses_negative_counts():
    with pytest.raises(ConfigError, match='^expected counts of 0 or more, got -1 and 2$'):
        mcnemar(-1, 2)


@pytest.mark.parametrize('a, b, expected', [
    ((0, 0), (0, 0), 1 / 2), ((1, 1), (0, 0), 2 / 3), ((1, 1), (0, 1), 5 / 6),
    ((7, 10), (7, 10), 1 / 2), ((2, 2), (0, 2), 19 / 20)])
def test_probability_better_against_integrals_by_hand(a, b, expected):
    assert probability_better(a, b) == pytest.approx(expected, abs=1e-12)
    assert probability_better(b, a) == pytest.approx(1 - expected, abs=1e-12)


def test_probability_better_equals_sampling_the_posteriors():
    random = np.random.default_rng(0)
    a, b = random.beta(46, 6, 400_000), random.beta(39, 13, 400_000)
    assert probability_better((45, 50), (38, 50)) == pytest.approx(np.mean(a > b), abs=0.002)


def test_probability_better_of_many_episodes_stays_a_probability():
    assert probability_better((9000, 10000), (1000, 10000)) == pytest.approx(1.0, abs=1e-9)
    assert probability_better((1000, 10000), (9000, 10000)) == pytest.approx(0.0, abs=1e-12)


def test_a_probability_never_reads_as_certainty():
    assert [probability_text(p) for p in (0.0, 0.0004, 0.5, 0.875, 0.9996, 1.0)] == [
        '< 0.001', '< 0.001', '0.500', '0.875', '> 0.999', '> 0.999']


def test_probability_better_refuses_impossible_counts():
    with pytest.raises(ConfigError, match='^expected 0 to 2 successes in 2 episodes, got 3$'):
        probability_better((1, 2), (3, 2))
