"""What a person is to feel and to hear: a request for help, a contact, who has control, faults."""
from __future__ import annotations

from enum import Enum

from il_ros.timing import MILLISECOND
from il_ros.types import Mode

HANDS_ON = (Mode.TELEOP, Mode.ALIGNING, Mode.CORRECTING)
LETS_GO = 0.7        # share of the force of a contact below which it has ended
# Of a motor that shakes a gamepad: how strongly, until when [ms]; then nothing.
SHAKES = {'help': ((0.8, 300), (0.0, 450), (0.8, 750)), 'contact': ((0.5, 100),)}


class Event(Enum):
    """What a person should not have to look for."""

    HELP = 'help'              # somebody asks for a person
    CONTACT = 'contact'        # the tool touched something
    TAKEN = 'taken'            # a device has control now, which the policy had
    SUCCESS = 'success'        # an episode was recorded as one
    FAULT = 'fault'            # the arm is held


class Feeling:
    """Tells the moments from what is seen at each tick. Pure."""

    def __init__(self, contact_n: float) -> None:
        """Take the force from which on a touch is a contact [N]."""
        self._contact_n = contact_n
        self._help, self._touches, self._mode = False, False, Mode.PAUSED

    def see(self, help_: str, mode: Mode, force_n: float | None) -> list[Event]:
        """Return what happened since the last call.

        Args:
            help_: Who asks for a person, and why; '' for nobody.
            mode: Who controls the robot.
            force_n: At the tool; None where it is not measured, or not of late [N].
        """
        found = []
        if help_ and not self._help:
            found.append(Event.HELP)
        if force_n is not None and force_n >= self._contact_n and not self._touches:
            found.append(Event.CONTACT)
        if mode is Mode.HOLD is not self._mode:
            found.append(Event.FAULT)
        if mode in HANDS_ON and self._mode is Mode.AUTONOMOUS:
            found.append(Event.TAKEN)
        self._help, self._mode = bool(help_), mode
        self._touches = force_n is not None and (
            force_n >= self._contact_n * (LETS_GO if self._touches else 1.0))
        return found


class Shaker:
    """How strongly a gamepad shakes at each time. Pure."""

    def __init__(self) -> None:
        """Begin at rest."""
        self._pattern: tuple[tuple[float, int], ...] = ()
        self._began_ns = 0

    def begin(self, event: Event, now_ns: int) -> None:
        """Shake as an event does, if it does; a request for help is not cut short by a contact."""
        pattern = SHAKES.get(event.value, ())
        if pattern and (event is Event.HELP or not self.level(now_ns)):
            self._pattern, self._began_ns = pattern, now_ns

    def level(self, now_ns: int) -> float:
        """Return how strongly, 0 to 1."""
        ago_ns = now_ns - self._began_ns
        return next((level for level, until_ms in self._pattern
                     if 0 <= ago_ns < until_ms * MILLISECOND), 0.0)
