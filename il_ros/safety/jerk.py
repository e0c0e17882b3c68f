"""A velocity for the next step that the joints' jerk limits allow.

The acceleration of a step is the difference of its velocity to that of the step before, divided by
its time dt; the jerk limit bounds how far it is from the acceleration of the step before: J dt.

A joint that brakes picks the highest deceleration b after which it can still end at rest, without
going back: v - b dt >= b^2 / (2 J), so b = sqrt((J dt)^2 + 2 J v) - J dt, at most A. From (v, a)
(a > 0) its speed never exceeds u = v + a^2 / (2 J), and it travels at most
u^2 / (2 A) + u (A / (2 J) + a / J), whatever the steps are: no more than the S-curve that it would
follow in continuous time. A state from which that is less than the room left, and u at most V,
is safe; a step to a safe state is allowed, and braking from one ends inside.
"""
from __future__ import annotations

from dataclasses import dataclass

from il_ros.types import Floats
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class JerkLimits:
    """Limits of the joints that have a jerk limit. Shapes (K,).

    Attributes:
        joints: Their indices.
        lower: Lowest position [rad] or [m].
        upper: Highest position [rad] or [m].
        velocity: Highest speed [rad/s] or [m/s].
        acceleration: Highest acceleration [rad/s^2] or [m/s^2].
        jerk: Highest jerk [rad/s^3] or [m/s^3].
    """

    joints: NDArray[np.intp]
    lower: Floats
    upper: Floats
    velocity: Floats
    acceleration: Floats
    jerk: Floats

    def towards(self, wanted: Floats, velocity: Floats, acceleration: Floats,
                dt_s: float) -> Floats:
        """Return the velocity after a step towards a wanted one, reached without overshoot.

        Args:
            wanted: [rad/s] or [m/s]. Shape (K,).
            velocity: Of the step before. Shape (K,).
            acceleration: Of the step before [rad/s^2] or [m/s^2]. Shape (K,).
            dt_s: Time of the step [s].
        """
        change, missing = self.jerk * dt_s, wanted - velocity
        best = np.sign(missing) * np.minimum(
            self.acceleration, np.sqrt(change**2 + 2 * self.jerk * np.abs(missing)) - change)
        allowed = np.clip(np.clip(best, acceleration - change, acceleration + change),
                          -self.acceleration, self.acceleration)
        after: Floats = velocity + allowed * dt_s
        return after

    def safe(self, position: Floats, velocity: Floats, acceleration: Floats) -> NDArray[np.bool_]:
        """Tell which joints can stop inside their limits, within all others. Shape (K,)."""
        inside: NDArray[np.bool_] = np.ones(len(self.joints), dtype=bool)
        for sign, room in ((1.0, self.upper - position), (-1.0, position - self.lower)):
            rising = np.maximum(sign * acceleration, 0.0)
            speed = sign * velocity + rising**2 / (2 * self.jerk)
            travel = speed**2 / (2 * self.acceleration) + speed * (
                self.acceleration / 2 + rising) / self.jerk
            inside &= (speed <= 0) | ((speed <= self.velocity) & (travel <= room))
        return inside

    def next_velocity(self, exact: Floats, moving: Floats, steered: Floats, position: Floats,
                      velocity: Floats, acceleration: Floats, dt_s: float,
                      slack: Floats) -> Floats:
        """Return the first of three velocities that is allowed: exact, steered, braking.

        Args:
            exact: Where the target is reached, or as near as the other limits allow. Shape (K,).
            moving: Of the target; `exact` is taken where it can be gone over to. Shape (K,).
            steered: Velocity to go over to where `exact` is too sudden. Shape (K,).
            position: After the step before [rad] or [m]. Shape (K,).
            velocity: Of the step before. Shape (K,).
            acceleration: Of the step before. Shape (K,).
            dt_s: Time of the step [s].
            slack: What counts as no difference [rad/s] or [m/s]. Shape (K,).
        """
        def allowed(after: Floats) -> NDArray[np.bool_]:
            rate = (after - velocity) / dt_s
            soft = np.abs(rate - acceleration) <= self.jerk * dt_s + slack / dt_s
            return self.safe(position + after * dt_s, after, rate) & soft

        turned = self.towards(steered, velocity, acceleration, dt_s)
        braked = self.towards(np.zeros_like(velocity), velocity, acceleration, dt_s)
        rest, rate = (moving - exact) / dt_s, (exact - velocity) / dt_s
        stays = (np.abs(rest) <= slack / dt_s) | (
            np.maximum(np.abs(rest - rate), np.abs(rest)) <= self.jerk * dt_s)
        chosen: Floats = np.where(stays & allowed(exact), exact,
                                  np.where(allowed(turned), turned, braked))
        return chosen
