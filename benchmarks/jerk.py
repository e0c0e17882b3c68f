"""How smoothly a controller goes through 30 Hz chunks, per way of commanding it.

The receiver runs at 500 Hz. For trajectories it is a model of joint_trajectory_controller as it is
documented: each message replaces the trajectory that runs, the way begins at the present set
point, cubic where positions and velocities are given and straight where only positions are; times
count from the stamp, or else from the arrival; after the last point it stands. For positions it
holds the newest. The reference is a natural cubic spline through the same rows, sampled at the
receiver's rate.
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from il_ros.contract import Contract
from il_ros.safety.interpolation import Interpolator, Setpoints
from il_ros.safety.limiter import advance, Setpoint
from il_ros.safety.limits import Limits
from il_ros.timing import SECOND
from il_ros.types import Floats
import numpy as np
from numpy.typing import NDArray

from benchmarks.common import Line

ROBOTS = ('sim_arm', 'ur5e_trajectory')
RECEIVER_HZ = 500
CYCLE_NS = SECOND // RECEIVER_HZ
MOVES, CHUNK = 12, 8     # moves from place to place, rows that are executed of each chunk
SPEED = 0.6              # share of the velocity limits that a move reaches
JOIN_RAD = 0.002         # by which the next chunk begins beside the last one, on average
LATE_S = 0.001           # by which rows and cycles of a jittering clock come late, on average
LIMIT = 1.1


def measure() -> list[Line]:
    """Compare single points, trajectories and forward commands with the reference."""
    lines = []
    for robot in ROBOTS:
        contract = Contract.load(robot)
        for chunks, join, late_s in (
                ('smooth chunks', 0.0, 0.0), ('chunks that do not quite join', JOIN_RAD, 0.0),
                (f'all late, by {LATE_S * 1e3:g} ms on average', 0.0, LATE_S)):
            given = rows(contract, join)
            smooth = reference(contract, given)
            for name, hz, receiver, timed in WAYS:
                path = run(replace(contract, command_hz=hz), given, receiver(given[0]), late_s,
                           timed)
                what = f'{name} at {hz:g} Hz (at most {LIMIT:g})' if hz else name
                lines.append(Line(f'jerk, {robot}: {what}', f'{jerk(path) / jerk(smooth):.2f}',
                                  f'spline through the same rows, {chunks}',
                                  f'{_lag_s(path, smooth) * 1e3:.0f} ms late'))
    return lines


class Follower:
    """joint_trajectory_controller: where it is, and what it goes along. Positions (J,)."""

    def __init__(self, start: Floats) -> None:
        """Stand at a place."""
        self._at, self._speed = start, np.zeros_like(start)
        self._knots = [(0, start, self._speed)]

    def take(self, ahead: Setpoints, now_ns: int) -> None:
        """Replace what runs; the way begins where the set point is."""
        only = len(ahead.positions) == 1
        from_ns = now_ns if ahead.now_ns is None else ahead.now_ns
        self._knots = [(now_ns, self._at, self._speed)] + [
            (from_ns + due_ns, q, None if only else v)
            for q, v, due_ns in zip(ahead.positions, ahead.velocities, ahead.due_ns, strict=True)
            if from_ns + due_ns > now_ns]

    def sample(self, now_ns: int) -> Floats:
        """Return the set point of this cycle."""
        for (from_ns, q0, v0), (to_ns, q1, v1) in zip(self._knots, self._knots[1:], strict=False):
            if now_ns <= to_ns:
                span_s, u = (to_ns - from_ns) / SECOND, (now_ns - from_ns) / (to_ns - from_ns)
                if v1 is None or v0 is None:
                    self._at, self._speed = q0 + u * (q1 - q0), (q1 - q0) / span_s
                else:
                    a, b = v0 * span_s - (q1 - q0), (q1 - q0) - v1 * span_s
                    self._at = (1 - u) * q0 + u * q1 + u * (1 - u) * ((1 - u) * a + u * b)
                    self._speed = ((q1 - q0) + (1 - 2 * u) * ((1 - u) * a + u * b)
                                   + u * (1 - u) * (b - a)) / span_s
                return self._at
        self._at, self._speed = self._knots[-1][1], np.zeros_like(self._at)
        return self._at


class Forward:
    """forward_command_controller: the newest position is the set point."""

    def __init__(self, start: Floats) -> None:
        """Stand at a place."""
        self._at = start

    def take(self, ahead: Setpoints, _: int) -> None:
        """Take the next position."""
        self._at = ahead.positions[0]

    def sample(self, _: int) -> Floats:
        """Return the set point of this cycle."""
        return self._at


# How it is commanded, at which rate [Hz], who follows, whether messages say when they are due.
WAYS = (('single points', None, Follower, False), ('trajectory', 125.0, Follower, False),
        ('trajectory, timed', 125.0, Follower, True), ('forward', 500.0, Forward, False))


def run(contract: Contract, rows: Floats, receiver: Follower | Forward, late_s: float = 0.0,
        timed: bool = False) -> Floats:
    """Return the receiver's set points while rows come at the contract's rate. Shape (n, J).

    Rows and the gate's cycles are late by as much on average [s], exponentially distributed.
    """
    commands, path = _commands(contract, rows, late_s, timed), []
    due_ns, ahead = next(commands)
    for now_ns in range(0, round(len(rows) * contract.period_ns), CYCLE_NS):
        while due_ns <= now_ns:
            receiver.take(ahead, now_ns)
            due_ns, ahead = next(commands, (2**62, ahead))
        path.append(receiver.sample(now_ns + CYCLE_NS))
    return np.array(path)


def _commands(contract: Contract, rows: Floats, late_s: float, timed: bool
              ) -> Iterator[tuple[int, Setpoints]]:
    """Yield what the gate sends, and when [ns]."""
    random = np.random.default_rng(1)
    limits, setpoint = Limits.of(contract), Setpoint.at_rest(rows[0])
    cycle_ns = round(SECOND / contract.command_hz) if contract.command_hz else contract.period_ns
    interpolator = Interpolator(contract, cycle_ns)
    interpolator.start(rows[0], 0)
    sent = 0
    come_ns = _late(np.arange(len(rows)) * contract.period_ns, late_s, random)
    cycles_ns = np.arange(0, len(rows) * contract.period_ns, cycle_ns)
    for due_ns, now_ns in zip(cycles_ns.tolist(), _late(cycles_ns, late_s, random).tolist(),
                              strict=True):
        while sent < len(rows) and come_ns[sent] <= now_ns:
            setpoint, _ = advance(setpoint, rows[sent], contract.period_ns / SECOND, limits)
            interpolator.follow(setpoint.positions, int(come_ns[sent]))
            sent += 1
        if contract.command_hz:
            ahead = interpolator.ahead(interpolator.command(due_ns))
            yield now_ns, ahead._replace(now_ns=due_ns if timed else None)
        else:
            yield now_ns, Setpoints(setpoint.positions[None], setpoint.velocities[None],
                                    (cycle_ns,))


def _late(due_ns: NDArray[np.int64], late_s: float,
          random: np.random.Generator) -> NDArray[np.int64]:
    """Return when each comes [ns], in their order. Shapes (n,)."""
    late_ns = random.exponential(late_s * SECOND, len(due_ns)).round().astype(np.int64)
    return np.maximum.accumulate(due_ns + late_ns)


def rows(contract: Contract, join: float) -> Floats:
    """Return minimum-jerk moves between random places, in chunks beside each other. (n, J)."""
    random, limits = np.random.default_rng(0), Limits.of(contract)
    arm = [j for j in range(len(contract.joints)) if j not in contract.grippers]
    at, found = np.clip(contract.start, limits.lower, limits.upper), []
    for _ in range(MOVES):
        to = at.copy()
        to[arm] = np.clip(at[arm] + random.uniform(-0.8, 0.8, len(arm)), limits.lower[arm] + 0.1,
                          limits.upper[arm] - 0.1)
        # Flash and Hogan 1985: the peak of the speed is 15/8 of its mean.
        longest_s = (15 / 8 * np.abs(to - at) / (SPEED * limits.velocity)).max()
        t = np.arange(1, round(longest_s * contract.rate_hz) + 1)[:, None] / round(
            longest_s * contract.rate_hz)
        found.extend(at + (to - at) * (10 * t**3 - 15 * t**4 + 6 * t**5))
        at = to
    path = np.array(found)
    beside = random.normal(0.0, join, (len(path) // CHUNK + 1, len(arm)))
    path[:, arm] += np.repeat(beside, CHUNK, axis=0)[:len(path)]
    return path


def reference(contract: Contract, rows: Floats) -> Floats:
    """Return the natural cubic spline through rows, at the receiver's rate. (n, J) to (m, J)."""
    n = len(rows)
    at = np.arange(0.0, n - 1, contract.rate_hz / RECEIVER_HZ)
    system = np.eye(n)
    inner = np.arange(1, n - 1)
    system[inner, inner - 1], system[inner, inner], system[inner, inner + 1] = 1, 4, 1
    bends = np.zeros_like(rows)
    bends[1:-1] = 6 * np.diff(rows, 2, axis=0)
    bends = np.linalg.solve(system, bends)   # the second derivatives
    k = np.minimum(at.astype(int), n - 2)
    u = (at - k)[:, None]
    way = (1 - u) * rows[k] + u * rows[k + 1]
    found: Floats = way - u * (1 - u) * ((2 - u) * bends[k] + (1 + u) * bends[k + 1]) / 6
    return found


def jerk(path: Floats) -> float:
    """Return the root mean square of the third difference [rad/s^3]."""
    return float(np.sqrt(np.mean(np.diff(path, 3, axis=0)**2))) * RECEIVER_HZ**3


def _lag_s(path: Floats, smooth: Floats) -> float:
    """Return by how much the path is behind, where it fits best."""
    n = len(smooth) - RECEIVER_HZ // 2
    away = [np.square(path[k:k + n] - smooth[:n]).sum() for k in range(RECEIVER_HZ // 2)]
    return int(np.argmin(away)) / RECEIVER_HZ
