"""Every detector finds what was planted, and little else."""
from collections import Counter

from il_ros.inspection.survey import of_motions
from inspection.planted import demonstrations, FAULTS
import numpy as np
import pytest

FEW_AT_ONCE = 3


@pytest.fixture(scope='module')
def clean():
    return demonstrations('PickPlace', 60)


def kinds(found):
    return [{finding.kind for finding in findings} for findings in found]


@pytest.mark.parametrize('kind', FAULTS)
def test_what_is_planted_is_found(clean, kind):
    rng, found, false = np.random.default_rng(0), 0, 0
    at_once = 1 if kind == 'contradiction' else FEW_AT_ONCE   # two that agree are no contradiction
    turns = range(0, 60 // at_once, 2 if kind != 'contradiction' else 3)
    for turn in turns:
        planted = {number for number in range(60) if number % (60 // at_once) == turn}
        episodes = [FAULTS[kind](episode, rng) if number in planted else episode
                    for number, episode in enumerate(clean)]
        for number, seen in enumerate(kinds(of_motions(episodes))):
            found += kind in seen and number in planted
            false += kind in seen and number not in planted
    assert found >= 0.95 * at_once * len(turns)
    assert false <= 0.02 * (60 - at_once) * len(turns)


def test_clean_demonstrations_are_clean(clean):
    assert sum(map(len, kinds(of_motions(clean)))) <= 0.02 * len(clean)


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize('task, count', [('PickPlace', 500), ('HandOver', 100), ('Push', 100)])
def test_hundreds_of_clean_demonstrations_are_clean(task, count):
    found = Counter(kind for seen in kinds(of_motions(demonstrations(task, count)))
                    for kind in seen)
    assert all(number <= 0.02 * count for number in found.values()), found


def test_few_episodes_are_not_compared(clean):
    rng = np.random.default_rng(0)
    odd = [FAULTS['duration'](clean[0], rng), *clean[1:4]]
    assert kinds(of_motions(odd)) == [set()] * 4
