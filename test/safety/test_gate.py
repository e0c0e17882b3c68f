from hypothesis import given, settings
from hypothesis import strategies as st
from il_ros.errors import MessageError
from il_ros.safety.arming import ArmingError
from il_ros.safety.gate import Gate
from il_ros.timing import MILLISECOND
from il_ros.types import ControlSource, Verdict
import numpy as np
import pytest
from safety.driver import CONTRACT, Driver, LIMITS, MEASURED, moved, Oracle, PERIOD_NS
from safety.fuzz import CASES, fuzz, PARTS

HUMAN, POLICY = ControlSource.HUMAN, ControlSource.POLICY


def test_nothing_is_sent_before_arming():
    driver = Driver()
    driver.wait()
    decision = driver.send()
    assert (decision.verdict, decision.rule, decision.sent) == (Verdict.REJECTED, 'disarmed', None)
    assert decision.detail == 'the gate is disarmed; call gate/arm'
    driver.wait(10**9)
    assert driver.gate.watchdog(driver.now) is None


def test_nothing_is_sent_after_disarming():
    driver = Driver().armed()
    assert driver.send().verdict == Verdict.PASSED
    driver.gate.disarm()
    driver.wait()
    assert driver.send().rule == 'disarmed'
    driver.wait(10**9)
    assert driver.gate.watchdog(driver.now) is None


def test_arming_without_joint_states_is_refused():
    driver = Driver()
    with pytest.raises(ArmingError) as error:
        driver.gate.arm(driver.now)
    assert str(error.value) == ('arming refused: nothing came on joint_states; '
                                'start the robot driver')


def test_arming_with_silent_joint_states_is_refused():
    driver = Driver()
    driver.wait()
    driver.wait(250 * MILLISECOND, measure=False)
    with pytest.raises(ArmingError) as error:
        driver.gate.arm(driver.now)
    assert str(error.value) == ('arming refused: joint_states is silent for 250 ms, expected at '
                                'most 100 ms; check the robot driver')


def test_arming_outside_the_limits_is_refused():
    driver = Driver()
    driver.measured = moved(elbow=2.0)
    driver.wait()
    with pytest.raises(ArmingError, match="joint 'elbow' stands at 3.200, expected -2.7 to 2.7"):
        driver.gate.arm(driver.now)


def test_non_finite_measurements_do_not_count():
    driver = Driver()
    with pytest.raises(MessageError, match='^joint_states: expected finite positions$'):
        driver.gate.measure(np.full(7, np.nan), driver.now.ros_ns, driver.now)
    with pytest.raises(ArmingError, match='nothing came'):
        driver.gate.arm(driver.now)


def part(measured, *joints):
    return np.where(np.isin(CONTRACT.joint_names, joints), measured, np.nan)


ARM = CONTRACT.joint_names[:6]


def test_measurements_in_parts_arm_once_every_joint_came():
    driver = Driver()
    driver.gate.measure(part(MEASURED, *ARM), driver.now.ros_ns, driver.now)
    with pytest.raises(ArmingError, match='^arming refused: nothing came on joint_states for '
                                          "joint 'gripper'; start the robot driver$"):
        driver.gate.arm(driver.now)
    driver.gate.measure(part(MEASURED, 'gripper'), driver.now.ros_ns, driver.now)
    assert driver.gate.arm(driver.now).tolist() == MEASURED.tolist()


@pytest.mark.parametrize('silent', ['elbow', 'gripper'])
def test_one_silent_joint_latches_by_name_while_the_others_are_heard(silent):
    driver = Driver().armed()
    others = [name for name in CONTRACT.joint_names if name != silent]
    for _ in range(10):
        driver.wait(10 * MILLISECOND, measure=False)
        driver.gate.measure(part(MEASURED, *others), driver.now.ros_ns, driver.now)
    assert driver.gate.watchdog(driver.now) is None
    driver.wait(MILLISECOND, measure=False)
    assert driver.send().rule == 'latched'
    text = f"joint '{silent}' of joint_states is silent for 101 ms"
    assert driver.gate.fault == ('joint_states', text)
    with pytest.raises(ArmingError, match=f'^arming refused: {text}, expected at most 100 ms; '
                                          'check the robot driver$'):
        driver.gate.disarm()
        driver.gate.arm(driver.now)


def test_after_arming_every_joint_is_waited_for():
    driver = Driver()
    driver.wait()
    driver.gate.arm(driver.now)
    driver.wait(MILLISECOND, measure=False)
    driver.gate.measure(part(MEASURED, *ARM), driver.now.ros_ns, driver.now)
    assert driver.send().rule == 'arming'
    driver.gate.measure(part(MEASURED, 'gripper'), driver.now.ros_ns, driver.now)
    assert driver.send().verdict == Verdict.PASSED


def test_a_hold_takes_what_is_measured_of_the_joints_that_are_heard():
    driver = Driver().armed()
    measured = moved(elbow=0.01, wrist_1=0.01)
    for _ in range(11):
        driver.wait(10 * MILLISECOND, measure=False)
        heard = [name for name in CONTRACT.joint_names if name != 'elbow']
        driver.gate.measure(part(measured, *heard), driver.now.ros_ns, driver.now)
    assert driver.send().rule == 'latched'
    assert np.allclose(driver.hold().sent, moved(wrist_1=0.01), atol=1e-9)


@pytest.mark.parametrize('value', [np.inf, -np.inf])
def test_an_infinite_measurement_does_not_count(value):
    driver = Driver()
    positions = part(MEASURED, *ARM)
    positions[0] = value
    with pytest.raises(MessageError, match='^joint_states: expected finite positions$'):
        driver.gate.measure(positions, driver.now.ros_ns, driver.now)


def test_after_arming_commands_wait_for_a_new_measurement():
    driver = Driver()
    driver.wait()
    driver.gate.arm(driver.now)
    assert driver.send().rule == 'arming'
    driver.measured = moved(elbow=0.1)  # the robot was moved just before
    driver.wait()
    decision = driver.send()
    assert decision.verdict == Verdict.PASSED
    assert (decision.sent == driver.measured).all()


def test_arming_twice_changes_nothing():
    driver = Driver().armed()
    driver.send(moved(elbow=0.005))
    driver.gate.arm(driver.now)
    driver.wait()
    decision = driver.send(moved(elbow=0.010))
    assert (decision.sent == moved(elbow=0.010)).all()


def test_early_commands_count_in_full_within_the_jitter():
    driver = Driver().armed()
    for k, wait_ms in enumerate((33, 25, 41, 20, 46, 33, 18, 48), 1):
        driver.wait(wait_ms * MILLISECOND)
        decision = driver.send(moved(shoulder_pan=0.01 * k))
        assert decision.verdict == Verdict.PASSED, decision


def test_a_flood_moves_the_robot_no_faster():
    driver = Driver().armed()
    oracle = Oracle(MEASURED)
    rules = set()
    for _ in range(1000):
        driver.wait(MILLISECOND)
        decision = driver.send(moved(shoulder_pan=2.0))
        oracle.check(decision, driver.now)
        rules.add(decision.rule)
    assert rules == {'rate', 'velocity'}
    assert oracle.sent > 100
    assert oracle.position[0] - MEASURED[0] <= LIMITS.velocity[0] * (1.0 + 0.05)


def test_without_commands_the_gate_holds_and_latches():
    driver = Driver().armed()
    driver.send()
    driver.measured = moved(elbow=0.004, gripper=0.01)
    driver.wait(100 * MILLISECOND)
    assert driver.gate.watchdog(driver.now) is None
    driver.wait(MILLISECOND)
    decision = driver.gate.watchdog(driver.now)
    assert (decision.verdict, decision.rule) == (Verdict.HELD, 'watchdog')
    assert decision.detail == 'no accepted command for 101 ms'
    for _ in range(10):
        driver.measured = moved(elbow=0.05)  # captured once: what comes later does not matter
        last = driver.hold()
    assert (last.sent == moved(elbow=0.004)).all(), 'the arm as measured, the gripper as told'
    decision = driver.send()
    assert (decision.verdict, decision.rule) == (Verdict.REJECTED, 'latched')
    assert decision.detail == ('the gate holds (no accepted command for 101 ms); call gate/arm')
    driver.gate.arm(driver.now)
    driver.wait()
    assert driver.send().verdict == Verdict.PASSED


def test_rejected_commands_do_not_feed_the_watchdog():
    driver = Driver().armed()
    driver.send()
    for _ in range(4):
        driver.wait()
        driver.send(stamp_ns=0)
    assert driver.hold().rule == 'watchdog'


def test_a_command_after_a_pause_of_the_process_does_not_hide_the_fault():
    driver = Driver().armed()
    driver.send()
    driver.wait(2_000 * MILLISECOND)
    assert driver.send().rule == 'latched'


def test_an_armed_gate_that_was_never_fed_does_not_latch():
    driver = Driver().armed()
    driver.wait(10**9)
    assert driver.gate.watchdog(driver.now) is None
    assert driver.send().verdict == Verdict.PASSED


def test_three_non_finite_commands_in_a_row_latch():
    driver = Driver().armed()
    bad = moved(elbow=np.nan)
    for positions in (bad, bad, MEASURED, bad, bad):
        driver.wait()
        driver.send(positions)
    assert driver.gate.fault is None
    driver.wait()
    assert driver.send(bad).rule == 'nonfinite'
    decision = driver.hold()
    assert (decision.verdict, decision.rule) == (Verdict.HELD, 'nonfinite')
    assert decision.detail.startswith('3 commands in a row: positions[2]: expected a finite')


def test_silent_joint_states_hold_the_last_setpoint():
    driver = Driver().armed()
    target = moved(elbow=0.005)
    for _ in range(4):
        driver.wait(25 * MILLISECOND, measure=False)
        driver.send(target)
    driver.wait(MILLISECOND, measure=False)
    decision = driver.send(target)
    assert (decision.rule, driver.gate.fault) == (
        'latched', ('joint_states', 'joint_states is silent for 101 ms'))
    assert (driver.hold().sent == target).all()


def test_a_foreign_publisher_latches_and_prevents_arming():
    driver = Driver().armed()
    driver.send()
    driver.gate.foreign(['/rogue'], driver.now)
    driver.wait()
    decision = driver.hold()
    assert (decision.verdict, decision.rule) == (Verdict.HELD, 'foreign publisher')
    text = ('/rogue publishes to the robot beside the gate; stop it '
            '(a killed process is forgotten after 20 s)')
    assert decision.detail == text
    with pytest.raises(ArmingError) as error:
        driver.gate.arm(driver.now)
    assert str(error.value) == f'arming refused: {text}'
    driver.gate.foreign([], driver.now)
    driver.gate.arm(driver.now)
    driver.wait()
    assert driver.send().verdict == Verdict.PASSED


def test_holding_from_full_speed_brakes_within_the_limits():
    driver = Driver().armed()
    oracle = Oracle(MEASURED)
    for _ in range(15):
        driver.wait()
        driver.send(moved(shoulder_pan=2.0))
        driver.measured = driver.gate._setpoint.positions.copy()
    oracle.position = driver.gate._setpoint.positions.copy()
    oracle.velocity = driver.gate._setpoint.velocities.copy()
    assert oracle.velocity[0] == LIMITS.velocity[0]
    stopped_at = driver.measured.copy()
    driver.wait(101 * MILLISECOND)
    for _ in range(40):
        oracle.check(driver.hold(), driver.now)
    np.testing.assert_allclose(oracle.position, stopped_at, atol=1e-12)


def test_a_faster_simulation_scales_time():
    driver = Driver(Gate(CONTRACT, speed=4.0)).armed()
    oracle = Oracle(MEASURED, speed=4.0)
    for k in range(1, 20):
        driver.wait(PERIOD_NS // 4)
        decision = driver.send(moved(shoulder_pan=0.005 * k))
        assert decision.verdict == Verdict.PASSED
        oracle.check(decision, driver.now)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(
    st.integers(0, 60), st.sampled_from(tuple(ControlSource)),
    st.lists(st.floats(width=64) | st.floats(-3, 3), min_size=7, max_size=7)),
    min_size=1, max_size=25))
def test_whatever_comes_what_is_sent_is_safe(commands):
    driver = Driver().armed()
    oracle = Oracle(MEASURED)
    for wait_ms, source, positions in commands:
        driver.wait(wait_ms * MILLISECOND)
        oracle.check(driver.gate.watchdog(driver.now), driver.now)
        oracle.check(driver.send(positions, source), driver.now)


def test_eight_thousand_fuzzed_commands_send_nothing_unsafe():
    counts = fuzz(8_000, seed=1, look_each=20)
    assert min(counts[name] for name in ('PASSED', 'CLAMPED', 'HELD')) > 200
    assert counts['REJECTED'] > 5_000
    for what in ('CLAMPED jerk', 'CLAMPED workspace', 'REJECTED collision', 'HELD clock',
                 'HELD foreign publisher', 'HELD nonfinite', 'HELD watchdog'):
        assert counts[what] > 0, what


def test_two_thousand_fuzzed_commands_for_parts_send_nothing_unsafe():
    counts = fuzz(2_000, seed=3, look_each=20, case=PARTS)
    assert counts['PASSED'] + counts['CLAMPED'] > 150
    for what in ('CLAMPED jerk', 'REJECTED collision', 'REJECTED joints', 'HELD base',
                 'HELD watchdog'):
        assert counts[what] > 0, what


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.parametrize('case', CASES.values(), ids=CASES)
def test_a_million_fuzzed_commands_send_nothing_unsafe(case):
    fuzz(1_000_000, seed=2, case=case)
