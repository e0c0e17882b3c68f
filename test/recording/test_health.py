import bag_factory as bags
from il_ros.recording.health import GapCounter, JointHealth, StreamHealth
from il_ros.timing import MILLISECOND, SECOND
import numpy as np
import pytest

CONTRACT = bags.small_contract()
NOW = 50 * SECOND


def state(stamp_ns):
    return bags.serialize('sensor_msgs/JointState',
                          bags.joint_state(CONTRACT, stamp_ns, np.zeros(7)))


def fed(rate_hz=100.0, seconds=1.0, stamp_offset_ns=0, stamp=None):
    """Return the health of a stream declared at 100 Hz that ran at `rate_hz` until NOW."""
    health = StreamHealth('/joint_states', 100.0, 100 * MILLISECOND)
    for k in range(int(rate_hz * seconds), -1, -1):
        ns = NOW - round(k * SECOND / rate_hz)
        at = stamp if stamp is not None else bags.START_NS + ns + stamp_offset_ns
        health.arrived(state(at), bags.START_NS + ns, ns)
    return health


def test_a_stream_at_its_rate_is_well():
    rate, age, problem = fed().check(NOW)
    assert (round(rate, 6), age, problem) == (100.0, 0.0, '')


@pytest.mark.parametrize('health, now_ns, text', [
    (StreamHealth('/joint_states', 100.0, 1), NOW,
     '/joint_states: no message has come; is its driver running and the topic right '
     '(ros2 topic list)?'),
    (fed(), NOW + SECOND, '/joint_states: silent for 1.0 s; restart its driver or check its '
                          'cable'),
    (fed(rate_hz=50.0), NOW, '/joint_states: 50.0 Hz, expected 100 Hz; free the CPU or network, '
                             'or correct rate_hz in the contract'),
    (fed(stamp_offset_ns=-2 * SECOND), NOW,
     '/joint_states: stamps are 2.00 s old, expected at most 0.1 s; synchronise the clocks '
     '(chrony) or check use_sim_time'),
    (fed(stamp_offset_ns=3 * SECOND), NOW,
     '/joint_states: stamps lie 3.00 s in the future; synchronise the clocks (chrony) or check '
     'use_sim_time'),
    (fed(stamp=0), NOW, '/joint_states: stamps are zero; its driver must fill in header.stamp, '
     'or the contract say stamp: arrival'),
], ids=['absent', 'silent', 'slow', 'old', 'future', 'zero'])
def test_problems_say_what_to_do(health, now_ns, text):
    assert health.check(now_ns).problem == text


def test_seventy_percent_of_the_rate_is_enough():
    assert fed(rate_hz=71.0).check(NOW).problem == ''


def test_rate_survives_a_clock_that_was_set_back():
    health = fed()
    for k in range(101):
        health.arrived(state(bags.START_NS + k * 10 * MILLISECOND),
                       bags.START_NS + k * 10 * MILLISECOND, NOW + k)
    assert round(health.check(NOW + 101).rate_hz, 6) == 100.0


def test_gaps_are_counted_exactly():
    counter = GapCounter()
    assert [counter.arrived(b'a', seq) for seq in (7, 8, 12, 13, 15)] == [0, 0, 3, 0, 1]
    assert counter.lost == 3 + 1


def test_a_new_sender_or_one_that_starts_again_is_no_gap():
    counter = GapCounter()
    for seq, sender in ((7, b'a'), (100, b'b'), (101, b'b'), (2, b'c'), (1, b'c')):
        counter.arrived(sender, seq)
    assert counter.lost == 0


def part(joints, ns, stamp=None):
    message = bags.joint_state(CONTRACT, ns if stamp is None else stamp, np.zeros(len(joints)))
    message.name = joints
    return bags.serialize('sensor_msgs/JointState', message)


def fed_in_parts(*parts, until=NOW, stamp=None):
    health = JointHealth('/joint_states', 100.0, 100 * MILLISECOND,
                         joints=tuple(CONTRACT.joint_names))
    for k in range(100, -1, -1):
        ns = NOW - k * 10 * MILLISECOND
        for joints, last_ns in parts:
            if ns <= last_ns:
                health.arrived(part(joints, bags.START_NS + ns, stamp), bags.START_NS + ns, ns)
    return health.check(until).problem


ARM, FINGER = CONTRACT.joint_names[:6], CONTRACT.joint_names[6:]


@pytest.mark.parametrize('problem, text', [
    (fed_in_parts((ARM, NOW), (FINGER, NOW)), ''),
    (fed_in_parts((ARM, NOW), (['grip', 'wheel'], NOW)),
     "/joint_states: no message names joint 'gripper'; came: shoulder_pan, shoulder_lift, elbow, "
     "wrist_1, wrist_2, wrist_3, grip, wheel; did you mean 'grip'?"),
    (fed_in_parts((['wheel'], NOW)), "/joint_states: no message names joints 'shoulder_pan', "),
    (fed_in_parts((ARM, NOW), (FINGER, NOW - 700 * MILLISECOND)),
     "/joint_states: joint 'gripper' is silent for 0.7 s; restart its driver or check its cable"),
    (fed_in_parts((ARM, NOW), (FINGER, NOW), until=NOW + SECOND), '/joint_states: silent for 1.0'),
    (fed_in_parts((ARM, NOW), (FINGER, NOW), stamp=0), '/joint_states: stamps are zero'),
], ids=['well', 'another name', 'no name', 'a silent part', 'silence', 'zero'])
def test_every_joint_must_be_heard(problem, text):
    assert problem.startswith(text) and bool(problem) == bool(text)
