"""Which goals a gripper's action server gets: few, and always the newest.

Grippers behind actions choke on a goal per tick (xarm_ros#194), and one that holds an object never
reaches its goal (franka_ros#264). So a goal is sent where the target has moved, at most some times
a second, and nobody waits for a result.
"""
from __future__ import annotations

from il_ros.timing import MILLISECOND

DEAD_BAND = 0.02          # of the gripper's range: less is no new target
PERIOD_NS = 200 * MILLISECOND
UNHEARD_NS = 1000 * MILLISECOND   # a server that has not taken a goal by then does not work


class GripperGoals:
    """Targets in, goals out. Pure: the caller passes the steady time.

    Args:
        span: The gripper's range [rad] or [m].
    """

    def __init__(self, span: float) -> None:
        self._band = DEAD_BAND * span
        self.restart()

    def restart(self) -> None:
        """Begin anew: the next target is a goal whatever was sent before, and at once."""
        self._sent: float | None = None
        self._sent_ns: int | None = None
        self._asked_ns: int | None = None

    def next(self, target: float, now_ns: int) -> float | None:
        """Return the goal to send now, None where none is due."""
        unheard = self.unheard(now_ns)
        if self._sent is not None and abs(target - self._sent) <= self._band and not unheard:
            return None
        if self._sent_ns is not None and now_ns - self._sent_ns < (
                UNHEARD_NS if unheard else PERIOD_NS):
            return None
        self._sent, self._sent_ns = target, now_ns
        if self._asked_ns is None:
            self._asked_ns = now_ns
        return target

    def answered(self) -> None:
        """Take in that the server has taken a goal, or refused it."""
        self._asked_ns = None

    def failed(self) -> None:
        """Take in that the newest goal came to nothing: the next target is a goal again."""
        self._sent = None

    def unheard(self, now_ns: int) -> bool:
        """Tell whether the server has not answered for too long."""
        return self._asked_ns is not None and now_ns - self._asked_ns > UNHEARD_NS
