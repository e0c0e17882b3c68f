"""Joint values by name."""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
import difflib
from typing import NamedTuple

from il_ros.errors import MessageError
from il_ros.types import Floats
import numpy as np
from numpy.typing import NDArray

MOST_NAMES = 64     # of other joints that are remembered, to tell which came
NEVER_NS = -(1 << 62)
Longest = int | NDArray[np.int64]   # of all joints, or of each


def indices(names: Sequence[str], expected: Sequence[str], *, extra: bool = False) -> list[int]:
    """Return where each of the `expected` joints stands in `names`.

    Args:
        names: Joint names of a message.
        expected: Joint names of the contract, in order.
        extra: Accept further joints (a robot may report joints that nobody commands).

    Raises:
        MessageError: A joint is missing, stands twice or is unknown.
    """
    place = once(names, expected)
    unknown = [name for name in names if name not in place]
    if missing := [name for name in expected if name not in place]:
        raise MessageError(f'missing joint {missing[0]!r}; expected {", ".join(expected)}'
                           + _meant(unknown, missing))
    if not extra and unknown:
        raise MessageError(f'unknown joint {unknown[0]!r}; expected {", ".join(expected)}'
                           + _meant(unknown, expected))
    return [place[name] for name in expected]


def _meant(unknown: Sequence[str], expected: Sequence[str]) -> str:
    """Return the first unknown name that is near to an expected one, and that; '' for none."""
    close = ((name, near) for name in unknown
             for near in difflib.get_close_matches(name, expected, n=1))
    return next((f'; got {name!r}: did you mean {near!r}?' for name, near in close), '')


def once(names: Sequence[str], expected: Sequence[str]) -> dict[str, int]:
    """Return where those of the `expected` joints that `names` holds stand in it.

    Raises:
        MessageError: One of them stands twice.
    """
    count = Counter(names)
    if twice := [name for name in expected if count[name] > 1]:
        raise MessageError(f'joint {twice[0]!r} stands twice; expected each joint once')
    return {name: i for i, name in enumerate(names) if name in expected}


class JointNames:
    """The joints that a stream has named so far, to explain one that never comes.

    Attributes:
        heard: Whether any message came.
    """

    def __init__(self, expected: Iterable[str]) -> None:
        self._missing = dict.fromkeys(expected)
        self._came: dict[str, None] = {}
        self._others: dict[str, None] = {}
        self.heard = False

    def see(self, names: Iterable[str]) -> None:
        """Note the names of a message."""
        self.heard = True
        for name in names:
            if name in self._missing:
                del self._missing[name]
                self._came[name] = None
            elif name not in self._came and len(self._others) < MOST_NAMES:
                self._others[name] = None

    def problem(self) -> str:
        """Return which expected joints no message has named, and which it did; '' for none."""
        text = missing_text(list(self._missing), list(self._came), list(self._others))
        return f'no message names {text}' if text else ''


def missing_text(missing: Sequence[str], came: Sequence[str], others: Sequence[str]) -> str:
    """Return which joints are missing, what came in their place and the nearest name of that.

    Args:
        missing: Expected, and not there; '' is returned where there is none.
        came: Expected, and there.
        others: Of other names.
    """
    if not missing:
        return ''
    what = 'joint ' if len(missing) == 1 else 'joints '
    text = (f'{what}{", ".join(map(repr, missing))}; came: '
            f'{", ".join([*came, *others]) or "none"}')
    close = [near for name in missing if (near := difflib.get_close_matches(name, others, n=1))]
    return f'{text}; did you mean {close[0][0]!r}?' if close else text


class Silence(NamedTuple):
    """Joints that were not heard for longer than is accepted."""

    joint: str      # the one that was not heard for longest; '' where it is all of its topic
    age_ns: int
    topic: str = ''

    def text(self, topic: str = '') -> str:
        """Return it in words; `topic` where it has none itself."""
        topic = self.topic or topic
        who = f'joint {self.joint!r} of {topic}' if self.joint else topic
        return f'{who} is silent for {self.age_ns / 1e6:.0f} ms'


class NewestJoints:
    """The newest position of each joint, from messages that need not name all of them.

    Attributes:
        names: Joint names.
        topics: Where each is told; '' where it does not matter.
        positions: NaN where none came yet [rad] or [m]. Shape (J,).
        came_ns: Steady time of arrival, `NEVER_NS` where none came yet. Shape (J,).
    """

    def __init__(self, names: Sequence[str], topics: Sequence[str] = ()) -> None:
        self.names = tuple(names)
        self.topics = tuple(topics) or ('',) * len(names)
        self.positions: Floats = np.full(len(names), np.nan)
        self.came_ns = np.full(len(names), NEVER_NS, dtype=np.int64)

    def take(self, positions: Floats, now_ns: int) -> None:
        """Take in measured positions, NaN where a joint is not among them. Shape (J,)."""
        told = ~np.isnan(positions)
        self.positions[told] = positions[told]
        self.came_ns[told] = now_ns

    @property
    def whole(self) -> Floats | None:
        """The positions of all joints; None while one never came. Shape (J,)."""
        return None if self.absent else self.positions.copy()

    @property
    def absent(self) -> list[str]:
        """The joints that never came."""
        return [self.names[i] for i in np.flatnonzero(self.came_ns == NEVER_NS)]

    def absence(self, topic: str = '') -> str:
        """Return that nothing came, or for which joint, in words; there is such a joint."""
        never = self.came_ns == NEVER_NS
        i = int(np.flatnonzero(never)[0])
        who = '' if never[self._beside(i)].all() else f' for joint {self.names[i]!r}'
        return f'nothing came on {self.topics[i] or topic}{who}'

    def fresh(self, now_ns: int, longest_ns: Longest) -> list[bool]:
        """Return per joint whether it was heard within the last `longest_ns`."""
        return [bool(fresh) for fresh in now_ns - self.came_ns <= longest_ns]

    def silence(self, now_ns: int, longest_ns: Longest) -> Silence | None:
        """Return the joint that was not heard for longest, None where all were heard in time."""
        ages = now_ns - self.came_ns
        over = ages - longest_ns
        i = int(over.argmax())
        if over[i] <= 0:
            return None
        alone = not (over[self._beside(i)] > 0).all()
        return Silence(self.names[i] if alone else '', int(ages[i]), self.topics[i])

    def _beside(self, joint: int) -> list[int]:
        return [i for i, topic in enumerate(self.topics) if topic == self.topics[joint]]

    def silent_joint(self, now_ns: int, longest_ns: Longest) -> str:
        """Return the joint that was not heard for longest while others were; '' for none."""
        silence = self.silence(now_ns, longest_ns)
        return silence.joint if silence else ''
