"""Measurements that no motion explains: a fault that names joint and publishers; nothing moves."""
from dataclasses import replace
from types import SimpleNamespace

from il_ros.contract import Contract, State
from il_ros.safety.arming import ArmingError
from il_ros.safety.gate import Gate
from il_ros.safety.leaps import PoseLeaps
from il_ros.timing import MILLISECOND, SECOND
from il_ros.types import ControlSource, Verdict
import numpy as np
import pytest
from safety.driver import CONTRACT, Driver, MEASURED, moved, PERIOD_NS
from safety.fuzz import PARTS

ZEROS = np.zeros(7)
LEAP = ("joint_states: joint 'elbow' leaps from 1.200 to 0.000 within 5 ms, which no motion "
        'explains; ')
TWO = '/driver and /rogue publish joint_states: stop all but one'
MOBILE = Contract.load('sim_mobile')
ODOM = MOBILE.states[1]


def driver(*publishers, contract=CONTRACT, measured=MEASURED):
    gate = Gate(contract, publishers=lambda topic: publishers)
    return Driver(gate, contract, measured)


def beside(there, positions):
    """A second publisher speaks 5 ms after the first."""
    there.wait(5 * MILLISECOND, measure=False)
    there.measure(positions)


@pytest.mark.parametrize(('publishers', 'advice'), [
    (('/rogue', '/driver'), TWO), (('/driver',), 'check /driver'), ((), 'check its driver')])
def test_zeros_of_a_second_publisher_hold_the_arm_where_it_was_told_to_be(publishers, advice):
    there = driver(*publishers).armed()
    there.send()
    beside(there, ZEROS)
    assert there.gate.fault == ('leap', LEAP + advice)
    for _ in range(20):
        held = there.hold()
        assert (held.verdict, held.rule) == (Verdict.HELD, 'leap')
        np.testing.assert_allclose(held.sent, MEASURED, atol=1e-9)
        beside(there, ZEROS)
        there.wait(PERIOD_NS)
    with pytest.raises(ArmingError) as error:
        there.gate.arm(there.now)
    assert str(error.value) == f'arming refused: {LEAP}{advice}'


def test_zeros_that_came_first_are_found_as_well():
    there = driver('/driver', '/rogue')
    there.measure(ZEROS)
    beside(there, MEASURED)
    with pytest.raises(ArmingError, match="^arming refused: joint_states: joint 'elbow' leaps "
                                          f'from 0.000 to 1.200 within 5 ms.*{TWO}$'):
        there.gate.arm(there.now)


def test_publishers_that_agree_and_parts_of_one_topic_are_no_leap():
    there = driver('/driver', '/rogue').armed()
    there.send()
    beside(there, MEASURED + 0.001)
    beside(there, np.where(np.arange(7) < 6, np.nan, MEASURED))
    assert there.gate.fault is None


def test_once_it_is_over_for_as_long_as_a_state_may_be_old_the_gate_arms():
    there = driver('/driver').armed()
    there.send()
    beside(there, ZEROS)
    for _ in range(25):
        there.wait(10 * MILLISECOND)
        there.gate.watchdog(there.now)
    np.testing.assert_array_equal(there.gate.arm(there.now), MEASURED)


def test_a_robot_that_was_put_elsewhere_while_disarmed_is_believed_after_a_while():
    there = driver()
    there.wait()
    there.measured = moved(elbow=0.5)
    for _ in range(25):
        there.wait(10 * MILLISECOND)
    np.testing.assert_array_equal(there.gate.arm(there.now), moved(elbow=0.5))


def test_a_robot_that_takes_each_setpoint_at_once_is_no_leap():
    there = driver().armed()
    step = np.where(CONTRACT.is_gripper, 0.0, CONTRACT.velocity * PERIOD_NS / SECOND)
    for direction in (1, 1, 1, -1, -1, -1):
        there.wait(10 * MILLISECOND)
        there.measured = there.measured + direction * step
        there.wait(0)
    assert there.gate.fault is None


def test_a_gripper_and_a_joint_that_turns_without_end_do_not_leap():
    turning = replace(CONTRACT, joints=(replace(CONTRACT.joints[0], position=None,
                                                continuous=True), *CONTRACT.joints[1:]))
    there = driver(contract=turning).armed()
    there.send()
    beside(there, MEASURED + [2 * np.pi, 0, 0, 0, 0, 0, 0.02])
    assert there.gate.fault is None


def test_one_arm_that_leaps_holds_the_other_and_stops_the_base():
    there = driver('/left', '/zeros', contract=PARTS.contract, measured=PARTS.start).armed()
    drive = PARTS.start.copy()
    drive[-2:] = 0.3, 0.2
    for _ in range(10):
        sent = there.send(drive).sent
        there.measured = sent.copy()
        there.wait()
    assert sent[-2] > 0.2
    beside(there, np.where(np.arange(16) < 7, 0.0, np.nan))
    held = there.hold()
    assert held.detail.startswith("left/joint_states: joint 'left_wrist_1' leaps from 1.650 to ")
    assert held.detail.endswith('/left and /zeros publish left/joint_states: stop all but one')
    assert not held.sent[-2:].any()
    np.testing.assert_allclose(there.hold().sent[:14], PARTS.start[:14], atol=1e-3)


@pytest.mark.parametrize(('value', 'leaps'), [(0.5, False), (-0.4, False), (3.0, True)])
def test_a_velocity_of_a_base_may_be_all_that_the_contract_allows(value, leaps):
    there = driver(contract=PARTS.contract, measured=PARTS.start).armed()
    there.send(PARTS.start, ControlSource.HUMAN)
    beside(there, np.array([*[np.nan] * 14, value, 0.0]))
    assert bool(there.gate.fault) == leaps
    if leaps:
        assert there.gate.fault[1] == (
            "odom: joint 'base_x' leaps from 0.000 to 3.000 within 5 ms, which no motion "
            'explains; check its driver')


def odometry(x=0.0, y=0.0, z=0.0, w=1.0):
    pose = SimpleNamespace(position=SimpleNamespace(x=x, y=y, z=0.0),
                           orientation=SimpleNamespace(x=0.0, y=0.0, z=z, w=w))
    return SimpleNamespace(pose=SimpleNamespace(pose=pose))


@pytest.mark.parametrize(('after', 'text'), [
    (odometry(0.01), ''), (odometry(0.15), ''), (odometry(z=0.05, w=0.9987), ''),
    (odometry(float('nan')), ''),
    (odometry(3.0), 'the pose leaps by 3.00 m within 10 ms, with at most 0.5 m/s of the base'),
    (odometry(0.0, -0.3), 'the pose leaps by 0.30 m within 10 ms, with at most 0.5 m/s of the '
                          'base'),
    (odometry(z=1.0, w=0.0), 'the pose leaps by 3.14 rad within 10 ms, with at most 1 rad/s of '
                             'the base')])
def test_a_pose_of_odometry_goes_on_without_jumps(after, text):
    poses = PoseLeaps(MOBILE, ODOM)
    assert poses.look(odometry(), SECOND) == ''
    assert poses.look(after, SECOND + 10 * MILLISECOND) == text
    if text:    # and goes on from there
        assert poses.look(after, SECOND + 20 * MILLISECOND) == ''


def test_a_pose_that_leaps_holds_and_is_no_reason_to_arm():
    there = driver('/wheels', '/amcl', contract=PARTS.contract, measured=PARTS.start).armed()
    there.gate.leaps('odom', 'the pose leaps by 3.00 m within 10 ms', there.now)
    text = ('odom: the pose leaps by 3.00 m within 10 ms; /amcl and /wheels publish odom: stop '
            'all but one')
    assert there.hold().detail == text
    with pytest.raises(ArmingError, match=f'^arming refused: {text}$'):
        there.gate.arm(there.now)
    there.wait(101 * MILLISECOND)
    there.wait()
    there.gate.arm(there.now)


def test_without_velocities_that_it_knows_nothing_is_said_of_the_pose():
    state = State('odom', 'nav_msgs/Odometry', 50.0, 0.1, joints=('arm_elbow',),
                  fields=('pose.pose.position.x',))
    poses = PoseLeaps(MOBILE, state)
    poses.look(odometry(), SECOND)
    assert poses.look(odometry(9.0), 2 * SECOND) == ''
