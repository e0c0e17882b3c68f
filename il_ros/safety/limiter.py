"""One step of the setpoint within velocity, acceleration and position limits.

A setpoint is safe when every joint can stop before its position limit: v^2 / (2 a) <= room left.
A step by v' dt keeps that for v' <= sqrt((a dt)^2 + 2 a room) - a dt, and braking with a is always
such a step whatever dt is (v' dt <= (v^2 - v'^2) / (2 a) for v' = v - a dt), so a safe setpoint
always has a safe successor.
"""
from __future__ import annotations

from dataclasses import dataclass

from il_ros.safety.limits import Limits
from il_ros.types import Floats
import numpy as np

RELATIVE_TOLERANCE = 1e-6  # of the velocity limit; less than that off target counts as unchanged


@dataclass(frozen=True)
class Setpoint:
    """What the robot was told last.

    Attributes:
        positions: [rad] or [m]. Shape (J,).
        velocities: Of the step that led there [rad/s] or [m/s]. Shape (J,).
        target: Where that step should have led [rad] or [m]. Shape (J,).
    """

    positions: Floats
    velocities: Floats
    target: Floats

    @staticmethod
    def at_rest(positions: Floats) -> Setpoint:
        """Return a setpoint that stands still."""
        return Setpoint(positions.copy(), np.zeros_like(positions), positions.copy())


def advance(setpoint: Setpoint, target: Floats, dt_s: float,
            limits: Limits) -> tuple[Setpoint, str]:
    """Move the setpoint towards `target` for the time `dt_s`.

    A target that the limits allow is reached exactly. Any other is approached so that the setpoint
    meets it with the velocity at which it moves, at rest if it stands still.

    Args:
        setpoint: A safe setpoint.
        target: Within the position limits [rad] or [m]. Shape (J,).
        dt_s: More than 0 [s].
        limits: Of the same joints.

    Returns:
        The next setpoint, safe again, and the limit that kept it from the target: 'velocity',
        'acceleration' or '' for none.
    """
    position, velocity = setpoint.positions, setpoint.velocities
    change = limits.acceleration * dt_s
    wanted = (target - position) / dt_s

    def stoppable(room: Floats) -> Floats:
        return np.sqrt(change**2 + 2 * limits.acceleration * np.maximum(room, 0.0)) - change

    highest = np.minimum.reduce([velocity + change, limits.velocity,
                                 stoppable(limits.upper - position)])
    lowest = np.maximum.reduce([velocity - change, -limits.velocity,
                                -stoppable(position - limits.lower)])
    slack = RELATIVE_TOLERANCE * limits.velocity
    moving = np.clip((target - setpoint.target) / dt_s, -limits.velocity, limits.velocity)
    closing = wanted - moving
    allowed = ((lowest - slack <= wanted) & (wanted <= highest + slack)
               & (np.abs(closing) <= change + slack))
    braked = moving + np.sign(closing) * np.minimum(np.abs(closing),
                                                    stoppable(np.abs(closing) * dt_s))
    chosen = np.minimum(np.maximum(np.where(allowed, wanted, braked), lowest), highest)
    reached = np.where(chosen == wanted, target, position + chosen * dt_s)
    limit = ''
    if np.any(np.abs(wanted) > limits.velocity + slack):
        limit = 'velocity'
    elif np.any(np.abs(chosen - wanted) > slack):
        limit = 'acceleration'
    return Setpoint(np.clip(reached, limits.lower, limits.upper), chosen, target.copy()), limit


def brake(setpoint: Setpoint, dt_s: float, limits: Limits) -> Setpoint:
    """Slow every joint down at its limit for the time `dt_s`; a safe setpoint stays safe."""
    change = limits.acceleration * dt_s
    velocities = setpoint.velocities - np.clip(setpoint.velocities, -change, change)
    positions = setpoint.positions + velocities * dt_s
    return Setpoint(positions, velocities, positions)
