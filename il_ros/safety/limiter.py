"""One step of the setpoint within velocity, acceleration and position limits.

A setpoint is safe when every joint can stop before its position limit: v^2 / (2 a) <= room left.
A step by v' dt keeps that for v' <= sqrt((a dt)^2 + 2 a room) - a dt, and braking with a is always
such a step whatever dt is (v' dt <= (v^2 - v'^2) / (2 a) for v' = v - a dt), so a safe setpoint
always has a safe successor. Joints with a jerk limit: see `safety.jerk`.
"""
from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from il_ros.safety.limits import Limits
from il_ros.types import Floats
import numpy as np
from numpy.typing import NDArray

RELATIVE_TOLERANCE = 1e-6  # of the velocity limit; less than that off target counts as unchanged
LOOKS = 4    # for collisions, at the way to rest in the longest steps, beside the first of them
SHARES = (0.5, 1.0)  # of the time to rest, when the way in the shortest steps is looked at
SLOW = 0.01  # share of the velocity limit that counts as rest on the way there
LONGEST = 60  # steps to rest at most


@dataclass(frozen=True)
class Setpoint:
    """What the robot was told last.

    Attributes:
        positions: [rad] or [m]. Shape (J,).
        velocities: Of the step that led there [rad/s] or [m/s]. Shape (J,).
        accelerations: Of the step that led there [rad/s^2] or [m/s^2]. Shape (J,).
        target: Where that step should have led [rad] or [m]. Shape (J,).
    """

    positions: Floats
    velocities: Floats
    accelerations: Floats
    target: Floats

    @staticmethod
    def at_rest(positions: Floats) -> Setpoint:
        """Return a setpoint that stands still."""
        still = np.zeros_like(positions)
        return Setpoint(positions.copy(), still, still, positions.copy())

    def rests(self, limits: Limits) -> bool:
        """Tell whether it stands still."""
        return bool((np.abs(self.velocities) <= RELATIVE_TOLERANCE * limits.velocity).all())

    def stopped(self, columns: NDArray[np.bool_]) -> Setpoint:
        """Return it with these columns at zero, as a base is stopped at once. Shape (J,)."""
        arrays = (np.where(columns, 0.0, array) for array in (
            self.positions, self.velocities, self.accelerations, self.target))
        return Setpoint(*arrays)

    def moved(self, velocities: Floats, dt_s: float, target: Floats) -> Setpoint:
        """Return the setpoint after a step with these velocities [rad/s] or [m/s]. Shape (J,)."""
        return Setpoint(self.positions + velocities * dt_s, velocities,
                        (velocities - self.velocities) / dt_s, target.copy())


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
        'acceleration', 'jerk' or '' for none.
    """
    position, velocity = setpoint.positions, setpoint.velocities
    change = limits.acceleration * dt_s
    wanted = (target - position) / dt_s

    def stoppable(room: Floats, delay: Floats | float = 0.0) -> Floats:
        lost = limits.acceleration * (dt_s + delay)
        return np.sqrt(lost**2 + 2 * limits.acceleration * np.maximum(room, 0.0)) - lost

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
    limit = ''
    if np.any(np.abs(wanted) > limits.velocity + slack):
        limit = 'velocity'
    elif np.any(np.abs(chosen - wanted) > slack):
        limit = 'acceleration'
    if jerk := limits.jerky:
        k, delay = jerk.joints, limits.acceleration / limits.jerk
        near = np.minimum(np.abs(closing), stoppable(np.abs(closing) * dt_s, delay))
        steered = np.minimum(np.maximum(moving + np.sign(closing) * near, -np.minimum(
            limits.velocity, stoppable(position - limits.lower, delay))), np.minimum(
                limits.velocity, stoppable(limits.upper - position, delay)))
        softened = chosen.copy()
        softened[k] = jerk.next_velocity(chosen[k], moving[k], steered[k], position[k],
                                         velocity[k], setpoint.accelerations[k], dt_s, slack[k])
        if not limit and np.any(np.abs(softened - chosen) > slack):
            limit = 'jerk'
        chosen = softened
    after = setpoint.moved(chosen, dt_s, target)
    reached = np.where(chosen == wanted, target, after.positions)
    return replace(after, positions=np.clip(reached, limits.lower, limits.upper)), limit


def brake(setpoint: Setpoint, dt_s: float, limits: Limits) -> Setpoint:
    """Slow every joint down at its limit for the time `dt_s`; a safe setpoint stays safe."""
    change = limits.acceleration * dt_s
    velocities = setpoint.velocities - np.clip(setpoint.velocities, -change, change)
    if jerk := limits.jerky:
        k = jerk.joints
        velocities[k] = jerk.towards(np.zeros(len(k)), setpoint.velocities[k],
                                     setpoint.accelerations[k], dt_s)
    after = setpoint.moved(velocities, dt_s, setpoint.positions)
    return replace(after, target=after.positions)


class Way(NamedTuple):
    """Where the joints pass while each brakes at its limit. Shape (J,) each.

    Attributes:
        steps: One by one; an arc between two of them is flat.
        looks: A few of them, the last among them.
    """

    steps: list[Floats]
    looks: list[Floats]


def way_to_rest(setpoint: Setpoint, limits: Limits) -> Way:
    """Return where the joints pass while each brakes at its limit.

    How far they get depends a little on the steps: looked at are the longest steps, and, for
    joints without a jerk limit, steps so short that the way is longest.
    """
    way, period_s = [setpoint], limits.period_ns * 1e-9
    while len(way) < LONGEST and (np.abs(way[-1].velocities) > SLOW * limits.velocity).any():
        way.append(brake(way[-1], period_s, limits))
    marks = np.unique([min(1, len(way) - 1),
                       *np.linspace(0, len(way) - 1, LOOKS).round().astype(int)])
    steps, shortest = [s.positions for s in way], []
    v, a = setpoint.velocities, limits.acceleration
    stop_s = np.abs(v) / a
    for share in SHARES if len(way) > 1 else ():
        t = np.minimum(share * stop_s.max(), stop_s)
        free = np.clip(setpoint.positions + v * t - np.sign(v) * a * t * t / 2,
                       limits.lower, limits.upper)
        shortest.append(np.where(np.isfinite(limits.jerk), steps[-1], free))
    return Way([*steps, *shortest], [*(steps[i] for i in marks), *shortest])
