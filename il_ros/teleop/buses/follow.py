"""When the motors of an actuated leader may follow the robot, and how far in each step."""
from __future__ import annotations

from il_ros.timing import MILLISECOND, SECOND, to_s
from il_ros.types import Floats
import numpy as np

REST_NS = SECOND // 2      # a leader that was not moved for that long, nobody moves
RESTING = 0.02             # [rad] within that, it rests
GRASPED = 0.2              # [rad] a joint so far from its goal is held by somebody
STEP_NS = 100 * MILLISECOND
HELD = ('leader: somebody holds it: its motors stay off until the pedal was pressed and released '
        'and it rests')


class Follow:
    """Goals for a leader's joints; pure.

    Torque comes on only where a target is fresh, the pedal released, and nobody has moved the
    leader for half a second. A hand that keeps it from its goal ends it, until the pedal was
    pressed once more.

    Attributes:
        notice: Why the motors stay off; '' for nothing.
    """

    def __init__(self, speed: Floats) -> None:
        """Take the speed that no joint exceeds [rad/s]. Shape (D,)."""
        self._speed, self.notice = speed, ''
        self._goal: Floats | None = None
        self._rest: tuple[Floats, int] | None = None    # where it rests, since when
        self._grasped, self._now_ns = False, 0

    def step(self, seen: Floats | None, target: Floats | None, held: bool,
             now_ns: int) -> Floats | None:
        """Return where the joints shall go now, None: the motors are off.

        Args:
            seen: Where they are [rad]; None while it is not known. Shape (D,).
            target: Where the robot is [rad]; None where nobody says so now. Shape (D,).
            held: The pedal is pressed, or a person drives.
            now_ns: [ns].
        """
        step_s = to_s(min(max(now_ns - self._now_ns, 0), STEP_NS))
        self._now_ns = now_ns
        if held:
            self._grasped = False
            self.notice = ''
        if held or seen is None:
            self.release()
            return None
        rests = self._goal is not None or self._rests(seen, now_ns)
        if target is None or self._grasped or not rests:
            if self._goal is not None:
                self.release()
            return None
        goal = seen if self._goal is None else self._goal
        if float(np.abs(goal - seen).max(initial=0.0)) > GRASPED:
            self._grasped, self.notice = True, HELD
            self.release()
            return None
        step = self._speed * step_s
        self._goal = goal + np.clip(target - goal, -step, step)
        return self._goal

    def release(self) -> None:
        """Switch the motors off until the leader rests anew."""
        self._rest = self._goal = None

    def _rests(self, seen: Floats, now_ns: int) -> bool:
        if self._rest is None or float(
                np.abs(seen - self._rest[0]).max(initial=0.0)) > RESTING:
            self._rest = (seen, now_ns)
        return now_ns - self._rest[1] >= REST_NS
