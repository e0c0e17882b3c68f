"""Measurements that no motion explains: publishers that disagree, odometry that jumps."""
from __future__ import annotations

from collections.abc import Sequence
import math
from typing import Any

from il_ros.angles import Angles
from il_ros.contract import Contract, State
from il_ros.errors import MessageError
from il_ros.timing import SECOND, to_s
from il_ros.types import Floats
import numpy as np

BURST = 1.5         # periods whose motion may come at once: so far the gate's steps may bunch
REACH_S = 0.1       # of odometry, which may lag behind what the base drives
DRIFT = (0.05, 0.1)         # of odometry's pose in any time [m], [rad]
FASTER = 2.0        # than its limit: odometry of a base that slips or is pushed


class Leap(MessageError):
    """A measurement is further from the one before than the robot can move."""


class Leaps:
    """Knows how far a column may change between two measurements.

    A joint: what it covers at its velocity limit in the time between them, and what a robot that
    takes setpoints in steps does at once. A velocity of a base: its limit (it may stop at once),
    and what it gains meanwhile. A gripper goes from end to end between two samples: anything.
    """

    def __init__(self, contract: Contract) -> None:
        self._angles = Angles.of(contract)
        self._names = contract.joint_names
        base, period_s = contract.is_velocity, contract.period_ns / SECOND
        self._rate = contract.velocity
        self._once = np.where(base, contract.upper, BURST * period_s * contract.velocity)
        self._once = np.where(contract.is_gripper, np.inf, self._once)

    def find(self, before: Floats, after: Floats, since_s: Floats) -> str:
        """Return which joint leaps, '' for none.

        Args:
            before: Measured before, NaN where not known [rad] or [m]. Shape (J,).
            after: Measured now, NaN where not told. Shape (J,).
            since_s: Robot time between them [s]. Shape (J,).
        """
        way = np.abs(self._angles.difference(after, before))
        over = way - self._rate * np.maximum(since_s, 0.0) - self._once
        over = np.where(np.isnan(over), -np.inf, over)
        i = int(over.argmax())
        if over[i] <= 0:
            return ''
        return (f'joint {self._names[i]!r} leaps from {before[i]:.3f} to {after[i]:.3f} within '
                f'{max(since_s[i], 0.0) * 1e3:.0f} ms, which no motion explains')


class PoseLeaps:
    """Looks at the pose of an odometry message, which goes on without jumps (REP 105).

    Args:
        contract: The robot.
        state: An odometry of it; what its velocities allow is what the pose may move.
    """

    def __init__(self, contract: Contract, state: State) -> None:
        upper = dict(zip(contract.joint_names, contract.upper, strict=True))
        fields = dict(zip(state.fields or (), state.joints, strict=True))
        self._speeds = [math.hypot(*(upper[joint] for field, joint in fields.items()
                                     if field.startswith(f'twist.twist.{kind}.')))
                        for kind in ('linear', 'angular')]
        self._before: tuple[Floats, float, int] | None = None

    def look(self, message: Any, stamp_ns: int) -> str:
        """Return how the pose of the next message leaps, '' where it does not."""
        at, turn = message.pose.pose.position, message.pose.pose.orientation
        place = np.array([at.x, at.y, at.z])
        yaw = math.atan2(2 * (turn.w * turn.z + turn.x * turn.y),
                         1 - 2 * (turn.y * turn.y + turn.z * turn.z))
        before, self._before = self._before, (place, yaw, stamp_ns)
        if before is None:
            return ''
        ways = (float(np.linalg.norm(place - before[0])),
                abs(math.remainder(yaw - before[1], math.tau)))
        since_s = max(to_s(stamp_ns - before[2]), 0.0)
        for way, speed, drift, unit in zip(ways, self._speeds, DRIFT, ('m', 'rad'), strict=True):
            if speed and way > FASTER * speed * (since_s + REACH_S) + drift:
                return (f'the pose leaps by {way:.2f} {unit} within {since_s * 1e3:.0f} ms, with '
                        f'at most {speed:g} {unit}/s of the base')
        return ''


def advice(topic: str, publishers: Sequence[str]) -> str:
    """Return what to do about a leap on a topic, which these nodes publish."""
    if len(publishers) > 1:
        return f'{" and ".join(sorted(publishers))} publish {topic}: stop all but one'
    return f'check {publishers[0] if publishers else "its driver"}'
