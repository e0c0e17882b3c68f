"""Joint-space motion in rows of the control period."""
from __future__ import annotations

from math import ceil, sqrt

from il_ros.errors import PlanningError
from il_ros.timing import to_s
from il_ros.types import Floats
import numpy as np

SAME = 1e-9  # [rad] or [m]
ROUNDING = 1.05  # of a limit, for the interpolation between the samples of a planner


def straight(start: Floats, goal: Floats, velocity: Floats, acceleration: Floats,
             period_ns: int) -> Floats:
    """Return a straight line that starts and ends at rest, all joints arriving together.

    A trapezoid of the velocity along the line, so that first and second differences of the rows
    (the pose before them counted in) stay within velocity * dt and acceleration * dt^2.

    Args:
        start: Joint positions one period before the first row [rad] or [m]. Shape (J,).
        goal: Joint positions of the last row. Shape (J,).
        velocity: Limits [rad/s] or [m/s]. Shape (J,).
        acceleration: Limits [rad/s^2] or [m/s^2]. Shape (J,).
        period_ns: Time between two rows.

    Returns:
        Joint positions. Shape (N, J); N = 0 where start and goal are the same.
    """
    distance = goal - start
    moving = np.abs(distance) > SAME
    if not moving.any():
        return np.empty((0, len(start)))
    fastest = float(np.min(velocity[moving] / np.abs(distance[moving])))
    thrust = float(np.min(acceleration[moving] / np.abs(distance[moving])))
    peak = min(fastest, sqrt(thrust))  # a short way ends before it reaches the full velocity
    ramp, total = peak / thrust, 1 / peak + peak / thrust
    period = to_s(period_ns)
    t = np.minimum(np.arange(1, ceil(total / period) + 1) * period, total)
    left = total - t
    share = np.where(t < ramp, thrust * t * t / 2,
                     np.where(left < ramp, 1 - thrust * left * left / 2,
                              peak * (t - ramp / 2)))
    rows: Floats = start + share[:, None] * distance
    rows[-1] = goal
    return rows


def retimed(times: Floats, points: Floats, velocity: Floats, acceleration: Floats,
            period_ns: int) -> Floats:
    """Return a planner's trajectory as rows, slowed down evenly where it exceeds the limits.

    Args:
        times: When each point is due [s], from 0, finely sampled. Shape (P,).
        points: Joint positions, at rest at both ends [rad] or [m]. Shape (P, J).
        velocity: Limits. Shape (J,).
        acceleration: Limits. Shape (J,).
        period_ns: Time between two rows.

    Returns:
        Joint positions after the first point. Shape (N, J).

    Raises:
        PlanningError: The trajectory jumps, so that no slowing down helps.
    """
    period = to_s(period_ns)
    step, change = velocity * period, acceleration * period ** 2
    fast, hard = _effort(_sampled(times, points, period), step, change)
    rows = _sampled(times * max(1.0, fast, sqrt(hard)), points, period)
    if max(_effort(rows, step, change)) > ROUNDING:
        raise PlanningError('the planned motion exceeds velocity or acceleration of the contract '
                            'however slowly it runs')
    return rows[1:]


def _sampled(times: Floats, points: Floats, period_s: float) -> Floats:
    grid = np.arange(ceil(times[-1] / period_s) + 1) * period_s
    return np.stack([np.interp(grid, times, column) for column in points.T], axis=1)


def _effort(rows: Floats, step: Floats, change: Floats) -> tuple[float, float]:
    """Return the largest first and second difference as shares of what is allowed."""
    first = np.diff(np.concatenate([rows[:1], rows, rows[-1:]]), axis=0)
    return (float((np.abs(first) / step).max()),
            float((np.abs(np.diff(first, axis=0)) / change).max()))
