"""Teleoperation from the keys of a terminal."""
from __future__ import annotations

from collections.abc import Collection

from il_ros.contract import Contract
from il_ros.teleop.device import Capture, DeviceContext, Intent
from il_ros.teleop.hand import Hand
from il_ros.teleop.inputs import Input
from il_ros.teleop.terminal import Terminal
from il_ros.timing import MILLISECOND
from il_ros.types import Floats, Mode, Request
import numpy as np

MOVES = {'w': (0, 1), 's': (0, -1), 'a': (1, 1), 'd': (1, -1), 'r': (2, 1), 'f': (2, -1),
         'q': (5, 1), 'e': (5, -1), 'i': (4, 1), 'k': (4, -1), 'j': (3, -1), 'l': (3, 1)}
CAPTURES = {'c': Capture.START, 'y': Capture.SUCCESS, 'n': Capture.FAILURE, 'x': Capture.DISCARD}
SPEEDS = 9
PRESS_NS = 120 * MILLISECOND   # a terminal tells presses, not releases: how long one counts
HELP = ('{axes}\r\nspace gripper   1-9 speed ({speed_keys})   t or Tab take over / hand back   '
        'p pause   b back along the way\r\nc start recording   y stop: success   '
        'n stop: failure   x discard   Ctrl-C end')
NEXT_PART = 'm moves the next of {parts}'
NEXT_ROBOT = 'o drives the other robot that asks, or the next'


class Keyboard:
    """Keys to joint targets; `t` takes the dead-man switch in hand and lets go of it.

    In plain teleoperation a moving key takes it in hand too. Whoever took over and then does
    nothing keeps the arm where it is: letting go is a decision, not a pause for thought.

    `t` toggles; it need not be held, because a terminal tells presses and not releases: holding
    would mean to guess from the keys' repetition, which begins only after half a second. The arm
    itself moves only while a moving key repeats. A foot pedal types a key: give it `t` or Tab.
    Where a hold is wanted, the gamepad has one.

    `m` chooses the arm that moves, or the base; `o`, of several robots, the one that is driven.
    What is typed after `o` before the next reading was meant for neither and is dropped.
    """

    name = 'keyboard'
    wants: tuple[Input, ...] = ()
    absolute = False
    notice = ''

    def __init__(self, contract: Contract, terminal: Terminal | None = None,
                 parts: Collection[str] = (), robots: int = 1) -> None:
        """Take the terminal.

        Args:
            contract: The robot.
            terminal: Standard input and output when None.
            parts: Names of the arms to move, 'base' for the base; all when empty.
            robots: How many robots this terminal drives in turn.

        Raises:
            ConfigError: There is no terminal, or the contract's URDF does not fit.
        """
        self._hand = Hand(contract, parts)
        self._terminal = terminal or Terminal()
        self._speed = 5
        self._engaged = self._pedal = False
        self._helped = ''
        self._velocity = np.zeros(6)
        self._until_ns = np.zeros(6, dtype=np.int64)
        self._robots = robots
        self._terminal.say_once(self._help())

    def _help(self) -> str:
        hand, lines = self._hand, dict[str, list[str]]()
        for part in hand.parts:
            lines.setdefault(part.axes, []).append(part.name)
        text = HELP.format(
            axes='\r\n'.join(f'{", ".join(names)}: {axes}' if hand.several else axes
                             for axes, names in lines.items()),
            speed_keys='- and +' if hand.by_joints else 'also - and +')
        parts = ', '.join(part.name for part in hand.parts)
        more = [NEXT_PART.format(parts=parts)] * hand.several + [NEXT_ROBOT] * (self._robots > 1)
        return '\r\n'.join([text, *(['   '.join(more)] if more else [])])

    def read(self, context: DeviceContext) -> Intent:
        """Return what the keys say; see `Device`."""
        request, capture = Request.NONE, None
        dt_s = self._hand.see(context.now_ns)
        if context.help and not self._helped:
            self._terminal.say(f'\a{context.help}')
        self._helped = context.help
        other = False
        for key in self._terminal.typed():
            if other := key == 'o' and self._robots > 1:
                self.reset(0)
                break
            request = self._press(key, context) or request
            capture = CAPTURES.get(key, capture)
        self._follow_pedal(context)
        positions = (self._drive(context, dt_s) if self._engaged
                     else self._hand.released(context.state))
        self._terminal.show(self._status(context))
        return Intent(self._engaged, positions, request, capture, other,
                      self._hand.drives)

    def _follow_pedal(self, context: DeviceContext) -> None:
        if context.grip:
            self._hand.grip()
        if context.dead_man and not self._pedal:
            self._engage(context)
        elif context.dead_man is False:
            self._engaged = False
        self._pedal = bool(context.dead_man)

    def _status(self, context: DeviceContext) -> str:
        return '   '.join(filter(None, [
            f'{f"{context.robot}   " if context.robot else ""}{context.mode.name.lower():<11} '
            f'{"DRIVING" if self._engaged else "released":<9} speed {self._speed}/{SPEEDS}',
            self._hand.status, 'HELP WANTED: t' if context.help else '',
            f'o: {", ".join(context.asking)} wants help' if context.asking else '']))

    def reset(self, seed: int) -> None:
        """Let go; the seed plays no part."""
        self._engaged = False
        self._until_ns[:] = 0

    def close(self) -> None:
        """Give the terminal back as it was."""
        self._terminal.close()

    def _press(self, key: str, context: DeviceContext) -> Request:
        if key in MOVES or key == ' ':
            if context.mode is Mode.TELEOP:
                self._engage(context)
            self._move(key, context.now_ns)
        elif key in 't\t' and not self._engaged:
            self._engage(context)
            return Request.TAKE_OVER
        elif key in 't\t':
            self._engaged = False
            return Request.HAND_BACK
        elif key in 'pb':
            self._engaged = False
            return Request.PAUSE if key == 'p' else Request.REWIND
        elif key == 'm' and self._hand.several:
            self._hand.next()
        elif key.isdigit() and not self._hand.choose(int(key)):
            self._speed = max(1, int(key))
        elif key in '+-':
            self._speed = int(np.clip(self._speed + (1 if key == '+' else -1), 1, SPEEDS))
        return Request.NONE

    def _move(self, key: str, now_ns: int) -> None:
        if key == ' ':
            self._hand.grip()
        else:
            axis, sign = MOVES[key]
            self._velocity[axis], self._until_ns[axis] = sign, now_ns + PRESS_NS

    def _engage(self, context: DeviceContext) -> None:
        if not self._engaged:
            self._engaged = True
            self._hand.take_up(context.state)
            self._hand.at_rest(self._keys(context.now_ns))   # a key held by now moves nothing

    def _keys(self, now_ns: int) -> Floats:
        return np.where(self._until_ns > now_ns, self._velocity, 0.0)

    def _drive(self, context: DeviceContext, dt_s: float) -> Floats:
        velocity = self._hand.at_rest(self._keys(context.now_ns)) * self._speed / SPEEDS
        return self._hand.move(context.state, velocity, dt_s)
