from il_ros.contract import Contract
from il_ros.safety.limiter import advance, brake, Setpoint
from il_ros.safety.limits import Limits
import numpy as np
import pytest

CONTRACT = Contract.load('sim_arm')
LIMITS = Limits.of(CONTRACT)
START = np.array(CONTRACT.start)
START[-1] = 0.02
PERIOD = CONTRACT.period_ns * 1e-9


def run(target, steps, setpoint=None):
    setpoint = setpoint or Setpoint.at_rest(START)
    found = []
    for _ in range(steps):
        setpoint, limit = advance(setpoint, target, PERIOD, LIMITS)
        found.append((setpoint, limit))
    return found


def shifted(joint, by):
    target = START.copy()
    target[joint] += by
    return target


def test_an_allowed_target_is_reached_exactly():
    target = START + 0.2 * LIMITS.acceleration * PERIOD**2
    (setpoint, limit), = run(target, 1)
    assert limit == ''
    assert (setpoint.positions == target).all()
    np.testing.assert_allclose(setpoint.velocities, 0.2 * LIMITS.acceleration * PERIOD)


def test_a_target_at_the_limits_of_acceleration_and_velocity_passes():
    setpoint = Setpoint.at_rest(START)
    for k in range(1, 7):
        speed = np.minimum(k * LIMITS.acceleration * PERIOD, LIMITS.velocity)[0]
        target = setpoint.positions.copy()
        target[0] += speed * PERIOD
        setpoint, limit = advance(setpoint, target, PERIOD, LIMITS)
        assert limit == ''
        np.testing.assert_allclose(setpoint.positions, target, atol=1e-9)


def test_the_first_step_towards_a_far_target_is_a_dt():
    (setpoint, limit), = run(shifted(0, 1.0), 1)
    assert limit == 'velocity'
    assert setpoint.velocities[0] == pytest.approx(LIMITS.acceleration[0] * PERIOD)


def test_a_near_target_that_needs_too_much_acceleration_is_named_so():
    (_, limit), = run(shifted(0, 0.5 * LIMITS.velocity[0] * PERIOD), 1)
    assert limit == 'acceleration'


@pytest.mark.parametrize('joint, by', [(0, 1.0), (0, -1.0), (4, 0.3), (6, 0.02), (6, -0.02)])
def test_a_far_target_is_reached_and_not_overshot(joint, by):
    path = [s.positions[joint] for s, _ in run(shifted(joint, by), 120)]
    assert path[-1] == pytest.approx(START[joint] + by, abs=1e-12)
    overshoot = (np.array(path) - START[joint]) * np.sign(by) - abs(by)
    assert overshoot.max() <= LIMITS.acceleration[joint] * PERIOD**2


def test_full_speed_into_a_position_limit_stops_at_it_within_the_acceleration():
    upper = START.copy()
    upper[0] = LIMITS.upper[0]
    steps = run(upper, 200)
    speeds = np.array([s.velocities[0] for s, _ in steps])
    assert speeds.max() == LIMITS.velocity[0]
    assert np.abs(np.diff(speeds)).max() <= LIMITS.acceleration[0] * PERIOD + 1e-9
    assert steps[-1][0].positions[0] == pytest.approx(LIMITS.upper[0], abs=1e-9)
    assert all(s.positions[0] <= LIMITS.upper[0] for s, _ in steps)


def test_braking_takes_the_whole_acceleration_until_rest():
    setpoint = Setpoint(START.copy(), LIMITS.velocity / 2, np.zeros(7), START.copy())
    for _ in range(20):
        after = brake(setpoint, PERIOD, LIMITS)
        slower = np.abs(setpoint.velocities) - np.abs(after.velocities)
        np.testing.assert_allclose(
            slower, np.minimum(LIMITS.acceleration * PERIOD, np.abs(setpoint.velocities)))
        np.testing.assert_allclose(after.positions - setpoint.positions, after.velocities * PERIOD)
        setpoint = after
    assert not setpoint.velocities.any()
