"""Positions as velocities: the step, a share of what is left behind, within the limits."""
from math import pi

from il_ros.safety.speeds import GAIN, Speeds
import numpy as np
import robots

CONTRACT = robots.contract(['wheel', 'elbow'], '""', '""', continuous=('wheel',))
SPEEDS = Speeds(CONTRACT)


def test_a_joint_that_follows_gets_the_velocity_of_the_step():
    before, after = np.array([0.0, 0.5]), np.array([0.02, 0.45])
    np.testing.assert_allclose(SPEEDS.of(before, after, before, 0.05), [0.4, -1.0])
    np.testing.assert_allclose(SPEEDS.of(before, after, None, 0.05), [0.4, -1.0])


def test_what_is_left_behind_is_made_up_for_within_the_limits():
    before = np.array([0.1, 0.5])
    np.testing.assert_allclose(SPEEDS.of(before, before, np.array([0.0, 0.6]), 0.05),
                               [0.1 * GAIN, -0.1 * GAIN])
    np.testing.assert_array_equal(SPEEDS.of(before, before, np.array([-3.0, 9.0]), 0.05), [2, -2])


def test_a_joint_without_end_turns_on_where_its_driver_begins_to_count_anew():
    before, after = np.array([pi - 0.01, 0.0]), np.array([-pi + 0.01, 0.0])
    np.testing.assert_allclose(SPEEDS.of(before, after, np.array([-pi - 0.01, 0.0]), 0.05),
                               [0.4, 0.0], atol=1e-9)


def test_a_robot_that_follows_late_does_not_drift():
    at, before, step_s = np.zeros(2), np.zeros(2), 1 / 30
    late = [np.zeros(2)] * 2
    for k in range(300):
        after = np.array([0.5, 0.3]) * np.sin(k / 50)
        late.append(SPEEDS.of(before, after, at, step_s))
        at, before = at + 0.97 * late[-3] * step_s, after   # two ticks late, 3 % too slow
    assert np.abs(at - after).max() < 0.04
