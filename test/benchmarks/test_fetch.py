"""Fetch's block as its script and who watches see it; the environment itself where installed."""
from importlib.util import find_spec

import numpy as np
import pytest

from benchmarks.learning.collecting import demonstrate
from benchmarks.tasks import fetch
from benchmarks.tasks.fetch import Fetch, PATIENCE, REACTION, Stage, View, Watch

BLOCK, GOAL = np.array([1.3, 0.75, 0.425]), np.array([1.4, 0.8, 0.6])


def view(away=(0.0, 0.0, 0.0), opening=0.1, block=BLOCK):
    """Return the view of a gripper that is somewhere beside the block."""
    return View(block - np.array(away), block, GOAL, opening)


@pytest.mark.parametrize('seen, stage', [
    (view((0.1, 0.0, -0.05)), Stage.ABOVE),
    (view((0.0, 0.0, -0.05)), Stage.DOWN),
    (view(), Stage.GRASP),
    (view(opening=0.05), Stage.CARRY),
    (view(opening=0.05, block=GOAL + 0.01), Stage.DONE)])
def test_the_stage_follows_from_what_is_seen(seen, stage):
    assert seen.stage is stage


def test_who_watches_takes_over_when_nothing_comes_nearer():
    watch = Watch()
    assert [watch.errs(view((0.1, 0.0, 0.0))) for _ in range(PATIENCE + REACTION + 1)].index(
        True) == PATIENCE + REACTION


def test_who_watches_lets_a_policy_be_that_comes_nearer():
    watch = Watch()
    assert not any(watch.errs(view((0.2 - 0.006 * k, 0.0, 0.0))) for k in range(30))


def test_a_pushed_block_excuses_the_policy():
    watch = Watch()
    for k in range(5 * PATIENCE):
        moved = 0.02 * (k // PATIENCE)
        assert not watch.errs(view((0.1, 0.0, 0.0), block=BLOCK + [moved, 0, 0]))


def test_who_watches_takes_over_from_fingers_that_closed_on_nothing():
    watch = Watch()
    took = [watch.errs(view((0.1 - 0.006 * k, 0.0, 0.0), opening=0.0)) for k in range(10)]
    assert took.index(True) == REACTION - 1


def test_who_drives_hands_back_once_the_block_is_held():
    watch = Watch()
    while not watch.errs(view((0.1, 0.0, 0.0))):
        pass
    assert not any(watch.recovered(view((0.0, 0.0, -0.05))) for _ in range(20))
    held = [watch.recovered(view(opening=0.05)) for _ in range(REACTION)]
    assert held == [False] * (REACTION - 1) + [True]


@pytest.mark.skipif(not find_spec('gymnasium_robotics'), reason='gymnasium-robotics is not there')
def test_the_demonstrator_finds_the_block_again_where_it_is_pushed():
    task = Fetch()
    calm, pushed = ([demonstrate(task, seed, disturbed) for seed in range(4)]
                    for disturbed in (False, True))
    assert all(episode.success for episode in [*calm, *pushed])
    assert sum(len(e.steps) for e in pushed) > sum(len(e.steps) for e in calm)
    assert all(len(e.steps) < fetch.STEPS for e in pushed)
