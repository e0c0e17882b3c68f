"""Push steered by velocities: what the interactive methods are compared on."""
import numpy as np
import pytest

from benchmarks.learning.collecting import demonstrate
from benchmarks.tasks.push import Push

STILL = np.zeros(3)


@pytest.fixture(scope='module')
def task():
    return Push()


def test_the_demonstrator_gets_behind_the_cube_again_where_it_is_pushed_away(task):
    calm, pushed = ([demonstrate(task, seed, disturbed) for seed in range(4)]
                    for disturbed in (False, True))
    assert all(episode.success for episode in [*calm, *pushed])
    assert sum(len(e.steps) for e in pushed) > sum(len(e.steps) for e in calm)


def test_the_supervisor_takes_over_from_an_idle_policy_and_hands_back_a_push(task):
    task.reset(0, disturbed=False)
    waited = next(k for k in range(Push.steps) if task.errs() or task.step(STILL)[1])
    assert 30 <= waited <= 36, 'patience and reaction, 3.3 s'
    drove = next(k for k in range(Push.steps) if task.recovered() or task.step(task.expert())[1])
    assert 10 < drove < Push.steps - waited - 1
