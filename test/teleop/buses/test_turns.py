"""Which turn of a servo is meant, and the way over its seam."""
from il_ros.teleop.buses.settings import ServoJoint
from il_ros.teleop.buses.turns import Turns
import numpy as np
import pytest

TURN = 2 * np.pi
OPEN_ENDED = (np.array([-np.inf]), np.array([np.inf]))


def turns(servo, lower=-2.9, upper=2.9):
    return Turns([servo], np.array([lower]), np.array([upper]))


def counts(*angles):
    return np.round(np.array(angles) * 4096 / TURN).astype(np.int64)


@pytest.mark.parametrize('sign', [1, -1])
@pytest.mark.parametrize('offset', [0.0, 1.2, -3.0, 40.0])
@pytest.mark.parametrize('whole', [-3, 0, 1])
@pytest.mark.parametrize('robot', [-2.5, 0.0, 2.5])
def test_the_turn_that_lies_in_the_range_is_meant_wherever_the_robot_is(sign, offset, whole,
                                                                       robot):
    made = turns(ServoJoint('elbow', 1, sign, offset))
    for joint in (-2.8, -1.0, 0.0, 2.8):
        made.restart()
        found = made.follow(counts(offset + sign * joint + whole * TURN), np.array([robot]))
        np.testing.assert_allclose(found, joint, atol=1e-3)
        assert made.notice == ''


def test_over_the_seam_a_joint_goes_on(offset=0.1):
    made = turns(ServoJoint('elbow', 1, -1, offset))
    for joint in [*np.linspace(0, 2.9, 60), *np.linspace(2.9, -2.9, 120)]:
        seen = counts(offset - joint) % 4096
        np.testing.assert_allclose(made.follow(seen, np.zeros(1)), joint, atol=2e-3)


def test_of_two_turns_the_one_nearer_to_the_robot_is_taken_and_named():
    made = turns(ServoJoint('wrist', 1, range=(-3.6, 3.6)))
    found = made.follow(counts(3.0), np.array([-2.0]))
    np.testing.assert_allclose(found, 3.0 - TURN, atol=1e-3)
    assert made.notice == ('leader: wrist may stand at -3.28 or 3.00: taken for -3.28, the '
                           'nearest to the robot')
    made.follow(counts(3.0), np.array([-2.0]))
    assert made.notice == '', 'said once'


def test_a_joint_without_end_is_where_the_robot_is():
    made = Turns([ServoJoint('wrist', 1)], *OPEN_ENDED)
    for angle in (0.5, 2.5, 4.5):
        np.testing.assert_allclose(made.follow(counts(angle), np.array([13.0])),
                                   angle + 2 * TURN, atol=1e-3)
    assert made.notice == ''


def test_a_joint_far_beyond_its_range_is_nowhere():
    made = turns(ServoJoint('elbow', 1, range=(-1.0, 1.0)))
    assert made.follow(counts(2.0), np.zeros(1)) is None
    assert made.notice == ('leader: elbow stands at 2.00, beyond its range of -1.00 to 1.00 in '
                           'every turn: bring it there, or il_ros device calibrate')
    np.testing.assert_allclose(made.follow(counts(1.2), np.zeros(1)), 1.2, atol=1e-3)
    np.testing.assert_allclose(made.follow(counts(2.0), np.zeros(1)), 2.0, atol=1e-3)


def test_a_scaled_joint_goes_so_much_further():
    made = turns(ServoJoint('slide', 1, -1, 1.0, 0.05, (-0.1, 0.1)), -0.2, 0.2)
    for angle, position in ((1.0, 0.0), (2.0, -0.05), (0.0, 0.05)):
        np.testing.assert_allclose(made.follow(counts(angle), np.zeros(1)), position, atol=1e-4)


def test_a_joint_that_was_counted_in_another_turn_is_looked_for_anew():
    made = turns(ServoJoint('elbow', 1))
    np.testing.assert_allclose(made.follow(counts(2.8), np.zeros(1)), 2.8, atol=1e-3)
    assert made.follow(counts(-2.9), np.zeros(1)) is None
    assert made.notice == 'leader: elbow was counted in another turn: let go'
    np.testing.assert_allclose(made.follow(counts(-2.9), np.zeros(1)), -2.9, atol=1e-3)


def test_beyond_a_limit_a_joint_is_beyond_it_where_no_other_turn_has_it():
    made = turns(ServoJoint('elbow', 1), -1.0, 1.0)
    for joint in (0.9, 2.0, 3.0):
        np.testing.assert_allclose(made.follow(counts(joint), np.zeros(1)), joint, atol=1e-3)
