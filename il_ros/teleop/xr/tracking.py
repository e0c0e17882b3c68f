"""What of the page's messages can be believed: pure, a judgement per message.

Whatever goes wrong with a hand adds to its `losses`: whoever drives with it lets go, also when the
next message is fine again.
"""
from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from il_ros.errors import MessageError
from il_ros.teleop.inputs import Drops, Guard, Heard, LONGEST_NS, Pose
from il_ros.teleop.xr.frames import Frame, HandFrame, HANDS, parse, SQUEEZE, TRIGGER
from il_ros.timing import MILLISECOND, SECOND

HOLD, RELEASE = 0.6, 0.4     # of a squeeze or button: pressed above, let go below
LEAST_OF = 30                # the way of a message is compared with the quickest of as many [s]
NO_PAGE = 'no page is open'
WAITS = 'the page is open: press its button'


class Age:
    """How late messages are, though nobody knows how the page's clock and ours differ."""

    def __init__(self) -> None:
        """Begin."""
        self._least: deque[tuple[int, int]] = deque(maxlen=LEAST_OF)   # of each second

    def of(self, sent_ns: int, arrival_ns: int) -> int:
        """Return by how much a message's way was longer than the quickest of late [ns]."""
        second, way_ns = arrival_ns // SECOND, arrival_ns - sent_ns
        if self._least and self._least[-1][0] == second:
            way_ns = min(way_ns, self._least.pop()[1])
        self._least.append((second, way_ns))
        while self._least[0][0] <= second - LEAST_OF:
            self._least.popleft()
        return arrival_ns - sent_ns - min(way for _, way in self._least)


@dataclass(frozen=True)
class HandSaid:
    """What a hand says now.

    Attributes:
        pose: Where it is, None while that is not known.
        heard_ns: Steady time at which it was there [ns].
        held: The squeeze is pressed.
        share: How far the trigger is pulled, 0 to 1.
        presses: How often each button was pressed by now.
        losses: How often it was lost by now.
        why: What the last loss was.
    """

    pose: Pose | None = None
    heard_ns: int = 0
    held: bool = False
    share: float = 0.0
    presses: tuple[int, ...] = ()
    losses: int = 0
    why: str = ''

    def counts(self, now_ns: int) -> bool:
        """Tell whether its pose is known and of now, a steady time [ns]."""
        return self.pose is not None and 0 <= now_ns - self.heard_ns <= LONGEST_NS


@dataclass(frozen=True)
class Said:
    """What the page says now, for any number of readers.

    Attributes:
        hands: By their names.
        waiting: Why no session runs, '' while one does.
        notes: How many notes there were by now.
        note: The last one, for the operator.
    """

    hands: Mapping[str, HandSaid] = field(default_factory=lambda: dict.fromkeys(HANDS, HandSaid()))
    waiting: str = NO_PAGE
    notes: int = 0
    note: str = ''


class Tracking:
    """Judges messages one by one.

    Attributes:
        said: What counts by now; replaced, never changed, so that another thread may read it.
    """

    def __init__(self, no_page: str = NO_PAGE) -> None:
        """Begin without a page; take what to say then."""
        self.said = Said(waiting=no_page)
        self._no_page = no_page
        self._hands = {name: _Hand(name) for name in HANDS}
        self._waiting, self._notes, self._note = no_page, 0, ''
        self._drops = Drops()
        self._begin()

    def _begin(self) -> None:
        self._age, self._seq, self._heard_ns = Age(), -1, 0
        for hand in self._hands.values():
            hand.begin()

    def opened(self) -> None:
        """A page was opened."""
        self._begin()
        self._lose('a new page was opened')
        self._waiting = WAITS
        self._show()

    def closed(self) -> None:
        """The page is gone: closed, out of reach, or the battery is empty."""
        self._lose('the page is gone: closed, out of reach, or its battery is empty')
        self._waiting = self._no_page
        self._show()

    def tell(self, note: str) -> None:
        """Tell the operator something."""
        self._notes, self._note = self._notes + 1, note
        self._show()

    def push(self, text: str | bytes, arrival_ns: int) -> None:
        """Take a message that came at a steady time [ns]."""
        try:
            frame = parse(text)
        except MessageError as error:
            self._drop(str(error), arrival_ns)
            return
        if frame.seq <= self._seq:
            self._lose(f'message {frame.seq} came after {self._seq}')
        else:
            self._take(frame, arrival_ns)
        self._show()

    def _take(self, frame: Frame, arrival_ns: int) -> None:
        self._seq = frame.seq
        self._waiting = WAITS if frame.lost else ''
        if frame.lost:         # however late
            self._lose(frame.lost)
            return
        late_ns = self._age.of(frame.t_ns, arrival_ns)
        if late_ns > LONGEST_NS:
            self._drop(f'it came {late_ns // MILLISECOND} ms late', arrival_ns)
            return
        heard_ns = arrival_ns - late_ns
        if self._heard_ns and heard_ns - self._heard_ns > LONGEST_NS:
            self._lose(f'silent for {(heard_ns - self._heard_ns) // MILLISECOND} ms')
        self._heard_ns = heard_ns
        for name, hand in self._hands.items():
            if note := hand.take(frame.hands.get(name), frame.t_ns, heard_ns, arrival_ns):
                self.tell(note)

    def _lose(self, why: str) -> None:
        for hand in self._hands.values():
            hand.lose(why)

    def _drop(self, problem: str, arrival_ns: int) -> None:
        if count := self._drops.add(arrival_ns):
            self.tell(f'a message was dropped, {count} so far: {problem}')

    def _show(self) -> None:
        self.said = Said({name: hand.said for name, hand in self._hands.items()}, self._waiting,
                         self._notes, self._note)


class _Hand:
    """One hand from picture to picture."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._presses: list[int] = []
        self._losses, self._why = 0, ''
        self.begin()

    def begin(self) -> None:
        """Begin with what is held now: it is no press."""
        self._guard = Guard(self._name)
        self._down: list[bool] | None = None
        self._pose: Pose | None = None
        self._heard_ns, self._share = 0, 0.0

    @property
    def said(self) -> HandSaid:
        held = bool(self._down and len(self._down) > SQUEEZE and self._down[SQUEEZE])
        return HandSaid(self._pose, self._heard_ns, held, self._share, tuple(self._presses),
                        self._losses, self._why)

    def lose(self, why: str) -> None:
        self._pose, self._losses, self._why = None, self._losses + 1, why

    def take(self, hand: HandFrame | None, t_ns: int, heard_ns: int, arrival_ns: int) -> str:
        """Judge it in a picture; return what the operator has to know."""
        if hand is not None:
            self._down = self._pressed(hand)
        if hand is None or hand.pose is None or hand.emulated:
            self.lose('not in view, its place is a guess')
            return ''
        self._share = max(0.0, hand.buttons[TRIGGER]) if hand.buttons else 0.0
        found = self._guard.take(Heard(hand.pose, t_ns + 1, heard_ns), arrival_ns)
        if self._guard.leapt:
            self.lose(self._guard.notice.split(': ')[1])
        elif found is not hand.pose:
            return self._guard.notice
        self._pose, self._heard_ns = hand.pose, heard_ns
        return ''

    def _pressed(self, hand: HandFrame) -> list[bool]:
        before = self._down or []
        down = [value > (RELEASE if k < len(before) and before[k] else HOLD)
                for k, value in enumerate(hand.buttons)]
        if self._down is not None:
            self._presses += [0] * (len(down) - len(self._presses))
            for k, now in enumerate(down):
                self._presses[k] += now and not (k < len(before) and before[k])
        return down

