"""How near the joints are to their position limits."""
from __future__ import annotations

from collections.abc import Collection

from il_ros.safety.limits import Limits
from il_ros.types import Floats
import numpy as np


def proximity(positions: Floats, limits: Limits) -> Floats:
    """Return 0 in the middle of each joint's range and 1 at its limits or beyond.

    A joint without limits is never near them.

    Args:
        positions: [rad] or [m]. Shape (J,).
        limits: Of the same joints.

    Returns:
        Shape (J,).
    """
    limited = np.isfinite(limits.upper - limits.lower)
    lower, upper, near = limits.lower[limited], limits.upper[limited], np.zeros(len(positions))
    middle, half = (upper + lower) / 2, (upper - lower) / 2
    near[limited] = np.minimum(np.abs(positions[limited] - middle) / half, 1.0)
    return near


def proximity_by_name(positions: Floats, limits: Limits,
                      leave_out: Collection[str]) -> dict[str, float]:
    """Return `proximity` per joint name, without those whose positions of use are limits."""
    near = dict(zip(limits.names, proximity(positions, limits).tolist(), strict=True))
    return {name: value for name, value in near.items() if name not in leave_out}
