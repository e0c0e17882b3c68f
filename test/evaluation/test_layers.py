"""Which rollouts make up a layer, and what a long run says."""
from il_ros.errors import ConfigError
from il_ros.evaluation.layers import LAYERS, parse_layers, variants
from il_ros.evaluation.reliability import Reliability, reliability, runs_of
from il_ros.evaluation.rollout import Conditions, Rollout
import pytest


def rollouts(text, seconds=2.0):
    return [Rollout(seed, mark == '+', seconds) for seed, mark in enumerate(text)]


def test_each_variant_changes_one_thing():
    base = Conditions(False, 0.003)
    found = {v.key: v for v in variants(LAYERS, base, True, True, 25)}
    assert list(found) == [
        'nominal', 'shifted: positions', 'shifted: size', 'shifted: colours', 'shifted: camera',
        'shifted: light', 'robustness: sensor noise', 'robustness: dropped frames',
        'robustness: latency', 'robustness: pushes', 'reliability']
    assert found['nominal'].conditions == found['reliability'].conditions == base
    for key, variant in found.items():
        given = variant.conditions
        changed = (given.disturb != base.disturb) + (given.variation != base.variation) + (
            given.faults != base.faults)
        assert given.action_noise == 0.003 and changed == (key not in ('nominal', 'reliability'))
        assert variant.repeats == (25 if key == 'reliability' else 1) and not variant.unseen
    assert len({v.conditions for v in found.values()}) == 10


def test_what_a_policy_cannot_notice_is_named_instead_of_run():
    unseen = {v.name: v.unseen for v in variants(LAYERS, Conditions(False), False, False, 5)}
    assert {name: why for name, why in unseen.items() if why} == {
        'size': 'the task has no object', 'pushes': 'the task has no object',
        'colours': 'the policy sees no pictures', 'camera': 'the policy sees no pictures',
        'light': 'the policy sees no pictures'}


def test_layers_are_parsed_in_their_order():
    assert parse_layers('reliability, nominal') == ('nominal', 'reliability')
    with pytest.raises(ConfigError, match="^layer 'shfted': did you mean 'shifted'"):
        parse_layers('nominal,shfted')
    with pytest.raises(ConfigError, match='^layers: expected at least one of nominal, shifted, '):
        parse_layers(' ,')


def test_a_long_run_is_more_than_one_episode():
    with pytest.raises(ConfigError, match='^repeats: expected 2 or more, got 1$'):
        variants(('reliability',), Conditions(), False, True, 1)


def test_reliability_of_runs_by_hand():
    runs = runs_of(rollouts('++-+' + '+++-' + '+'), 4)
    assert [len(run) for run in runs] == [4, 4, 1]
    assert reliability(runs) == Reliability(3, 3, 7 / 2, 18.0, 9.0, (2, 3, 1))


def test_a_streak_ends_with_its_run():
    assert reliability(runs_of(rollouts('-+++++--'), 4)).longest == 3
    assert reliability(runs_of(rollouts('-+++++--'), 8)).longest == 5


def test_without_failures_there_is_no_time_between_them():
    found = reliability(runs_of(rollouts('+++'), 3))
    assert found == Reliability(1, 3, None, 6.0, None, (3,))


def test_without_successes_the_longest_streak_is_nothing():
    assert reliability(runs_of(rollouts('--'), 2)) == Reliability(1, 0, 0.0, 4.0, 2.0, (0,))
