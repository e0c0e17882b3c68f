"""The gate and a joint that turns without end, whatever its driver counts."""
from dataclasses import replace

from il_ros.safety.arming import ArmingError
from il_ros.safety.gate import Gate
from il_ros.safety.interpolation import Interpolator
from il_ros.safety.limits import Limits
from il_ros.safety.proximity import proximity
from il_ros.types import ControlSource, Verdict
import numpy as np
import pytest
from safety.driver import CONTRACT, Driver, MEASURED, PERIOD_NS

TURN = 2 * np.pi
TURNING = replace(CONTRACT, joints=(
    replace(CONTRACT.joints[0], position=None, continuous=True), *CONTRACT.joints[1:]))


def wrapped(angle):
    return (angle + np.pi) % TURN - np.pi


@pytest.mark.parametrize('report', [
    wrapped, lambda angle: angle, lambda angle: angle + 3 * TURN,
    lambda angle: (angle + 0.01) % TURN])
@pytest.mark.parametrize('asked', [wrapped, lambda angle: angle - 5 * TURN])
def test_two_turns_go_on_without_a_leap(report, asked):
    """The robot is sent what is near to what it reports, at the speed that was asked for."""
    driver = Driver(Gate(TURNING))
    driver.measured = MEASURED.copy()
    driver.measured[0] = report(0.0)
    driver.armed()
    step = 0.5 * TURNING.velocity[0] * TURNING.period_ns * 1e-9
    angles = np.cumsum(np.minimum(0.0005 * np.arange(600), step))
    sent = []
    for angle in angles:
        wish = MEASURED.copy()
        wish[0] = asked(angle)
        decision = driver.send(wish, ControlSource.POLICY)
        assert decision.verdict in (Verdict.PASSED, Verdict.CLAMPED), decision.detail
        assert abs(decision.sent[0] - driver.measured[0]) < 0.5
        sent.append(decision.sent[0])
        driver.measured = decision.sent.copy()
        driver.measured[0] = report(angle)
        driver.wait()
    assert angles[-1] > 2 * TURN
    changes = np.array([wrapped(b - a) for a, b in zip(sent, sent[1:], strict=False)])
    assert (np.abs(changes) <= step * 1.05).all()
    assert wrapped(sent[-1] - angles[-1]) == pytest.approx(0.0, abs=0.05)


def test_a_leap_is_refused_along_the_short_way():
    driver = Driver(Gate(TURNING))
    driver.measured = MEASURED.copy()
    driver.measured[0] = 3.1
    driver.armed()
    near, far = MEASURED.copy(), MEASURED.copy()
    near[0], far[0] = -3.12, -2.0
    assert driver.send(near, ControlSource.POLICY).sent[0] == pytest.approx(3.1, abs=0.07)
    driver.wait()
    refused = driver.send(far, ControlSource.POLICY)
    assert (refused.verdict, refused.rule) == (Verdict.REJECTED, 'jump')


def test_a_hold_is_near_the_measured_position():
    driver = Driver(Gate(TURNING))
    driver.measured = MEASURED.copy()
    driver.measured[0] = 3.1
    driver.armed()
    driver.send(driver.measured)
    driver.measured[0] = -3.1      # the driver counted on from -pi
    driver.wait(40_000_000)
    driver.wait(40_000_000)
    driver.wait(40_000_000)
    held = driver.hold()
    assert held.verdict is Verdict.HELD
    assert held.sent[0] == pytest.approx(-3.1, abs=0.1)


@pytest.mark.parametrize(('position', 'measured', 'text'), [
    ((-2.5, 2.5), 3.0, "joint 'shoulder_pan' stands at 3.000, expected -2.5 to 2.5")])
def test_limits_of_less_than_a_turn_are_kept(position, measured, text):
    contract = replace(TURNING, position_margin=0.0, joints=(
        replace(TURNING.joints[0], position=position), *TURNING.joints[1:]))
    driver = Driver(Gate(contract))
    driver.measured = MEASURED.copy()
    driver.measured[0] = measured
    driver.wait()
    with pytest.raises(ArmingError) as error:
        driver.gate.arm(driver.now)
    assert text in str(error.value)
    driver = Driver(Gate(contract))
    driver.measured = MEASURED.copy()
    driver.measured[0] = 2.4 + TURN
    driver.armed()
    wish = MEASURED.copy()
    wish[0] = -2.4                 # the short way leads past the stop
    assert driver.send(wish).sent[0] < 2.4 + TURN


def test_without_limits_it_is_never_near_them():
    limits = Limits.of(replace(TURNING, position_margin=0.1))
    assert np.isinf([limits.lower[0], limits.upper[0]]).all()
    found = proximity(np.array([100.0, *MEASURED[1:]]), limits)
    assert found[0] == 0.0 and np.isfinite(found).all()


def test_between_setpoints_it_goes_the_short_way():
    contract = replace(TURNING, command_hz=500.0)
    stream = Interpolator(contract, 2_000_000)
    at, angle, sent = MEASURED.copy(), 3.0, []
    at[0] = angle
    stream.start(at, 0)
    for cycle in range(600):
        if cycle % 16 == 0:
            angle += 0.4 * contract.velocity[0] * PERIOD_NS * 1e-9
            at[0] = wrapped(angle)
            stream.follow(at, cycle * 2_000_000)
        sent.append(stream.command(cycle * 2_000_000).positions[0])
    assert (np.diff(sent) >= -1e-9).all()
    assert (np.diff(sent) <= contract.velocity[0] * 0.002 + 1e-9).all()
    assert sent[-1] > 3.3
