"""Every detector finds what was planted, and little else."""
from collections import Counter

from il_ros.inspection import motion, others
from il_ros.inspection.contradiction import contradiction
from il_ros.inspection.survey import of_motions
from inspection.planted import demonstrations, FAULTS
import numpy as np
import pytest

FEW_AT_ONCE = 3
ALONE = {'idle': motion.idle, 'leap': motion.leap, 'clipped': motion.clipped}
BESIDE = {'duration': others.duration, 'jerky': others.jerky, 'lag': others.lag,
          'incomplete': others.incomplete, 'technique': others.technique,
          'contradiction': contradiction}


@pytest.fixture(scope='module')
def clean():
    return demonstrations('PickPlace', 60)


def told(kind, episodes):
    """Return the numbers of the episodes of which the detector of that kind says something."""
    if kind in ALONE:
        return {number for number, episode in enumerate(episodes) if list(ALONE[kind](episode))}
    return {number for number, _ in BESIDE[kind](episodes)}


def kinds(found):
    return [{finding.kind for finding in findings} for findings in found]


@pytest.mark.parametrize('kind', FAULTS)
def test_what_is_planted_is_found(clean, kind):
    rng, found, false = np.random.default_rng(0), 0, 0
    at_once = 1 if kind == 'contradiction' else FEW_AT_ONCE   # two that agree are no contradiction
    turns = range(0, len(clean) // at_once, 3 if kind == 'contradiction' else 2)
    for turn in turns:
        planted = {number for number in range(len(clean))
                   if number % (len(clean) // at_once) == turn}
        episodes = [FAULTS[kind](episode, rng) if number in planted else episode
                    for number, episode in enumerate(clean)]
        numbers = told(kind, episodes)
        found += len(numbers & planted)
        false += len(numbers - planted)
    assert found >= 0.95 * at_once * len(turns)
    assert false <= 0.02 * (len(clean) - at_once) * len(turns)


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
