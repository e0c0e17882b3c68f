"""The rule of every gate at, above and below each of its thresholds."""
from math import inf, nan

from hypothesis import given
from hypothesis import strategies as st
from il_ros.errors import ConfigError
from il_ros.intervention.gates import thrifty
from il_ros.intervention.gates.ensemble import EnsembleGate
from il_ros.intervention.gates.gate import Decision, discrepancy, doubt, Evidence, variance
from il_ros.intervention.gates.human import doubt_threshold, HumanGate
from il_ros.intervention.gates.lazy import LazyGate, with_noise
from il_ros.intervention.gates.safe import SafeGate, unsafe, unsafe_threshold
from il_ros.intervention.gates.thrifty import ThriftyGate
import numpy as np
import pytest

NUMBERS = st.floats(0, 10)
EVIDENCE = st.builds(Evidence, NUMBERS, st.floats(0, 1), st.floats(0, 1), NUMBERS)


def test_doubt_is_the_norm_of_the_variances_and_novelty_their_mean():
    actions = np.array([[0.0, 0.0], [2.0, 4.0]])   # variances 1 and 4
    assert doubt(actions) == pytest.approx(np.sqrt(17))
    assert variance(actions) == 2.5
    assert discrepancy(actions[0], actions[1]) == 20.0


@given(EVIDENCE, st.booleans())
def test_of_hg_dagger_the_person_decides(evidence, human):
    assert HumanGate().decide(evidence, human).human is human


def test_tau_of_hg_dagger_is_the_mean_doubt_of_the_last_quarter():
    assert doubt_threshold([8.0, 7.0, 6.0, 5.0, 4.0, 3.0, 2.0, 1.0]) == 1.5
    assert doubt_threshold([3.0]) == 3.0
    with pytest.raises(ConfigError, match='at least one intervention, got none'):
        doubt_threshold([])


@given(EVIDENCE, st.booleans(), NUMBERS)
def test_ensemble_dagger_becomes_either_rule_alone(evidence, human, limit):
    assert EnsembleGate(tau=limit, chi=inf).decide(evidence, human).human is (
        evidence.discrepancy > limit)
    assert EnsembleGate(tau=inf, chi=limit).decide(evidence, human).human is (
        evidence.doubt > limit)


@given(EVIDENCE, st.booleans(), NUMBERS, NUMBERS)
def test_ensemble_dagger_lets_the_policy_act_only_where_both_are_small(evidence, human, tau, chi):
    decision = EnsembleGate(tau, chi).decide(evidence, human)
    assert decision.human is not (evidence.discrepancy <= tau and evidence.doubt <= chi)
    alone = EnsembleGate(tau, chi).decide(evidence._replace(discrepancy=nan), human)
    assert alone.human is (evidence.doubt > chi), 'a person cannot say: doubt alone'


def test_ensemble_dagger_says_what_decided():
    gate = EnsembleGate(tau=1.0, chi=0.5)
    assert gate.decide(Evidence(doubt=0.6, discrepancy=9.0), False) == Decision(
        True, 'the members of the policy disagree', 0.6, 0.5)
    assert gate.decide(Evidence(doubt=0.5, discrepancy=1.5), False) == Decision(
        True, 'the policy disagrees with the person', 1.5, 1.0)
    with pytest.raises(ConfigError, match='chi: expected 0 or more, got nan'):
        EnsembleGate(1.0, nan)


def test_safe_dagger_calls_a_fifth_of_held_out_steps_unsafe():
    values = np.random.default_rng(0).exponential(size=1000)
    tau = unsafe_threshold(values)
    assert unsafe(values, tau).mean() == pytest.approx(0.2, abs=0.001)
    assert unsafe(np.array([tau, np.nextafter(tau, 0)]), tau).tolist() == [True, False]
    with pytest.raises(ConfigError, match='steps that the policy did not learn from, got none'):
        unsafe_threshold(np.empty(0))


@given(EVIDENCE, st.booleans())
def test_safe_dagger_has_no_memory(evidence, human):
    assert SafeGate().decide(evidence, human).human is (evidence.safe < 0.5)


@given(EVIDENCE, NUMBERS)
def test_lazy_dagger_enters_as_safe_dagger_and_leaves_on_agreement(evidence, tau):
    gate = LazyGate(tau)
    assert gate.decide(evidence, False).human is (evidence.safe < 0.5)
    assert gate.decide(evidence, True).human is not (evidence.discrepancy < 0.25 * tau)
    assert gate.decide(evidence._replace(discrepancy=nan), True).human


def test_the_noise_of_lazy_dagger_leaves_the_label_clean():
    label = np.array([0.5, -0.5])
    kept = label.copy()
    executed = with_noise(label, 0.1, np.random.default_rng(0))
    assert (executed != label).all()
    np.testing.assert_array_equal(label, kept)
    assert with_noise(label, 0.0, np.random.default_rng(0)) is label
    draws = [with_noise(label, 0.1, np.random.default_rng(k)) for k in range(500)]
    assert np.std(draws, 0) == pytest.approx(0.1, rel=0.15)


THRIFTY = ThriftyGate(delta_h=0.5, eps_h=0.2, delta_r=0.1, eps_r=0.6)


@given(EVIDENCE)
def test_thrifty_dagger_enters_on_novelty_or_risk_and_leaves_on_agreement_and_safety(evidence):
    assert THRIFTY.decide(evidence, False).human is (
        evidence.doubt > 0.5 or evidence.value < 0.2)
    assert THRIFTY.decide(evidence, True).human is not (
        evidence.discrepancy < 0.1 and evidence.value > 0.6)
    assert THRIFTY.decide(evidence._replace(discrepancy=nan), True).human


@pytest.mark.parametrize('evidence, human, expected', [
    (Evidence(doubt=0.7, value=0.9), False, Decision(True, 'this is new to the policy', 0.7, 0.5)),
    (Evidence(doubt=0.1, value=0.1), False, Decision(True, 'the task is at risk', 0.9, 0.8)),
    (Evidence(doubt=0.1, value=0.9, discrepancy=0.3), True,
     Decision(True, 'the policy does not agree with the person yet', 0.3, 0.1)),
    (Evidence(doubt=0.1, value=0.5, discrepancy=0.0), True,
     Decision(True, 'the task is still at risk', 0.5, 0.4)),
    (Evidence(doubt=0.1, value=0.9, discrepancy=0.0), True, Decision(False, '', 1 - 0.9, 0.4))])
def test_thrifty_dagger_says_what_decided(evidence, human, expected):
    assert THRIFTY.decide(evidence, human) == expected


def test_the_thresholds_of_thrifty_dagger_follow_from_the_budget():
    random = np.random.default_rng(0)
    novelty, value = random.random(2000), random.random(2000)
    gate = thrifty.fit(novelty, value, 0.05, delta_r=0.3)
    assert (novelty > gate.delta_h).mean() == pytest.approx(0.05, abs=0.001)
    assert (value < gate.eps_h).mean() == pytest.approx(0.05, abs=0.001)
    assert gate.eps_r == np.median(value)
    assert gate.delta_r == 0.3
    either = np.mean([gate.decide(Evidence(n, value=v), False).human
                      for n, v in zip(novelty, value, strict=True)])
    assert 0.05 < either <= 0.1, 'novelty or risk: up to twice the budget'


def test_thresholds_are_taken_anew_from_more_than_25_steps_only():
    few = np.linspace(0, 1, 25)
    assert thrifty.fit(few, few, 0.05, 0.3, THRIFTY) is THRIFTY
    with pytest.raises(ConfigError, match='at least 26 steps of the robot, got 25'):
        thrifty.fit(few, few, 0.05, 0.3)
    more = np.linspace(0, 1, 26)
    assert thrifty.fit(more, more, 0.05, 0.3, THRIFTY) is not THRIFTY
    with pytest.raises(ConfigError, match='alpha: expected more than 0 and less than 1, got 1'):
        thrifty.fit(more, more, 1, 0.3)
