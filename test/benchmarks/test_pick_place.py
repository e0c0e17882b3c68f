"""PickPlace steered by velocities: what the interactive methods are compared on."""
import numpy as np
import pytest

from benchmarks.learning import gated
from benchmarks.learning.collecting import demonstrate
from benchmarks.learning.effort import Line, Together
from benchmarks.learning.methods import Sizes
from benchmarks.tasks.pick_place import PickPlace

STILL, HEIGHT = np.array([0.0, 0.0, 0.0, 0.0, 1.0]), 13   # an action; of the cube, observed


@pytest.fixture(scope='module')
def task():
    return PickPlace()


def test_the_demonstrator_finds_the_cube_again_where_it_is_pushed(task):
    calm, pushed = ([demonstrate(task, seed, disturbed) for seed in range(4)]
                    for disturbed in (False, True))
    assert all(episode.success for episode in [*calm, *pushed])
    assert sum(len(e.steps) for e in pushed) > sum(len(e.steps) for e in calm)


def test_the_same_seed_and_actions_give_the_same_episode(task):
    first, again = (demonstrate(task, 3, True) for _ in range(2))
    np.testing.assert_array_equal(first.column('observation'), again.column('observation'))


def test_the_camera_is_noisy_on_disturbed_episodes_only(task):
    observed = {disturbed: [task.reset(1, disturbed) for _ in range(2)] for disturbed in (0, 1)}
    clean, noisy = observed[0][0], observed[1][0]
    np.testing.assert_array_equal(*observed[0])
    assert 0 < np.abs(noisy[:3] - clean[:3]).max() < 0.02
    np.testing.assert_array_equal(noisy[-2:], clean[-2:])


def test_the_supervisor_takes_over_from_an_idle_policy_and_hands_back_a_grasped_cube(task):
    task.reset(0, disturbed=False)
    waited = next(k for k in range(PickPlace.steps) if task.errs() or task.step(STILL)[1])
    assert 15 <= waited <= 25, 'patience and reaction, 1.8 s'
    drove = next(k for k in range(PickPlace.steps)
                 if task.recovered() or task.step(task.expert())[1])
    assert 10 < drove < PickPlace.steps - waited - 1
    assert task.step(task.expert())[0][HEIGHT] > 0.05, 'the cube is lifted'


@pytest.mark.slow
def test_hysteresis_and_noise_make_interventions_twice_as_long(task):
    sizes = Sizes(demonstrations=40, rounds=1, episodes=1, train_steps=2500)
    safe, lazy = (Together.of([Line.of(method(task, 0, sizes))])
                  for method in (gated.safe_dagger, gated.lazy_dagger))
    assert lazy.length >= 2 * safe.length
