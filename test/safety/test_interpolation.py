"""Commands between the gate's setpoints: limits, end points, standing still."""
from dataclasses import replace

from il_ros.contract import Contract
from il_ros.safety.interpolation import Interpolator
from il_ros.safety.limiter import advance, Setpoint
import numpy as np
import pytest

CONTRACT = Contract.load('sim_arm')
SLOW = replace(CONTRACT, joints=tuple(
    replace(joint, jerk=10 * joint.acceleration) for joint in CONTRACT.joints))
START = np.array(CONTRACT.start)
P = CONTRACT.period_ns


class Stream:
    """A gate that sends a setpoint per period, more or less, and every command in between."""

    def __init__(self, contract, hz):
        self.hz, self.cycle_ns = hz, round(1e9 / hz)
        self.interpolator = Interpolator(contract, self.cycle_ns)
        self.limits = self.interpolator.limits
        self.setpoint, self.now, self.commands = Setpoint.at_rest(START), 0, []
        self.interpolator.start(START, 0)

    def run(self, duration_ns):
        end = self.now + duration_ns
        while self.now < end:
            self.moving = self.interpolator.command(self.now)
            self.commands.append(self.moving.positions)
            self.now += self.cycle_ns

    def send(self, target, duration_ns=P):
        self.setpoint, _ = advance(self.setpoint, target, P * 1e-9, self.limits)
        self.interpolator.follow(self.setpoint.positions, self.now)
        self.run(duration_ns)

    def shares(self):
        """Return the largest velocity, acceleration and jerk as shares of their limits."""
        rates = [np.diff(self.commands, n, axis=0) * self.hz ** n for n in (1, 2, 3)]
        bounds = self.limits.velocity, self.limits.acceleration, self.interpolator.jerk
        return [float((np.abs(rate) / bound).max())
                for rate, bound in zip(rates, bounds, strict=True)]


@pytest.mark.parametrize(('contract', 'hz'), [(CONTRACT, 125), (CONTRACT, 500), (SLOW, 125)])
def test_limits_hold_whatever_the_gate_sends_and_whenever(contract, hz):
    random, stream = np.random.default_rng(0), Stream(contract, hz)
    lower, upper = stream.limits.lower, stream.limits.upper
    for number in range(150):
        if number % 15 == 0:
            far = random.uniform(lower, upper)
        kind = number // 15 % 3  # to a far place, to and fro, trembling
        target = (far, random.uniform(lower, upper),
                  np.clip(far + 0.02 * np.sin(number), lower, upper))[kind]
        late = random.choice([P, P - 8_000_000, P + 9_000_000, 5 * P], p=[.5, .2, .2, .1])
        stream.send(target, int(late))
    velocity, acceleration, jerk = stream.shares()
    assert 0.9 < velocity <= 1 + 1e-6
    assert 0.9 < acceleration <= 1 + 1e-6
    assert 0.3 < jerk <= 1 + 1e-6
    commands = np.array(stream.commands)
    assert ((lower - 1e-12 <= commands) & (commands <= upper + 1e-12)).all()


@pytest.mark.parametrize('hz', [50, 125, 500])
def test_every_end_point_is_reached_and_held(hz):
    random, stream = np.random.default_rng(1), Stream(CONTRACT, hz)
    for _ in range(3):
        target = random.uniform(stream.limits.lower, stream.limits.upper)
        while (stream.setpoint.positions != target).any():
            stream.send(target)
        stream.run(20 * P)
        np.testing.assert_allclose(stream.commands[-1], target, rtol=0, atol=1e-12)
    np.testing.assert_allclose(np.diff(stream.commands[-20:], axis=0), 0, rtol=0, atol=1e-12)


def test_it_stands_still_where_it_starts_and_after_a_pause():
    stream = Stream(CONTRACT, 125)
    stream.run(10 * P)
    for _ in range(5):
        stream.send(START)
    stream.run(100 * P)
    stream.send(START)
    np.testing.assert_allclose(stream.commands, np.tile(START, (len(stream.commands), 1)),
                               rtol=0, atol=1e-15)


def test_silence_at_full_speed_stops_within_the_limits_where_the_last_setpoint_was():
    stream = Stream(CONTRACT, 500)
    for _ in range(15):
        stream.send(np.where(np.arange(7) < 6, stream.limits.upper, START))
    assert stream.setpoint.velocities[0] > 1.9
    stream.run(40 * P)
    np.testing.assert_allclose(stream.commands[-1], stream.setpoint.positions, atol=1e-12)
    assert max(stream.shares()) <= 1 + 1e-6


def test_steady_motion_is_followed_at_its_speed_a_little_late():
    stream = Stream(CONTRACT, 500)
    for number in range(60):
        stream.send(START + 0.02 * number)
    speed = np.diff(stream.commands, axis=0)[-300:, 0] * 500
    np.testing.assert_allclose(speed, 0.02 * CONTRACT.rate_hz, rtol=0.02)
    late_s = (stream.setpoint.positions[0] - stream.commands[-1][0]) / (0.02 * CONTRACT.rate_hz)
    # Two averages of a period each, and the spare time; the path has been gone by then.
    assert late_s == pytest.approx(1.1 / CONTRACT.rate_hz, abs=0.004)


def test_a_new_start_forgets_what_came_before():
    stream = Stream(CONTRACT, 125)
    for _ in range(10):
        stream.send(START + 0.5)
    stream.interpolator.stop()
    assert not stream.interpolator.started
    elsewhere = START - 0.01
    stream.interpolator.follow(elsewhere, stream.now)
    assert stream.interpolator.started
    np.testing.assert_allclose(stream.interpolator.command(stream.now).positions, elsewhere)
    stream.interpolator.start(START, stream.now)
    np.testing.assert_allclose(stream.interpolator.command(stream.now).positions, START)


@pytest.mark.parametrize('hz', [125, 500])
def test_velocities_are_those_of_the_commands(hz):
    stream, found = Stream(CONTRACT, hz), []
    for number in range(60):
        stream.send(START + 0.2 * np.sin(number / 8))
        found.append((len(stream.commands) - 1, stream.moving.velocities))
    central = np.gradient(stream.commands, 1 / hz, axis=0)
    for row, velocities in found[:-1]:
        np.testing.assert_allclose(velocities, central[row], atol=0.01 * CONTRACT.velocity[0])


def test_what_is_ahead_ends_at_rest_within_the_limits():
    stream = Stream(CONTRACT, 125)
    for _ in range(15):
        stream.send(np.where(np.arange(7) < 6, START + 1.2, START))
    ahead = stream.interpolator.ahead(stream.moving)
    assert ahead.due_ns[0] == stream.cycle_ns and (np.diff(ahead.due_ns) > 0).all()
    np.testing.assert_allclose(ahead.positions[0], stream.commands[-1])
    assert ahead.velocities[0, 0] > 1.6 and not ahead.velocities[-1].any()
    # From one point to rest: a constant braking, of at most the limit, leads just there.
    braking_s = (ahead.due_ns[2] - ahead.due_ns[1]) * 1e-9
    way = ahead.positions[2] - ahead.positions[1]
    np.testing.assert_allclose(way, ahead.velocities[1] * braking_s / 2, atol=1e-9)
    assert (np.abs(ahead.velocities[1]) / braking_s
            <= stream.limits.acceleration * (1 + 1e-6)).all()


def test_what_is_ahead_stays_inside_the_limits_at_a_limit():
    stream = Stream(CONTRACT, 125)
    for _ in range(60):
        stream.send(stream.limits.upper)
        positions = stream.interpolator.ahead(stream.moving).positions
        assert (positions <= stream.limits.upper).all()
