"""What a device listens to, and the guard before it: only what is fresh, whole and slow counts."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import dist, hypot
from typing import NamedTuple

from il_ros.contract.joint import TURN
from il_ros.timing import MILLISECOND, SECOND, to_s
from il_ros.types import Floats
import numpy as np

LONGEST_NS = 100 * MILLISECOND   # older than that, an input counts for nothing
JOY_SILENT_NS = 250 * MILLISECOND   # the same of a Joy, which repeats itself 20 times a second
NORM = (0.9, 1.1)                # of a quaternion
SPEED, TURNING = 3.0, 15.0       # no hand moves faster [m/s] [rad/s]
BURST_S = 0.005                  # samples that come at once are taken for as far apart
REPEAT_NS = 2 * SECOND           # between two lines that say what was dropped


@dataclass(frozen=True)
class Pad:
    """What a gamepad, button box or SpaceMouse says; `layout` tells what its axes are.

    Attributes:
        axes: Sticks and triggers, each -1 to 1.
        buttons: Each 0 or 1.
    """

    axes: tuple[float, ...]
    buttons: tuple[int, ...]

    def problem(self) -> str:
        """Return '': what numbers a pad may send, its layout knows."""
        return ''


@dataclass(frozen=True)
class Joints:
    """What a leader's joints say.

    Attributes:
        names: As the leader calls them.
        positions: One each [rad] or [m]. Shape (N,).
    """

    names: tuple[str, ...]
    positions: Floats

    def problem(self) -> str:
        """Return why it cannot count, '' where it can."""
        if len(self.names) != len(self.positions):
            return f'{len(self.names)} names and {len(self.positions)} positions'
        return '' if np.isfinite(self.positions).all() else 'a position is not finite'


@dataclass(frozen=True)
class Pose:
    """Where a tracked thing is.

    Attributes:
        position: In the tracker's frame [m]. Shape (3,).
        quaternion: Its orientation there, x y z w. Shape (4,).
    """

    position: Floats
    quaternion: Floats

    def problem(self) -> str:
        """Return why it cannot count, '' where it can."""
        if not (np.isfinite(self.position).all() and np.isfinite(self.quaternion).all()):
            return 'a pose is not finite'
        norm = hypot(*self.quaternion)
        return '' if NORM[0] <= norm <= NORM[1] else f'the norm of a quaternion is {norm:.3g}'


@dataclass(frozen=True)
class Twist:
    """A velocity: along x y z and about x y z. Shape (6,)."""

    velocity: Floats

    def problem(self) -> str:
        """Return why it cannot count, '' where it can."""
        return '' if np.isfinite(self.velocity).all() else 'a velocity is not finite'


Value = Pad | Joints | Pose | Twist
KINDS: Mapping[str, type] = {'joy': Pad, 'joints': Joints, 'pose': Pose, 'twist': Twist}


class Input(NamedTuple):
    """A topic that a device listens to.

    Attributes:
        name: What the device calls it.
        kind: One of `KINDS`.
        topic: Its name.
        of_robot: The robot says it: two devices in two hands hear the same.
    """

    name: str
    kind: str
    topic: str
    of_robot: bool = False


@dataclass(frozen=True)
class Heard:
    """The newest of an input.

    Attributes:
        value: What it says.
        stamp_ns: ROS time of its header [ns], 0 without.
        heard_ns: ROS time at which it came [ns].
    """

    value: Value
    stamp_ns: int
    heard_ns: int


class Drops:
    """Counts what could not count, and says when to tell of it: at most once in two seconds."""

    def __init__(self) -> None:
        """Begin with none."""
        self._count, self._said_ns = 0, -REPEAT_NS

    def add(self, now_ns: int) -> int:
        """Count one more; return how many there were where it is time to say so, else 0."""
        self._count += 1
        if now_ns - self._said_ns < REPEAT_NS:
            return 0
        self._said_ns = now_ns
        return self._count


class Guard:
    """Passes on what an input says while it can be believed.

    What is not finite, of a wrong length or no rotation is dropped and counted; what was passed on
    before it counts until it is too old. A leap no hand can make lets go.

    Attributes:
        notice: What was dropped or refused, at most once in two seconds; '' for nothing.
        leapt: At the last call the input leapt: whoever drives with it has to engage anew.
    """

    def __init__(self, name: str, longest_ns: int = LONGEST_NS) -> None:
        """Take what the input is called in notices, and how old it may be [ns]."""
        self.notice, self.leapt = '', False
        self._name, self._longest_ns = name, longest_ns
        self._good: Heard | None = None
        self._seen: Heard | None = None
        self._dropped, self._said_ns = 0, -REPEAT_NS

    def take(self, heard: Heard | None, now_ns: int) -> Value | None:
        """Return what counts now, None where nothing does.

        Args:
            heard: The newest of the input; the same one again adds nothing. None: there is none.
            now_ns: ROS time [ns].
        """
        self.notice, self.leapt = '', False
        if heard is None:
            self._good = None
        elif heard is not self._seen:
            self._seen = heard
            self._judge(heard, now_ns)
        good = self._good
        if good is None or not 0 <= now_ns - good.heard_ns <= self._longest_ns:
            self._good = None
            return None
        return good.value

    def _judge(self, heard: Heard, now_ns: int) -> None:
        if problem := heard.value.problem():
            self._dropped += 1
            self._say(f'{problem}: dropped, {self._dropped} so far', now_ns)
            return
        if self._good is not None and (too_fast := _too_fast(self._good, heard)):
            self.leapt = True
            self._say(f'{too_fast}: let go; engage anew', now_ns)
        self._good = heard

    def _say(self, text: str, now_ns: int) -> None:
        if self.leapt or now_ns - self._said_ns >= REPEAT_NS:
            self.notice, self._said_ns = f'{self._name}: {text}', now_ns


def _too_fast(before: Heard, after: Heard) -> str:
    """Return how fast a pose or joints went between two samples, '' where a hand can."""
    stamped = 0 < before.stamp_ns < after.stamp_ns
    apart_ns = (after.stamp_ns - before.stamp_ns if stamped
                else after.heard_ns - before.heard_ns)
    apart_s = max(to_s(apart_ns), BURST_S)
    a, b = before.value, after.value
    if isinstance(a, Pose) and isinstance(b, Pose):
        speed = dist(a.position, b.position) / apart_s
        if speed > SPEED:
            return f'it went {speed:.1f} m/s'
        turning = _angle(a.quaternion, b.quaternion) / apart_s
        return f'it turned {turning:.0f} rad/s' if turning > TURNING else ''
    if isinstance(a, Joints) and isinstance(b, Joints) and a.names == b.names:
        # A joint that wraps at half a turn has not turned a whole one.
        away = (b.positions - a.positions + np.pi) % TURN - np.pi
        turning = float(np.abs(away).max(initial=0.0)) / apart_s
        return f'a joint turned {turning:.0f} rad/s' if turning > TURNING else ''
    return ''


def _angle(a: Floats, b: Floats) -> float:
    """Return by how much one orientation is turned from another [rad]."""
    along = abs(float(a @ b)) / (hypot(*a) * hypot(*b))
    return 2 * float(np.arccos(min(along, 1.0)))
