import re

from il_ros.errors import MessageError
from il_ros.joints import indices, JointNames, NewestJoints, Silence
import numpy as np
import pytest

NAN = np.nan
ARM = ['a', 'b', 'c']


def test_joints_are_found_by_name():
    assert indices(['c', 'a', 'b'], ARM) == [1, 2, 0]
    assert indices(['x', 'c', 'a', 'x', 'b'], ARM, extra=True) == [2, 4, 1]


@pytest.mark.parametrize('names, text', [
    (['a', 'b', 'a', 'c'], "joint 'a' stands twice; expected each joint once"),
    (['a', 'b'], "missing joint 'c'; expected a, b, c"),
    (['a', 'b', 'c', 'x', 'x'], "unknown joint 'x'; expected a, b, c"),
])
def test_what_does_not_fit_is_named(names, text):
    with pytest.raises(MessageError, match=f'^{re.escape(text)}$'):
        indices(names, ARM)


def test_names_that_never_came_are_told_with_what_came():
    names = JointNames(['arm', 'finger'])
    assert not names.heard
    names.see(['arm', 'finger_joint', 'wheel'])
    assert names.problem() == ("no message names joint 'finger'; came: arm, finger_joint, wheel; "
                               "did you mean 'finger_joint'?")
    names.see(['finger'])
    assert names.problem() == ''


def test_messages_without_any_name_came_all_the_same():
    names = JointNames(['a', 'b'])
    assert not names.heard
    names.see([])
    assert names.heard
    assert names.problem() == "no message names joints 'a', 'b'; came: none"


def test_several_names_that_never_came():
    names = JointNames(['left', 'right'])
    names.see(['wheel'])
    assert names.problem() == "no message names joints 'left', 'right'; came: wheel"


def test_names_are_bounded():
    names = JointNames(['a'])
    names.see(f'x{k}' for k in range(10_000))
    assert len(names.problem()) < 500


def test_each_joint_keeps_its_newest_position():
    newest = NewestJoints(ARM)
    assert (newest.whole, newest.absent) == (None, ARM)
    newest.take(np.array([1.0, NAN, NAN]), 10)
    assert newest.absence('joint_states') == "nothing came on joint_states for joint 'b'"
    newest.take(np.array([NAN, 2.0, 3.0]), 20)
    newest.take(np.array([NAN, 4.0, NAN]), 30)
    assert newest.whole.tolist() == [1, 4, 3]
    assert newest.came_ns.tolist() == [10, 30, 20]
    assert newest.fresh(40, 20) == [False, True, True]


@pytest.mark.parametrize('now_ns, silence', [
    (60_000_000, None),
    (70_000_001, Silence('a', 60_000_001)),
    (200_000_000, Silence('', 190_000_000)),
])
def test_the_joint_that_is_silent_for_longest_is_named(now_ns, silence):
    newest = NewestJoints(ARM)
    newest.take(np.array([1.0, NAN, NAN]), 10_000_000)
    newest.take(np.array([NAN, 2.0, 3.0]), 30_000_000)
    assert newest.silence(now_ns, 60_000_000) == silence
    assert newest.silent_joint(now_ns, 60_000_000) == (silence.joint if silence else '')


def test_silence_in_words():
    assert Silence('a', 60_000_001).text('joints') == "joint 'a' of joints is silent for 60 ms"
    assert Silence('', 60_000_001).text('joints') == 'joints is silent for 60 ms'
