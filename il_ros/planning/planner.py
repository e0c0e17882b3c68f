"""The interface of all planners and what they check alike."""
from __future__ import annotations

from typing import Protocol

from il_ros.angles import Angles
from il_ros.contract import Contract
from il_ros.errors import PlanningError
from il_ros.types import Floats
import numpy as np

CALM = 0.5  # share of the contract's velocity and acceleration that a planned motion uses
SLACK = 0.01  # share of a joint's range that a measured position may lie beyond its limit


class Planner(Protocol):
    """Plans motions of one robot."""

    def home(self, current: Floats, goal: Floats) -> Floats:
        """Return a motion from the measured joints to the goal, at rest at both ends.

        Args:
            current: Measured joint positions in contract order [rad] or [m]. Shape (J,).
            goal: Where to go. Shape (J,).

        Returns:
            Joint positions at the control period, the first row due one period from now, the
            last equal to `goal`. Shape (N, J); N = 0 where the robot is there already.

        Raises:
            PlanningError: There is no such motion, or whether it collides is unknown.
        """


def checked(contract: Contract, current: Floats, goal: Floats) -> tuple[Floats, Floats]:
    """Return both ends of a motion as arrays within the contract's limits.

    The goal of a joint that turns without end is counted so that the way there is the short one.

    Raises:
        PlanningError: Wrong size, not finite, or outside the limits; the joint is named.
    """
    lower, upper = contract.lower, contract.upper
    slack, angles = SLACK * contract.span, Angles.of(contract)
    ends: list[Floats] = []
    for what, values, beyond in (('current', current, slack), ('goal', goal, 0 * slack)):
        array = np.asarray(values, dtype=np.float64)
        if array.shape != lower.shape:
            raise PlanningError(f'{what}: expected {len(lower)} joint positions, '
                                f'got shape {array.shape}')
        array = angles.reachable(array, ends[0] if ends else array)
        inside = (array >= lower - beyond) & (array <= upper + beyond)  # False for NaN
        if not inside.all():
            joint = contract.joints[int(np.argmin(inside))]
            raise PlanningError(f'{what}: joint {joint.name!r}: expected a position within '
                                f'{list(joint.limits)}, got {array[np.argmin(inside)]:.4g}'
                                + ('; move it back by teleoperation' if what == 'current' else ''))
        ends.append(np.clip(array, lower, upper))
    return ends[0], ends[1]
