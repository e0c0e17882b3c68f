"""The lag of a robot behind what it is told."""
from il_ros.contract import Contract
from il_ros.teaching.lag import LagError, slow_sine, tracking_lag
from il_ros.teaching.rows import problem_of
import numpy as np
import pytest

CONTRACT = Contract.load('sim_arm')
START = np.array(CONTRACT.start)
ROWS = slow_sine(CONTRACT, START)
TOLD_S = np.arange(len(ROWS)) / 30


def follow(lag_s, gain=1.0, noise=0.0):
    """Return times and states of a robot that does the rows later, at 100 Hz."""
    at = np.arange(-0.5, TOLD_S[-1] + 1.0, 0.01)
    states = np.stack([np.interp(at - lag_s, TOLD_S, column) for column in ROWS.T], axis=1)
    states = START + gain * (states - START)
    return at, states + noise * np.random.default_rng(0).normal(size=states.shape)


def test_the_sine_is_slow_and_moves_every_joint_of_the_arm_but_no_gripper():
    assert problem_of(CONTRACT, ROWS) == ''
    assert (np.ptp(ROWS, axis=0)[:6] > 0.05).all() and np.ptp(ROWS[:, 6]) == 0
    np.testing.assert_allclose(ROWS[[0, -1]], [START, START], atol=1e-9)
    assert np.abs(np.diff(ROWS, axis=0)).max() * 30 < 0.3 * 2.0


def test_near_a_limit_it_swings_less():
    at = START.copy()
    at[1] = CONTRACT.upper[1] - 0.01
    rows = slow_sine(CONTRACT, at)
    assert rows[:, 1].max() < CONTRACT.upper[1] and 0 < np.ptp(rows[:, 1]) < 0.01


@pytest.mark.parametrize('lag', [0.0, 0.033, 0.12, 0.4])
@pytest.mark.parametrize(('gain', 'noise'), [(1.0, 0.0), (0.7, 0.001)])
def test_the_lag_is_found_whatever_the_gain(lag, gain, noise):
    found = tracking_lag(TOLD_S, ROWS, *follow(lag, gain, noise))
    np.testing.assert_allclose(found[:6], lag, atol=0.008)
    assert np.isnan(found[6])


def test_a_robot_that_stands_still_is_refused():
    at, states = follow(0.1, gain=0.0)
    with pytest.raises(LagError, match='no joint did what it was told'):
        tracking_lag(TOLD_S, ROWS, at, states)
    with pytest.raises(LagError, match='heard too little'):
        tracking_lag(TOLD_S[:0], ROWS[:0], at, states)
