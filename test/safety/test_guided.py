"""What the gate lets through while a person leads the arm."""
from dataclasses import replace

from il_ros.safety.arming import ArmingError
from il_ros.safety.guided import Guided
from il_ros.safety.rules import Command, Refusal
from il_ros.timing import Now
from il_ros.types import Verdict
import numpy as np
import pytest
from safety.driver import CONTRACT, Driver, LIMITS, PERIOD_NS

GRIPPER = CONTRACT.joint_names.index('gripper')


@pytest.fixture
def driver():
    driver = Driver()
    driver.wait()
    return driver


@pytest.fixture
def guided(driver):
    guided = Guided(CONTRACT, driver.gate)
    guided.begin([], driver.now)
    return guided


def command(driver, seq=0, joints=('gripper',), positions=(0.0,)):
    return Command(list(joints), list(positions), 1, b'x' * 16, seq, 0, driver.now.ros_ns)


def rows(driver, guided, count):
    """Return what is sent in so many periods."""
    found = []
    for _ in range(count):
        driver.wait(PERIOD_NS)
        if decision := guided.look(driver.now):
            assert (decision.verdict, decision.rule) == (Verdict.REJECTED, 'guided')
            found.append(decision.sent)
    return found


def test_an_armed_gate_and_other_publishers_are_refused(driver):
    guided = Guided(CONTRACT, driver.gate)
    with pytest.raises(ArmingError, match='planner publishes to the robot beside the gate'):
        guided.begin(['/planner'], driver.now)
    driver.gate.arm(driver.now)
    with pytest.raises(ArmingError, match='the gate is armed; call gate/disarm first'):
        guided.begin([], driver.now)
    assert not guided.on and guided.problem() == ''


def test_a_robot_that_is_not_heard_is_refused():
    driver = Driver()
    with pytest.raises(ArmingError, match='guiding refused: nothing came on joint_states'):
        Guided(CONTRACT, driver.gate).begin([], driver.now)


def test_the_arm_is_told_as_measured_and_the_gate_is_not_armed(driver, guided):
    assert guided.problem().startswith('a person leads the arm')
    driver.measured = driver.measured + 0.01
    for row in rows(driver, guided, 5):
        np.testing.assert_allclose(row, driver.measured)
    assert not guided.told      # so nothing of it is sent


def test_a_gripper_goes_where_it_is_told_within_its_limits(driver, guided):
    start = driver.measured[GRIPPER]
    guided.take(command(driver, positions=[5.0]), driver.now)
    assert guided.told
    sent = np.array(rows(driver, guided, 30))
    speed = np.abs(np.diff(sent[:, GRIPPER])) / (PERIOD_NS / 1e9)
    assert speed.max() <= LIMITS.velocity[GRIPPER] * (1 + 1e-9)
    assert sent[-1, GRIPPER] == CONTRACT.upper[GRIPPER] > start
    others = np.arange(7) != GRIPPER
    np.testing.assert_array_equal(sent[:, others], np.tile(driver.measured[others], (30, 1)))


@pytest.mark.parametrize(('wrong', 'told'), [
    ({'joint_names': ['elbow']}, 'a person leads the arm, expected a gripper'),
    ({'joint_names': ['gripper', 'elbow'], 'positions': [0.0, 0.0]}, 'a person leads the arm'),
    ({'joint_names': [], 'positions': []}, 'a person leads the arm'),
    ({'positions': [float('nan')]}, 'expected a finite one per joint name'),
    ({'positions': [0.0, 0.0]}, 'expected a finite one per joint name'),
    ({'stamp_ns': 1}, 'stamp: expected within'),
])
def test_anything_else_is_refused(driver, guided, wrong, told):
    with pytest.raises(Refusal, match=told):
        guided.take(replace(command(driver), **wrong), driver.now)
    assert not guided.told


def test_a_command_counts_once(driver, guided):
    guided.take(command(driver), driver.now)
    with pytest.raises(Refusal, match='seq: expected more than 0'):
        guided.take(command(driver), driver.now)


def test_after_the_end_nothing_is_sent(driver, guided):
    guided.end()
    assert not rows(driver, guided, 3) and guided.problem() == ''
    driver.gate.arm(driver.now)


def test_once_a_period(driver, guided):
    looks = [guided.look(Now(driver.now.steady_ns + k * PERIOD_NS // 10, driver.now.ros_ns))
             for k in range(1, 31)]
    assert sum(look is not None for look in looks) == 3
