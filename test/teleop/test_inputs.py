"""The guard before every input: age, finiteness, norm, length, speed."""
from il_ros.teleop.inputs import Guard, Heard, Joints, LONGEST_NS, Pose, REPEAT_NS, Twist
from il_ros.timing import MILLISECOND
import numpy as np
import pytest

T0, P = 10**9, 33_333_333
UPRIGHT = np.array([0.0, 0.0, 0.0, 1.0])


def pose(x=0.0, turned=0.0, scale=1.0):
    return Pose(np.array([x, 0.0, 0.0]),
                scale * np.array([0.0, 0.0, np.sin(turned / 2), np.cos(turned / 2)]))


def joints(*positions, names=('a', 'b')):
    return Joints(names, np.array(positions, dtype=float))


def heard(value, at_ns=T0, stamp_ns=0):
    return Heard(value, stamp_ns, at_ns)


def test_the_newest_counts_until_it_is_too_old():
    guard, sample = Guard('leader'), heard(pose())
    assert guard.take(sample, T0) is sample.value
    assert guard.take(sample, T0 + LONGEST_NS) is sample.value
    assert guard.take(sample, T0 + LONGEST_NS + 1) is None
    assert guard.take(sample, T0) is None, 'a clock that goes back brings nothing back'
    assert guard.take(None, T0) is None


def test_what_comes_from_later_than_now_does_not_count():
    assert Guard('leader').take(heard(pose(), T0 + 1), T0) is None


@pytest.mark.parametrize(('bad', 'text'), [
    (pose(np.nan), 'a pose is not finite'),
    (pose(scale=0.85), 'the norm of a quaternion is 0.85'),
    (pose(scale=1.2), 'the norm of a quaternion is 1.2'),
    (Pose(np.zeros(3), np.zeros(4)), 'the norm of a quaternion is 0'),
    (joints(0.0, np.inf), 'a position is not finite'),
    (joints(0.0), '2 names and 1 positions'),
    (Twist(np.array([0, 0, 0, 0, 0, np.nan])), 'a velocity is not finite')])
def test_what_is_no_sample_is_dropped_counted_and_told_now_and_then(bad, text):
    guard, good = Guard('leader'), heard(pose())
    guard.take(good, T0)
    assert guard.take(heard(bad, T0 + P), T0 + P) is good.value
    assert (guard.notice, guard.leapt) == (f'leader: {text}: dropped, 1 so far', False)
    guard.take(heard(bad, T0 + 2 * P), T0 + 2 * P)
    assert guard.notice == ''
    later = T0 + P + REPEAT_NS
    assert guard.take(heard(bad, later), later) is None, 'the good one is too old'
    assert guard.notice == f'leader: {text}: dropped, 3 so far'


@pytest.mark.parametrize(('before', 'after', 'text'), [
    (pose(0.0), pose(0.11), 'it went 3.3 m/s'),
    (pose(), pose(turned=0.6), 'it turned 18 rad/s'),
    (joints(0.0, 0.0), joints(0.0, -0.6), 'a joint turned 18 rad/s')])
def test_a_leap_lets_go_once_and_goes_on_from_there(before, after, text):
    guard = Guard('leader')
    guard.take(heard(before), T0)
    at = heard(after, T0 + P)
    assert guard.take(at, T0 + P) is after
    assert (guard.leapt, guard.notice) == (True, f'leader: {text}: let go; engage anew')
    assert guard.take(at, T0 + P) is after and not guard.leapt
    assert guard.take(heard(after, T0 + 2 * P), T0 + 2 * P) is after and not guard.leapt


@pytest.mark.parametrize('after', [pose(0.09), pose(turned=0.45), pose(scale=-1.0)])
def test_what_a_hand_can_do_is_no_leap(after):
    guard = Guard('leader')
    guard.take(heard(pose()), T0)
    assert guard.take(heard(after, T0 + P), T0 + P) is after and not guard.leapt


def test_a_joint_that_wraps_has_not_leapt():
    guard = Guard('leader')
    guard.take(heard(joints(3.1, 0.0)), T0)
    guard.take(heard(joints(-3.1, 0.0), T0 + P), T0 + P)
    assert not guard.leapt


def test_samples_that_come_in_a_burst_are_as_far_apart_as_their_stamps_say():
    guard = Guard('leader')
    guard.take(heard(pose(0.0), T0, stamp_ns=1), T0)
    guard.take(heard(pose(0.05), T0 + MILLISECOND, stamp_ns=1 + P), T0 + MILLISECOND)
    assert not guard.leapt


def test_another_leap_after_silence_is_none():
    guard = Guard('leader')
    guard.take(heard(pose(0.0)), T0)
    late = T0 + 10 * LONGEST_NS
    assert guard.take(None, late) is None
    assert guard.take(heard(pose(0.9), late), late) is not None and not guard.leapt, (
        'who was silent has to engage anew in any case')
