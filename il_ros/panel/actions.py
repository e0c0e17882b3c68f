"""The closed list of what a page may ask for, and whether it may now."""
from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from il_ros.errors import IlRosError
from il_ros.panel.seat import Seat
from il_ros.panel.state import Board
from il_ros.timing import SECOND, to_s

HOLD_NS = 7 * SECOND // 10       # a button that moves the robot is held for so long
LONGEST_NS = 5 * SECOND          # and not for much longer: it was forgotten
SEEN_NS = SECOND                 # what a page had seen when it asked may be so old
PICTURE_NS = 7 * SECOND // 10    # likewise a camera's picture, counted from when it came here
SHOWN_NS = 3 * SECOND // 2       # and a picture was last on the page's screen
REMEMBERED = 2000                # ids of actions
PER_SECOND = 20


class Kind(Enum):
    """Who may, and how."""

    STOP = 'stop'        # every page
    RECORD = 'record'    # the seat
    HUMAN = 'human'      # the seat
    MOTION = 'motion'    # the seat, held, on this machine


@dataclass(frozen=True)
class Action:
    """One service, and what is asked of it.

    Attributes:
        service: Its name in the robot's namespace.
        node: Whose it is, for people.
        outcome: What an episode ends with; '' where the service takes no argument.
    """

    kind: Kind
    service: str
    node: str
    outcome: str = ''


_RECORDER, _ARBITER, _GATE = 'teleop_capture', 'dagger_intervention', 'command_gate'
ACTIONS = {
    'pause': Action(Kind.STOP, 'dagger/pause', _ARBITER),
    'disarm': Action(Kind.STOP, 'gate/disarm', _GATE),
    'start': Action(Kind.RECORD, 'capture/start', _RECORDER),
    'success': Action(Kind.RECORD, 'capture/stop', _RECORDER, 'success'),
    'failure': Action(Kind.RECORD, 'capture/stop', _RECORDER, 'failure'),
    'unlabelled': Action(Kind.RECORD, 'capture/stop', _RECORDER, 'unlabelled'),
    'discard': Action(Kind.RECORD, 'capture/discard', _RECORDER),
    'take_over': Action(Kind.HUMAN, 'dagger/take_over', _ARBITER),
    'hand_back': Action(Kind.MOTION, 'dagger/hand_back', _ARBITER),
    'rewind': Action(Kind.MOTION, 'dagger/rewind', _ARBITER),
    'resume': Action(Kind.MOTION, 'dagger/resume', _ARBITER),
    'arm': Action(Kind.MOTION, 'gate/arm', _GATE),
}


class Refused(IlRosError):
    """An action may not be done now."""


@dataclass(frozen=True)
class Asked:
    """One request of a page, and what it had seen.

    Attributes:
        id: Of the request.
        name: One of `ACTIONS`.
        page: Whose.
        epoch: Of control.
        episode: That was being recorded; '' for none.
        fault: The newest one's number.
        state_ns: How old what the page had seen is.
        held_ns: For how long the button was held.
        visible: Whether the page can be seen.
        here: Whether its browser is on this machine.
        blind: Which camera the page does not show as it is now; '' for none.
    """

    id: str
    name: str
    page: str
    epoch: int = -1
    episode: str = ''
    fault: int = -1
    state_ns: int = 0
    held_ns: int = 0
    visible: bool = False
    here: bool = False
    blind: str = ''


class Budget:
    """At most `PER_SECOND` of something within any second."""

    def __init__(self) -> None:
        self._spent: list[int] = []

    def spend(self, now_ns: int) -> bool:
        """Count one; False where it is one too many."""
        self._spent = [at for at in self._spent if now_ns - at < SECOND]
        if len(self._spent) >= PER_SECOND:
            return False
        self._spent.append(now_ns)
        return True


class Desk:
    """Decides about requests. Nothing is queued, repeated or chained: now, or not at all."""

    def __init__(self, board: Board, seat: Seat, motion_from_lan: bool = False) -> None:
        """Begin.

        Args:
            board: What is known of the graph.
            seat: Who may act.
            motion_from_lan: Whether a page on another machine may move the robot.
        """
        self._board, self._seat, self._from_lan = board, seat, motion_from_lan
        self._ids: OrderedDict[str, None] = OrderedDict()
        self._busy: dict[Kind, str] = {}
        self._ended: str = ''

    def admit(self, asked: Asked, now_ns: int) -> Action:
        """Return what to do, which counts as under way until `done`.

        Raises:
            Refused: It may not be done; the text says why and what changed.
        """
        if asked.name not in ACTIONS:
            raise Refused('no such action')
        if asked.id in self._ids:
            raise Refused('asked already')
        action = ACTIONS[asked.name]
        self._remember(asked.id)
        for check in self._checks(action.kind):
            check(asked, now_ns)
        if (other := self._busy.get(action.kind)) and action.kind is not Kind.STOP:
            raise Refused(f'{other} is under way; wait for its answer')
        self._busy[action.kind] = asked.name
        return action

    def done(self, asked: Asked, success: bool) -> None:
        """Take in that a service has answered, or that it did not in time."""
        kind = ACTIONS[asked.name].kind
        self._busy.pop(kind, None)
        if success and kind is Kind.RECORD and asked.name != 'start':
            self._ended = asked.episode

    def _remember(self, name: str) -> None:
        self._ids[name] = None
        if len(self._ids) > REMEMBERED:
            self._ids.popitem(last=False)

    def _checks(self, kind: Kind) -> tuple[Callable[[Asked, int], None], ...]:
        return {Kind.STOP: (), Kind.RECORD: (self._seated, self._same_episode),
                Kind.HUMAN: (self._seated, self._same_epoch),
                Kind.MOTION: (self._near, self._seated, self._held, self._seen,
                              self._same_epoch, self._same_fault)}[kind]

    def _seated(self, asked: Asked, now_ns: int) -> None:
        holder = self._seat.holder(now_ns)
        if holder != asked.page:
            who = f'{self._seat.name(holder)} has the seat' if holder else 'the seat is free'
            raise Refused(f'{who}; take or ask for it first')

    def _same_episode(self, asked: Asked, now_ns: int) -> None:
        recorder = self._board.recorder
        if recorder is None or not self._board.fresh('recorder', now_ns):
            raise Refused('the recorder is not heard; start teleop_capture')
        running = '' if recorder.running == self._ended else recorder.running
        if asked.name == 'start' and running:
            raise Refused(f'{running} is being recorded already')
        if asked.name != 'start' and not asked.episode:
            raise Refused('no episode is being recorded; start one first')
        if asked.name != 'start' and asked.episode != running:
            raise Refused(f'{asked.episode} has ended already')

    def _same_epoch(self, asked: Asked, now_ns: int) -> None:
        control = self._board.control
        if control is None or not self._board.fresh('control', now_ns):
            raise Refused('the arbiter is not heard; start dagger_intervention')
        if asked.epoch != control.epoch:
            raise Refused(f'control has changed meanwhile: {control.mode.name}, {control.reason}')

    def _same_fault(self, asked: Asked, now_ns: int) -> None:
        if not self._board.fresh('gate', now_ns):
            raise Refused('the gate is not heard; start command_gate')
        if asked.fault != self._board.faults.newest:
            raise Refused('a fault came meanwhile; read it first')

    def _near(self, asked: Asked, _: int) -> None:
        if not (asked.here or self._from_lan):
            raise Refused('this browser is on another machine: the robot is moved from the one '
                          'beside it (or start the panel with --motion-from-lan)')

    def _held(self, asked: Asked, _: int) -> None:
        if not asked.visible:
            raise Refused('the page is hidden; look at it')
        if asked.held_ns < HOLD_NS:
            raise Refused(f'held for {to_s(asked.held_ns):.1f} s; hold for {to_s(HOLD_NS):.1f} s')
        if asked.held_ns > LONGEST_NS:
            raise Refused(f'held for {to_s(asked.held_ns):.1f} s; let go and hold anew')

    def _seen(self, asked: Asked, _: int) -> None:
        if asked.state_ns > SEEN_NS:
            raise Refused(f'what the page shows is {to_s(asked.state_ns):.1f} s old')
        if asked.blind:
            raise Refused(asked.blind)
