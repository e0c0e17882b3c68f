"""A take-over by moving the device: for leader arms without a dead-man switch."""
from __future__ import annotations

from collections import deque

from il_ros.angles import Angles
from il_ros.timing import MILLISECOND
from il_ros.types import Floats
import numpy as np

WINDOW_NS = 300 * MILLISECOND


class Motion:
    """Tells whether a person moves one device.

    A joint must have moved, and away from the robot's: one that merely follows the robot, by its
    motors or because its node reports the robot's position while nobody is engaged, does not
    count, nor does one that rests somewhere else.

    Args:
        threshold: Per joint [rad] or [m]. Shape (J,).
        angles: The short way of joints that turn without end; there are none when None.
    """

    def __init__(self, threshold: Floats, angles: Angles | None = None) -> None:
        self._threshold = threshold
        self._angles = angles or Angles.none(len(threshold))
        self._seen: deque[tuple[int, Floats]] = deque()

    def moved(self, device: Floats, robot: Floats, now_ns: int) -> bool:
        """Take in a sample; return whether a person has moved the device.

        Args:
            device: Its positions [rad] or [m]. Shape (J,).
            robot: Measured positions of the robot [rad] or [m]. Shape (J,).
            now_ns: Steady time [ns].
        """
        self._seen.append((now_ns, device))
        while self._seen[0][0] < now_ns - WINDOW_NS:
            self._seen.popleft()
        far = np.abs(self._angles.difference(device, robot)) > self._threshold
        moved = np.abs(self._angles.difference(device, self._seen[0][1])) > self._threshold
        return bool((far & moved).any())
