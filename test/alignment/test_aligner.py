from dataclasses import replace

import bag_factory as bags
from hypothesis import given, settings
from hypothesis import strategies as st
from il_ros.alignment.aligner import Aligner, Unavailable
from il_ros.errors import ConfigError, MessageError
from il_ros.timing import MILLISECOND
from il_ros.types import Observation
import numpy as np
import pytest

CONTRACT = bags.small_contract()
STATE, POSES = CONTRACT.state.topic, CONTRACT.poses.topic
SCENE = CONTRACT.camera('scene').topic
ONLY_STATE = replace(CONTRACT, poses=None)
NOW = bags.START_NS
MAX_AGE = 100 * MILLISECOND


def ms(value):
    return NOW + value * MILLISECOND


def filled(*ages_ms, contract=ONLY_STATE):
    aligner = Aligner(contract)
    for age in ages_ms:
        aligner.push(STATE, ms(-age), np.full(7, float(age)))
    return aligner


def test_takes_the_newest_sample_that_is_not_after_the_tick():
    observation = filled(30, 20, 10, -5).observe(NOW)
    assert isinstance(observation, Observation)
    assert np.array_equal(observation.state, np.full(7, 10.0))
    assert (observation.stamp_ns, observation.ages_ns) == (NOW, {STATE: 10 * MILLISECOND})
    assert observation.task == ONLY_STATE.task
    assert observation.environment.shape == (0,)


def test_a_sample_at_the_tick_counts():
    assert filled(10, 0).observe(NOW).ages_ns == {STATE: 0}


def test_order_of_arrival_does_not_matter():
    assert np.array_equal(filled(10, 30, 20).observe(NOW).state, np.full(7, 10.0))


def test_of_two_samples_with_one_stamp_the_later_push_counts():
    aligner = filled(10)
    aligner.push(STATE, ms(-10), np.ones(7))
    assert np.array_equal(aligner.observe(NOW).state, np.ones(7))


@pytest.mark.parametrize('ages, reason', [
    ((), 'no message yet'),
    ((-30,), 'the oldest sample lies 0.030 s after the tick'),
    ((101,), 'the newest sample is 0.101 s old, at most 0.1 s is accepted'),
])
def test_unavailable_says_which_stream_and_why(ages, reason):
    assert filled(*ages).observe(NOW) == Unavailable(STATE, reason)


def test_the_greatest_age_is_still_accepted():
    assert isinstance(filled(100).observe(NOW), Observation)


def test_every_stream_is_required_but_only_the_named_cameras():
    aligner = Aligner(CONTRACT)
    assert aligner.topics == [STATE, POSES]
    aligner.push(STATE, NOW, np.zeros(7))
    assert aligner.observe(NOW) == Unavailable(POSES, 'no message yet')
    aligner.push(POSES, NOW, np.zeros(21))
    assert aligner.observe(NOW).images == {}
    with_camera = Aligner(CONTRACT, ['scene'])
    with_camera.push(STATE, NOW, np.zeros(7))
    with_camera.push(POSES, NOW, np.zeros(21))
    assert with_camera.observe(NOW) == Unavailable(SCENE, 'no message yet')
    with_camera.push(SCENE, NOW, np.ones((48, 64, 3), np.uint8))
    assert with_camera.observe(NOW).images['scene'].sum() == 48 * 64 * 3


def part(**told):
    return np.array([told.get(name, np.nan) for name in CONTRACT.joint_names])


def test_each_joint_is_as_of_its_newest_message_and_the_oldest_of_them_is_the_age():
    aligner = filled(90)
    aligner.push(STATE, ms(-40), part(elbow=1.0, gripper=2.0))
    aligner.push(STATE, ms(-60), part(elbow=3.0, wrist_1=4.0))    # later, but stamped earlier
    aligner.push(STATE, ms(5), part(shoulder_pan=5.0))            # after the tick
    observation = aligner.observe(NOW)
    assert observation.state.tolist() == [90, 90, 1, 4, 90, 90, 2]
    assert observation.ages_ns == {STATE: 90 * MILLISECOND}


def test_a_joint_that_never_came_or_fell_silent_is_named():
    aligner = filled()
    aligner.push(STATE, ms(-10), np.where(np.arange(7) < 6, 0.0, np.nan))
    assert aligner.observe(NOW) == Unavailable(STATE, "joint 'gripper': no message yet")
    aligner.push(STATE, ms(-120), part(gripper=1.0))
    assert aligner.observe(NOW) == Unavailable(
        STATE, "joint 'gripper': the newest sample is 0.120 s old, at most 0.1 s is accepted")
    aligner.push(STATE, ms(-100), part(gripper=1.0))
    assert isinstance(aligner.observe(NOW), Observation)


def test_a_fast_or_wrongly_stamped_part_does_not_displace_the_others():
    aligner = filled()
    aligner.push(STATE, ms(-99), part(gripper=9.0))
    arm = np.where(np.arange(7) < 6, 1.0, np.nan)
    for k in range(5_000):
        aligner.push(STATE, ms(-90) + k * 10, arm)
    aligner.push(STATE, ms(10 ** 9), 2 * arm)
    assert aligner.observe(NOW).state.tolist() == [1, 1, 1, 1, 1, 1, 9]


def test_unknown_camera_is_named():
    with pytest.raises(ConfigError, match="no camera 'scen'; did you mean 'scene'"):
        Aligner(CONTRACT, ['scen'])


def test_a_zero_stamp_is_refused():
    with pytest.raises(MessageError, match='joint_states: stamp is 0; its driver must fill in'):
        filled().push(STATE, 0, np.zeros(7))


def test_one_stamp_far_in_the_future_does_no_harm():
    aligner = filled(20)
    aligner.push(STATE, ms(10 ** 9), np.zeros(7))
    aligner.push(STATE, ms(-10), np.full(7, 10.0))
    assert np.array_equal(aligner.observe(NOW).state, np.full(7, 10.0))


def test_memory_is_bounded():
    aligner = filled()
    for k in range(20_000):
        aligner.push(STATE, NOW + k * 1000, np.zeros(7))
    assert max(len(s.stamps) for s in aligner._joints.joints) < 1000


def test_reset_forgets():
    aligner = filled(10)
    aligner.reset()
    assert aligner.observe(NOW) == Unavailable(STATE, 'no message yet')


@given(st.lists(st.integers(-150, 150), min_size=1, max_size=20, unique=True))
@settings(max_examples=200, deadline=None)
def test_equals_the_rule_written_out(ages):
    fitting = [age for age in ages if 0 <= age <= 100]
    found = filled(*ages).observe(NOW)
    if fitting:
        assert found.ages_ns[STATE] == min(fitting) * MILLISECOND
    else:
        assert isinstance(found, Unavailable)
