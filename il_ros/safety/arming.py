"""Where the gate may begin."""
from __future__ import annotations

from collections.abc import Sequence

from il_ros.errors import IlRosError
from il_ros.safety.guard import Guard
from il_ros.safety.limits import Limits
from il_ros.safety.rules import Refusal
from il_ros.types import Floats
import numpy as np


class ArmingError(IlRosError):
    """The gate cannot be armed now."""


def foreign_text(publishers: Sequence[str]) -> str:
    """Return what others that publish to the robot mean."""
    return (f'{", ".join(publishers)} publishes to the robot beside the gate; stop it '
            '(a killed process is forgotten after 20 s)')


def starting_point(measured: Floats, limits: Limits, guard: Guard) -> Floats:
    """Return the measured positions within the limits [rad] or [m]. Shape (J,).

    Raises:
        ArmingError: They are too far outside, or the arm touches something there.
    """
    measured = limits.angles.reachable(measured, measured)
    start = np.clip(measured, limits.lower, limits.upper)
    outside = np.abs(start - measured) > limits.overshoot
    if outside.any():
        i = int(outside.argmax())
        raise ArmingError(
            f'arming refused: joint {limits.names[i]!r} stands at {measured[i]:.3f}, expected '
            f'{limits.lower[i]:g} to {limits.upper[i]:g}; move it inside at the robot itself')
    try:
        guard.free(start)
    except Refusal as refusal:
        raise ArmingError(f'arming refused: {refusal}; move the arm at the robot itself, or '
                          'correct the scene of the contract') from None
    return start
