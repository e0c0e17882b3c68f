"""Jerk: what braking takes at most, what random targets are made of, what passes unchanged."""
from dataclasses import replace

from il_ros.contract import Contract, Joint
from il_ros.errors import ConfigError
from il_ros.safety.jerk import JerkLimits
from il_ros.safety.limiter import advance, brake, Setpoint, way_to_rest
from il_ros.safety.limits import Limits
import numpy as np
import pytest

PERIOD_S = 1 / 30
CONTRACT = Contract.load('sim_arm')
JERKY = replace(CONTRACT, joints=(
    *(replace(joint, jerk=joint.acceleration * factor) for joint, factor in zip(
        CONTRACT.joints[:6], (3.0, 8.0, 15.0, 3.0, 8.0, 200.0), strict=True)),
    CONTRACT.joints[6]))
LIMITS = Limits.of(JERKY)
START = np.array(CONTRACT.start)


@pytest.mark.parametrize('acceleration, jerk', [
    (4.0, 40.0), (4.0, 200.0), (10.0, 2000.0), (15.0, 30.0)])
@pytest.mark.parametrize('steps', ['long', 'short', 'random', 'mixed'])
def test_braking_takes_no_more_than_the_bound_whatever_the_steps(acceleration, jerk, steps):
    rng, n = np.random.default_rng(0), 2000
    one = np.ones(n)
    limits = JerkLimits(np.arange(n), -9e9 * one, 9e9 * one, 9e9 * one, acceleration * one,
                        jerk * one)
    velocity = rng.uniform(-3, 3, n) * rng.choice([1.0, 0.1, 0.01], n)
    rate = rng.uniform(-1, 1, n) * acceleration * (rng.random(n) < 0.8)

    def bound(sign):
        rising = np.maximum(sign * rate, 0)
        speed = np.maximum(sign * velocity + rising**2 / (2 * jerk), 0)
        return speed, speed**2 / (2 * acceleration) + speed * (acceleration / 2 + rising) / jerk

    (up, upward), (down, downward) = bound(1.0), bound(-1.0)
    position, v, a = np.zeros(n), velocity, rate
    for _ in range(600):
        dt = {'long': 1.0, 'short': 0.1, 'random': rng.uniform(0.1, 1),
              'mixed': rng.choice([0.1, 1.0])}[steps] * PERIOD_S
        after = limits.towards(np.zeros(n), v, a, dt)
        before, a, v = a, (after - v) / dt, after
        assert (np.abs(a - before) <= jerk * dt + 1e-9).all()
        assert (np.abs(a) <= acceleration + 1e-9).all()
        position = position + v * dt
        assert (v <= up + 1e-9).all() and (v >= -down - 1e-9).all()
        assert (position <= upward + 1e-9).all() and (position >= -downward - 1e-9).all()
        if np.abs(v).max() < 1e-9:
            break
    assert np.abs(v).max() < 0.1, 'it comes to rest'


def run(targets, steps, limits=LIMITS):
    """Return positions, velocities and accelerations of every step, from their differences."""
    setpoint = Setpoint.at_rest(START)
    rows, speeds, rates, named = [START], [np.zeros(7)], [np.zeros(7)], []
    for target, dt in zip(targets, steps, strict=True):
        setpoint, limit = advance(setpoint, target, dt, limits)
        named.append(limit)
        rows.append(setpoint.positions)
        speeds.append((rows[-1] - rows[-2]) / dt)
        rates.append((speeds[-1] - speeds[-2]) / dt)
    return np.array(rows), np.array(speeds), np.array(rates), named


@pytest.mark.parametrize('seed', range(4))
def test_random_targets_and_steps_stay_within_every_limit(seed):
    rng = np.random.default_rng(seed)
    steps = rng.choice([0.1, 0.5, 1.0, 1.0], 800) * PERIOD_S
    ends = rng.uniform(LIMITS.lower, LIMITS.upper, (800, 7))
    ends = np.where(rng.random((800, 7)) < 0.3, LIMITS.upper, ends)
    hold = rng.integers(1, 60, 800).cumsum()
    targets = ends[np.searchsorted(hold, np.arange(800), side='right')]
    rows, speeds, rates, named = run(targets, steps)
    assert (rows >= LIMITS.lower).all() and (rows <= LIMITS.upper).all()
    assert (np.abs(speeds) <= LIMITS.velocity * (1 + 1e-5)).all()
    assert (np.abs(rates) <= LIMITS.acceleration * (1 + 1e-4)).all()
    change = np.abs(np.diff(rates, axis=0))[:, :6]
    assert (change <= (LIMITS.jerk[:6] * steps[:, None]) * 1.001 + 1e-3).all()
    assert 'velocity' in named
    assert (np.abs(speeds[:, :6]).max(axis=0) > 0.8 * LIMITS.velocity[:6]).all(), 'it does move'


def test_the_target_is_reached_and_kept_also_on_a_limit():
    for target in (START + [0.7, -0.4, 0.3, 0.9, -0.2, 1.5, -0.02], LIMITS.upper, LIMITS.lower):
        rows, speeds, _, named = run([target] * 600, [PERIOD_S] * 600)
        np.testing.assert_allclose(rows[-1], target, atol=1e-6)
        np.testing.assert_allclose(speeds[-1], 0, atol=1e-6)
        assert (rows <= np.maximum(START, target) + 0.02).all(), 'and not far overshot'
        assert (rows >= np.minimum(START, target) - 0.02).all()


def test_a_target_that_jumps_a_little_is_reached_softly_and_the_limit_is_named():
    rows, _, _, named = run([START + [0.005, 0, 0, 0, 0, 0, 0]] * 90, [PERIOD_S] * 90)
    assert named[0] == 'jerk' and named[-1] == ''
    assert rows[:, 0].max() <= START[0] + 0.005 + 1e-9, 'without going beyond'
    assert rows[-1][0] == START[0] + 0.005


def test_a_smooth_stream_passes_unchanged():
    t = np.arange(300) * PERIOD_S
    wave = START + (1 - np.cos(1.2 * t))[:, None] * [0.2, 0.2, 0.2, 0.3, 0.3, 0.3, -0.005]
    rows, _, _, named = run(wave, [PERIOD_S] * 300)
    np.testing.assert_allclose(rows[1:], wave, atol=1e-12)
    assert set(named) == {''}


def test_braking_ends_at_rest_and_the_way_leads_there():
    setpoint = Setpoint.at_rest(START)
    for _ in range(20):
        setpoint, _ = advance(setpoint, START + [1.5, 0, 0, 1.5, 0, 0, 0], PERIOD_S, LIMITS)
    way = way_to_rest(setpoint, LIMITS).looks
    for _ in range(60):
        setpoint = brake(setpoint, PERIOD_S, LIMITS)
    assert setpoint.rests(LIMITS)
    np.testing.assert_allclose(way[-1], setpoint.positions, atol=0.01)
    assert (np.diff([q[0] for q in way]) >= 0).all() and way[-1][0] > way[0][0] + 0.1


def test_a_jerk_limit_is_above_0():
    with pytest.raises(ConfigError, match='jerk: expected more than 0, got 0'):
        Joint('a', (-1.0, 1.0), 1.0, 1.0, 0.0)
    assert np.isinf(CONTRACT.jerk).all() and Limits.of(CONTRACT).jerky is None
