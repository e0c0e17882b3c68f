from hypothesis import given
from hypothesis import strategies as st
from il_ros.errors import PlanningError
from il_ros.planning.trajectory import retimed, straight
import numpy as np
import pytest

PERIOD_NS = 20_000_000
DT = 0.02
POSITION = st.lists(st.floats(-3, 3), min_size=3, max_size=3).map(np.array)
VELOCITY, ACCELERATION = np.array([1.0, 2.0, 0.3]), np.array([4.0, 1.0, 2.0])


@given(POSITION, POSITION)
def test_a_straight_line_stays_within_the_limits(start, goal):
    rows = straight(start, goal, VELOCITY, ACCELERATION, PERIOD_NS)
    whole = np.concatenate([[start, start], rows, [goal, goal]])
    assert (np.abs(np.diff(whole, axis=0)) <= VELOCITY * DT + 1e-12).all()
    assert (np.abs(np.diff(whole, 2, axis=0)) <= ACCELERATION * DT ** 2 + 1e-12).all()
    if (np.abs(start - goal) > 1e-9).any():
        np.testing.assert_array_equal(rows[-1], goal)


def test_joints_arrive_together_in_the_time_of_the_slowest():
    rows = straight(np.zeros(3), np.array([1.0, 0.5, 0.0]), VELOCITY, ACCELERATION, PERIOD_NS)
    np.testing.assert_allclose(rows[:, 0], 2 * rows[:, 1])
    # The first joint's 1 rad/s bounds the cruise to 1 s, the second's 1 rad/s^2 adds 0.5 s.
    assert len(rows) == 1.5 / DT


def test_a_long_way_runs_at_full_velocity():
    rows = straight(np.zeros(1), np.array([10.0]), np.array([1.0]), np.array([4.0]), PERIOD_NS)
    assert len(rows) == int(np.ceil((10 + 0.25) / DT))
    np.testing.assert_allclose(np.diff(rows[20:-20, 0]), DT)


def fast_wave(duration):
    times = np.linspace(0, duration, 400)
    return times, (1 - np.cos(np.pi * times / duration))[:, None] * [[0.5, 0.2, 0.1]]


def test_a_slow_trajectory_keeps_its_time():
    times, points = fast_wave(5.0)
    rows = retimed(times, points, VELOCITY, ACCELERATION, PERIOD_NS)
    assert len(rows) == 250
    np.testing.assert_allclose(rows[124], points[-1] / 2, atol=1e-3)
    np.testing.assert_array_equal(rows[-1], points[-1])


def test_a_trajectory_beyond_the_limits_is_slowed_down():
    times, points = fast_wave(0.3)
    rows = retimed(times, points, VELOCITY, ACCELERATION, PERIOD_NS)
    whole = np.concatenate([points[:1], points[:1], rows, rows[-1:]])
    assert (np.abs(np.diff(whole, axis=0)) <= 1.05 * VELOCITY * DT).all()
    assert (np.abs(np.diff(whole, 2, axis=0)) <= 1.05 * ACCELERATION * DT ** 2).all()
    np.testing.assert_array_equal(rows[-1], points[-1])


def test_a_jump_is_refused():
    times, points = fast_wave(1.0)
    points[200:] += 1.0
    with pytest.raises(PlanningError, match='exceeds velocity or acceleration of the contract'):
        retimed(times, points, VELOCITY, ACCELERATION, PERIOD_NS)
