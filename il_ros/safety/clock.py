"""Whether ROS time goes on as it should."""
from __future__ import annotations

from il_ros.timing import MILLISECOND, Now, SECOND

BACK_NS = 100 * MILLISECOND     # ROS time may go back by less: the system's clock is corrected
AHEAD_NS = SECOND               # it may go ahead by less: a simulation catches up
STANDS_NS = 250 * MILLISECOND   # it may stand for less: a simulation sends /clock now and then


class ClockWatch:
    """Compares ROS time with steady time from look to look.

    A simulation may be slower than it should be; that alone is no fault.

    Args:
        speed: Robot time per steady time.
    """

    def __init__(self, speed: float) -> None:
        self._speed = speed
        self._last: Now | None = None
        self._moved_ns = 0

    def look(self, now: Now) -> str:
        """Return what is wrong with ROS time since the last look, '' if nothing."""
        last, self._last = self._last or now, now
        ahead_ns = now.ros_ns - last.ros_ns
        if ahead_ns or last is now:
            self._moved_ns = now.steady_ns
        jump_ns = ahead_ns - (now.steady_ns - last.steady_ns) * self._speed
        if ahead_ns < -BACK_NS:
            return f'ROS time went back by {-ahead_ns / SECOND:.1f} s'
        if jump_ns > AHEAD_NS:
            return f'ROS time jumped ahead by {jump_ns / SECOND:.1f} s'
        if (stood_ns := now.steady_ns - self._moved_ns) > STANDS_NS:
            return (f'ROS time stands still for {stood_ns / MILLISECOND:.0f} ms; does the '
                    'simulation run and publish /clock?')
        return ''
