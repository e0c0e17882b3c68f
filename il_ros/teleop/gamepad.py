"""Teleoperation with a gamepad, from sensor_msgs/Joy of the ROS packages joy and joy_linux.

A pad is recognised or refused (`layout`), and moves the arm only after it was seen at rest:
another driver numbers axes and buttons otherwise, and triggers rest at 1.
"""
from __future__ import annotations

from collections.abc import Collection

from il_ros.contract import Contract
from il_ros.errors import ConfigError
from il_ros.teleop.device import Capture, DeviceContext, Intent
from il_ros.teleop.hand import Hand
from il_ros.teleop.inputs import Guard, Input, JOY_SILENT_NS, Pad
from il_ros.teleop.layout import AUTO, layouts, load_layout, recognise, STICKS
from il_ros.timing import SECOND
from il_ros.types import Floats, Request
import numpy as np

DEAD_ZONE = 0.1           # of a stick
END = 0.95                # of a stick: where a trigger rests
STUCK_NS = SECOND         # as long at its end while nobody drives, a stick is none
SPEEDS = 9
REQUESTS = {'b': Request.PAUSE, 'x': Request.REWIND}
CAPTURES = {'start': Capture.START, 'y': Capture.SUCCESS, 'back': Capture.FAILURE}
SPEED_KEYS = {'up': 1, 'down': -1}
PART_KEYS = {'left': -1, 'right': 1}
ALL = frozenset([*REQUESTS, *CAPTURES, *SPEED_KEYS, *PART_KEYS, 'a', 'lb', 'rb'])


class Gamepad:
    """Sticks to joint targets while the right shoulder button, the dead-man switch, is held.

    Left stick: x and y. Right stick: z and yaw, with the left shoulder button pitch and roll.
    A gripper, B pause, X rewind, START record, Y success, BACK failure, up and down speed;
    left and right choose the arm that moves or the base, without a URDF the joint; with the left
    shoulder button, of several robots, another one. Pausing, rewinding and going to another robot
    let go, as do silence and values that no pad sends: press the dead-man switch anew.
    """

    name = 'gamepad'
    wants: tuple[Input, ...] = (Input('joy', 'joy', 'joy'),)
    absolute = False

    def __init__(self, contract: Contract, layout: str = AUTO, parts: Collection[str] = (),
                 robots: int = 1) -> None:
        """Take the contract; the pad itself comes with `DeviceContext.heard`.

        Args:
            contract: The robot.
            layout: Name or file of the pad's layout, or 'auto': by its axes and buttons.
            parts: Names of the arms to move, 'base' for the base; all when empty.
            robots: How many robots this pad drives in turn.

        Raises:
            ConfigError: There is no such layout, or the contract's URDF does not fit.
        """
        self._known = layouts() if layout == AUTO else {layout: load_layout(layout)}
        self._chosen = '' if layout == AUTO else layout
        self._hand, self._robots = Hand(contract, parts), robots
        self._guard = Guard(self.name, JOY_SILENT_NS)
        self._speed = 5
        self.notice = ''
        self._forget()

    def _forget(self) -> None:
        """Begin as with a pad that is new."""
        self._layout, self._counts, self._refused = self._chosen, (0, 0), ''
        self._before = ALL            # what is held by now is no press
        # Since when each stick is at its end, and all are at rest, while nobody drives.
        self._since_ns: list[int | None] = [None] * (len(STICKS) + 1)
        self._engaged, self._let_go, self._since = False, True, ''

    def read(self, context: DeviceContext) -> Intent | None:
        """Return what the pad says, None while none is heard or understood; see `Device`."""
        dt_s = self._hand.see(context.now_ns)
        pad = self._guard.take(context.heard.get('joy'), context.now_ns)
        self.notice = self._guard.notice
        if not isinstance(pad, Pad):
            self._forget()
            return None
        try:
            sticks, held = self._understand(pad)
            self._look_for_triggers(sticks, 'rb' in held or bool(context.dead_man),
                                    context.now_ns)
        except ConfigError as error:
            self.notice = f'gamepad: {error}'
            return None
        pressed, self._before = held - self._before, held
        request = next((REQUESTS[b] for b in REQUESTS if b in pressed), Request.NONE)
        other = self._robots > 1 and 'lb' in held and not pressed.isdisjoint(PART_KEYS)
        self._let_go |= other or request is not Request.NONE
        switch = 'rb' in held if context.dead_man is None else context.dead_man
        self._let_go &= switch
        engaged = switch and not self._let_go
        if engaged and not self._engaged:
            self._hand.take_up(context.state)
            self._since = 'RB was pressed' if context.dead_man is None else 'the pedal was pressed'
        self._engaged = engaged
        self._press(pressed | ({'a'} if context.grip else set()), 'lb' in held)
        positions = self._hand.released(context.state)
        if engaged:
            velocity = self._velocity(sticks, 'lb' in held)
            positions = self._hand.move(context.state, velocity, dt_s)
        return Intent(engaged, positions, request,
                      next((CAPTURES[b] for b in CAPTURES if b in pressed), None), other,
                      self._hand.drives)

    def reset(self, seed: int) -> None:
        """Let go until the dead-man switch is pressed anew; the seed plays no part."""
        self._let_go, self._engaged, self._before = True, False, ALL

    def close(self) -> None:
        """Nothing to give back."""

    def _understand(self, pad: Pad) -> tuple[Floats, frozenset[str]]:
        """Return the sticks beyond their dead zones, and the buttons that are held."""
        counts = len(pad.axes), len(pad.buttons)
        try:
            if self._counts not in (counts, (0, 0)):
                raise ConfigError(f'{self._counts[0]} axes and {self._counts[1]} buttons became '
                                  f'{counts[0]} and {counts[1]}; press RB anew')
            self._layout = self._layout or recognise(pad, self._known)
            sticks = self._known[self._layout].axes(pad)
        except ConfigError:
            self._forget()
            raise
        self._counts = counts
        return _beyond_dead_zone(np.array(sticks)), self._known[self._layout].pressed(pad)

    def _look_for_triggers(self, sticks: Floats, driving: bool, now_ns: int) -> None:
        """Refuse the pad while an axis rests where only a trigger does."""
        away = np.abs(sticks) >= END
        for index, lasts in enumerate([*away & (not driving), not driving and not sticks.any()]):
            self._since_ns[index] = (self._since_ns[index] or now_ns) if lasts else None
        long = [since is not None and now_ns - since > STUCK_NS for since in self._since_ns]
        if long[-1]:
            self._refused = ''
        elif any(long):
            index = long.index(True)
            self._refused = (
                f'{STICKS[index]} of layout {self._layout!r} stays at {sticks[index]:+.2f} while '
                'nobody drives: a trigger under another driver, or stuck; set the parameter '
                'layout, or let go of the pad for a second')
        if self._refused:
            self._engaged, self._let_go = False, True
            raise ConfigError(self._refused)

    def _press(self, pressed: frozenset[str], shifted: bool) -> None:
        if 'a' in pressed:
            self._hand.grip()
        before = self._hand.part
        for button in pressed:
            self._speed = int(np.clip(self._speed + SPEED_KEYS.get(button, 0), 1, SPEEDS))
            if button in PART_KEYS and not (shifted and self._robots > 1):
                self._hand.step(PART_KEYS[button])
        if self._hand.part is not before:
            self.notice = f'gamepad: moves {self._hand.part.name}'
            self._since = f'{self._hand.part.name} was chosen'

    def _velocity(self, sticks: Floats, turning: bool) -> Floats:
        """Return shares of full speed along x y z and about x y z. Shape (6,)."""
        moving = self._hand.at_rest(sticks)
        if away := [STICKS[k] for k in np.flatnonzero(moving != sticks)]:
            self.notice = (f'gamepad: {", ".join(away)}: not at rest when {self._since}; '
                           'it moves nothing until it was let go')
        left_x, left_y, right_x, right_y = moving
        if turning:
            found = [left_y, left_x, 0.0, right_x, right_y, 0.0]
        else:
            found = [left_y, left_x, right_y, 0.0, 0.0, right_x]
        return np.array(found) * self._speed / SPEEDS


def _beyond_dead_zone(values: Floats) -> Floats:
    """Return deflections of -1 to 1, 0 in the dead zone."""
    beyond = np.clip(np.abs(values), DEAD_ZONE, 1.0) - DEAD_ZONE
    return np.asarray(np.sign(values) * beyond / (1 - DEAD_ZONE))
