"""The limits that every command is held against."""
from __future__ import annotations

from dataclasses import dataclass

from il_ros.angles import Angles
from il_ros.contract import Contract
from il_ros.safety.jerk import JerkLimits
from il_ros.types import Floats
import numpy as np

JUMP_STEPS = 5.0


@dataclass(frozen=True)
class Limits:
    """Limits per joint, in contract order. All arrays have shape (J,).

    Attributes:
        names: Joint names.
        lower: Lowest position, margin included, -inf where there is none [rad] or [m].
        upper: Highest position, margin included, inf where there is none [rad] or [m].
        velocity: Highest speed [rad/s] or [m/s].
        acceleration: Highest acceleration [rad/s^2] or [m/s^2].
        jerk: Highest jerk, infinite where there is no limit [rad/s^3] or [m/s^3].
        jerky: The joints that have a jerk limit, None when no joint has.
        overshoot: How far beyond a position limit a policy's target is clamped rather than
            rejected: one step of an arm joint, the whole range of the gripper, whose trained
            targets lie on its limits.
        scale: How far beyond a position limit nobody's target is believed: the whole range.
            Degrees for radians and a gripper in percent end here.
        jump: How far from the present setpoint a policy's target is rejected as discontinuous;
            infinite for a gripper, which is told to open or close in one row, and for
            a base, whose velocity follows within its acceleration.
        period_ns: Time between two commands [ns].
        angles: The short way of joints that turn without end.
    """

    names: tuple[str, ...]
    lower: Floats
    upper: Floats
    velocity: Floats
    acceleration: Floats
    jerk: Floats
    jerky: JerkLimits | None
    overshoot: Floats
    scale: Floats
    jump: Floats
    period_ns: int
    angles: Angles

    def inside(self, positions: Floats, reference: Floats | None = None) -> Floats:
        """Return positions clipped into the limits, counted as the reference is. Shape (J,)."""
        near = positions if reference is None else reference
        found: Floats = np.clip(self.angles.reachable(positions, near), self.lower, self.upper)
        return found

    @staticmethod
    def of(contract: Contract) -> Limits:
        """Return the limits that a contract states."""
        span = contract.span
        margin = contract.position_margin * span
        step = contract.velocity * contract.period_ns * 1e-9
        overshoot, jump = step.copy(), JUMP_STEPS * step
        gripper = contract.is_gripper
        overshoot[gripper] = span[gripper]
        jump[gripper | contract.is_velocity] = np.inf
        lower, upper, jerk = contract.lower + margin, contract.upper - margin, contract.jerk
        k = np.flatnonzero(np.isfinite(jerk))
        jerky = JerkLimits(k, lower[k], upper[k], contract.velocity[k], contract.acceleration[k],
                           jerk[k]) if len(k) else None
        return Limits(tuple(contract.joint_names), lower, upper, contract.velocity,
                      contract.acceleration, jerk, jerky, overshoot, span, jump,
                      contract.period_ns, Angles.of(contract))
