"""Pushes come as the gripper comes near, once or twice; tremor is as strong as asked."""
from il_ros.sim.disturbance import LENGTH, Pushes, REST_TICKS, Shove, SHOVE_STEPS, Tremor
from il_ros.sim.tasks import AREA
import numpy as np
import pytest

CUBE = np.array([0.37, 0.0, 0.02])
NEAR = 0.04
FAR = [np.array([10.0, 10.0])]


def pushes(seed):
    return Pushes(np.random.default_rng(seed), AREA)


def settle(made, ticks=2000, **change):
    """Return the pushes of `ticks` control ticks with the gripper beside the cube."""
    given = {'item': CUBE, 'gap': NEAR, 'held': False, 'avoid': FAR}
    found = [made.update(**{**given, **change}) for _ in range(ticks)]
    return [(i, push) for i, push in enumerate(found) if push is not None]


def test_once_or_twice_with_a_rest_between():
    counts = set()
    for seed in range(30):
        found = settle(pushes(seed))
        counts.add(len(found))
        for _, push in found:
            assert LENGTH[0] <= np.linalg.norm(push) <= LENGTH[1]
        if len(found) == 2:
            assert found[1][0] - found[0][0] >= REST_TICKS
    assert counts == {1, 2}


@pytest.mark.parametrize('change', [
    {'gap': 0.09}, {'held': True}])
def test_not_when_far_or_touched(change):
    assert settle(pushes(0), **change) == []


def test_stays_in_the_area_and_out_of_the_box():
    corner = np.array([0.46, 0.22, 0.02])
    box = np.array([0.37, 0.17])
    for seed in range(30):
        for _, push in settle(pushes(seed), item=corner, gap=0.0):
            assert (corner[:2] + push <= [0.48, 0.24]).all()
        for _, push in settle(pushes(seed), avoid=[box]):
            assert np.linalg.norm(CUBE[:2] + push - box) >= 0.15


def test_directions_differ():
    angles = [np.arctan2(*settle(pushes(seed))[0][1]) for seed in range(30)]
    assert np.ptp(angles) > 4


def test_tremor_has_the_asked_strength_and_is_linear_between_ticks():
    tremor = Tremor(np.random.default_rng(0), np.array([0.02, 0.0]))
    ends = []
    for _ in range(4000):
        tremor.tick()
        first, middle, last = tremor.at(np.array([0.0, 0.5, 1.0]))
        np.testing.assert_allclose(middle, (first + last) / 2)
        ends.append(last)
    assert np.std(ends, axis=0) == pytest.approx([0.02, 0.0], rel=0.05)


def test_a_shove_is_bounded_and_ends():
    shove = Shove(100, np.zeros(2), np.array([0.08, 0.0]))
    still = np.zeros(2)
    forces = [np.linalg.norm(shove.force(100 + i, still, still)) for i in range(SHOVE_STEPS + 1)]
    assert max(forces) == pytest.approx(8.0) and forces[0] == 0.0 and forces[-1] == 0.0
    assert not shove.over(99 + SHOVE_STEPS) and shove.over(100 + SHOVE_STEPS)
