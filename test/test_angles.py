"""Joints that turn without end: the short way, and nothing changes for any other."""
from il_ros.angles import Angles
from il_ros.contract import Contract
from il_ros.errors import ConfigError
import numpy as np
import pytest

TURN = 2 * np.pi


def angles(*positions):
    """Return the angles of joints: 'free', 'plain', or the limits of a continuous one."""
    limits = [{'free': (-np.inf, np.inf), 'plain': (-9.0, 9.0)}.get(p, p) for p in positions]
    lower, upper = np.array(limits, float).T
    return Angles(np.array([p != 'plain' for p in positions]), lower, upper)


@pytest.mark.parametrize(('value', 'reference', 'expected'), [
    (-3.1, 3.1, TURN - 3.1), (3.1, -3.1, 3.1 - TURN), (0.5, 12 * np.pi, 0.5 + 12 * np.pi),
    (100.0, 0.0, 100.0 - 16 * TURN), (1.0, 1.0, 1.0)])
def test_near_counts_turns_as_the_reference_does(value, reference, expected):
    found = angles('free', 'plain').near(np.array([value, value]), np.array([reference] * 2))
    assert found[0] == pytest.approx(expected, abs=1e-12)
    assert found[1] == value


def test_differences_are_within_half_a_turn():
    values = np.random.default_rng(0).uniform(-50, 50, (2, 1000, 2))
    found = angles('free', 'plain').difference(*values)
    assert (np.abs(found[:, 0]) <= np.pi + 1e-12).all()
    np.testing.assert_allclose(np.exp(1j * found[:, 0]),
                               np.exp(1j * (values[0] - values[1])[:, 0]), atol=1e-12)
    np.testing.assert_array_equal(found[:, 1], (values[0] - values[1])[:, 1])


def test_along_follows_turn_after_turn():
    """A joint at 2 rad/s for ten seconds, as a driver reports it within one turn."""
    true = 3.0 + np.outer(np.arange(1, 301), [2 / 30, 0.0])
    told = true.copy()
    told[:, 0] = (told[:, 0] + np.pi) % TURN - np.pi
    found = angles('free', 'plain').along(told[None], np.array([[3.0, 3.0]]))
    np.testing.assert_allclose(found[0], true, atol=1e-9)


@pytest.mark.parametrize(('limits', 'value', 'reference', 'expected'), [
    ((-2.5, 2.5), -2.4, 2.4, -2.4),          # a stop stands in the short way
    ((-2.5, 2.5), 2.6, 2.4, 2.6),            # outside however it is counted
    ((-2.5, 2.5), 7.0, 7.0, 7.0 - TURN),     # a driver that counts turns
    ((-7.0, 7.0), 0.1, 6.0, 0.1 + TURN), ((-7.0, 7.0), 1.0, 6.0, 1.0),
    ('free', -3.1, 3.1, TURN - 3.1), ('plain', -3.1, 3.1, -3.1)])
def test_reachable_keeps_limits_as_given(limits, value, reference, expected):
    found = angles(limits).reachable(np.array([value]), np.array([reference]))
    assert found[0] == pytest.approx(expected, abs=1e-12)


def test_without_such_joints_values_are_the_very_same():
    plain, values = Angles.none(3), np.random.default_rng(0).normal(0, 50, (4, 3))
    for found in (plain.near(values, values[::-1]), plain.reachable(values, values),
                  plain.along(values, values[0])):
        assert found is values
    mixed = angles('plain', 'free', 'plain')
    np.testing.assert_array_equal(mixed.along(values, values[0])[:, ::2], values[:, ::2])


GEN3 = """
robot: gen3
task: pick
rate_hz: 30.0
joints:
  - {name: joint_1, velocity: 1.4, acceleration: 5.0, continuous: true}
  - {name: joint_2, position: [-2.41, 2.41], velocity: 1.4, acceleration: 5.0}
  - {name: joint_3, position: [-3.14, 3.14], velocity: 1.4, acceleration: 5.0, continuous: true}
start: [0.0, 0.3, 3.1]
state: {topic: joint_states, type: sensor_msgs/JointState, rate_hz: 100.0, max_age_s: 0.1}
command: {topic: command, type: trajectory_msgs/JointTrajectory}
"""


def test_a_contract_of_continuous_joints_is_written_and_read_back():
    contract = Contract.from_text(GEN3)
    np.testing.assert_array_equal(contract.continuous, [True, False, True])
    np.testing.assert_array_equal(contract.upper, [np.inf, 2.41, np.inf])
    np.testing.assert_array_equal(contract.span, [TURN, 4.82, TURN])
    assert Contract.from_text(contract.to_text()) == contract
    assert 'position' not in contract.to_text().partition('joint_2')[0]


@pytest.mark.parametrize(('old', 'new', 'text'), [
    (', continuous: true}\n  - {name: joint_2', '}\n  - {name: joint_2',
     "joint 'joint_1': position: expected [lower, upper], got none; only a joint with "
     'continuous: true, or one that a twist moves, has no limits'),
    ('start:', 'gripper: {joint: joint_1, open: 0.0, closed: 1.0}\nstart:',
     "gripper: joint 'joint_1' opens and closes; it cannot be continuous"),
    ('velocity: 1.4, acceleration: 5.0}', 'acceleration: 5.0}', 'missing velocity'),
    ('continuous: true}\nstart', 'continuous: 1}\nstart', 'continuous: expected bool, got 1')])
def test_what_contradicts_is_refused(old, new, text):
    assert old in GEN3
    with pytest.raises(ConfigError) as error:
        Contract.from_text(GEN3.replace(old, new))
    assert text in str(error.value)
