"""Teleoperation with a SpaceMouse, read from the kernel or heard from spacenav_node."""
from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Annotated, Protocol

from il_ros.config import OneOf, Range
from il_ros.contract import Contract
from il_ros.teleop.buttons import asked, Buttons
from il_ros.teleop.device import DeviceContext, Intent
from il_ros.teleop.hand import Hand
from il_ros.teleop.inputs import Input
from il_ros.teleop.switch import PEDAL, Switch
from il_ros.types import Floats, Request
import numpy as np

HIDRAW, JOY, TWIST = 'hidraw', 'joy', 'twist'
SOURCES, FRAMES = OneOf((HIDRAW, JOY, TWIST)), OneOf(('base', 'tool'))
WITHIN = {'dead_zone': Range(0.0, 0.9), 'speed': Range(0.01, 1.0)}


@dataclass(frozen=True)
class MouseButtons(Buttons):
    """Which button of the mouse means what, counted from 0; `part` chooses what moves."""

    gripper: int | None = 1
    part: int | None = None


@dataclass(frozen=True)
class SpaceMouseSettings:
    """Settings of a SpaceMouse.

    Attributes:
        source: 'hidraw' reads it from the kernel; 'joy' and 'twist' hear spacenav_node.
        device: For hidraw, part of its name where several are plugged in, or its file.
        topic: For the others; spacenav/joy or spacenav/twist when empty.
        frame: Whose x y z the knob moves along: the robot's 'base', or the 'tool'.
        dominant: Only the largest of the six deflections counts.
        dead_zone: Deflection that counts for nothing, as a share of the way to the stop.
        speed: Share of full speed at the stop; the way there is quadratic.
        buttons: What they mean; a pedal takes the place of dead_man.
    """

    source: Annotated[str, SOURCES] = HIDRAW
    device: str = ''
    topic: str = ''
    frame: Annotated[str, FRAMES] = 'base'
    dominant: bool = False
    dead_zone: float = 0.08
    speed: float = 0.5
    buttons: MouseButtons = field(default_factory=MouseButtons)

    def __post_init__(self) -> None:
        SOURCES.check('source', self.source)
        FRAMES.check('frame', self.frame)
        for name, within in WITHIN.items():
            within.check(name, getattr(self, name))


class Source(Protocol):
    """Where the deflection comes from.

    Attributes:
        wants: The topics that it listens to.
        notice: What is wrong with it now; '' for nothing.
        buttons: Those that are held, from 0; None where it does not say.
    """

    wants: tuple[Input, ...]
    notice: str
    buttons: frozenset[int] | None

    def read(self, context: DeviceContext) -> Floats | None:
        """Return the deflection along and about x y z, -1 to 1, None where none is known."""

    def close(self) -> None:
        """Give it back."""


def open_source(settings: SpaceMouseSettings) -> Source:
    """Open what the settings name.

    Raises:
        ConfigError: There is no such mouse, or it may not be read.
    """
    if settings.source == HIDRAW:
        from il_ros.teleop.spacemouse_reports import open_knob
        return open_knob(settings.device)
    from il_ros.teleop.spacenav import Spacenav
    return Spacenav(settings.source, settings.topic or f'spacenav/{settings.source}')


class SpaceMouse:
    """The knob moves the tool while a button is held, the left one. See `Device`.

    Silence while it is deflected, unplugging, pausing and rewinding let go: press anew. What is
    deflected when the operator engages moves nothing until it was at rest.
    """

    name = 'spacemouse'
    absolute = False

    def __init__(self, contract: Contract, settings: SpaceMouseSettings, source: Source,
                 parts: Collection[str] = ()) -> None:
        """Take the settings and the open source.

        Args:
            contract: The robot.
            settings: How the knob moves it.
            source: The knob.
            parts: Names of the arms to move, 'base' for the base; all when empty.

        Raises:
            ConfigError: The contract's URDF does not fit.
        """
        self._hand, self._settings, self._source = Hand(contract, parts), settings, source
        self.wants, self.notice = source.wants, ''
        self._switch, self._drives = Switch(PEDAL), False
        self._known = frozenset(settings.buttons.numbers)
        self._before = self._known         # what is held by now is no press

    def read(self, context: DeviceContext) -> Intent | None:
        """Return what the knob says, None while it is silent or unplugged."""
        dt_s = self._hand.see(context.now_ns)
        knob = self._source.read(context)
        self.notice = self._source.notice
        if knob is None:
            self._forget()
            return None
        buttons = self._source.buttons
        held = self._settings.buttons.meant(buttons or ())
        pressed, self._before = held - self._before, held
        request, capture = asked(pressed)
        if request:
            self._switch.let_go()
        own = None if buttons is None else 'dead_man' in held
        dead_man = own if context.dead_man is None else context.dead_man
        self.notice = self.notice or self._switch.problem(dead_man)
        before, self._drives = self._drives, self._switch.read(dead_man)
        if self._drives and not before:
            self._hand.take_up(context.state)
        if 'gripper' in pressed or context.grip:
            self._hand.grip()
        if 'part' in pressed and self._hand.several:
            self._hand.next()
            self.notice = self.notice or f'spacemouse: moves {self._hand.part.name}'
        positions = self._hand.released(context.state)
        if self._drives:
            velocity = self._hand.at_rest(self._shaped(knob))
            positions = self._hand.move(context.state, velocity, dt_s,
                                        self._settings.frame == 'tool')
        return Intent(self._drives, positions, request or Request.NONE, capture,
                      parts=self._hand.drives)

    def reset(self, seed: int) -> None:
        """Let go until the button is pressed anew; the seed plays no part."""
        self._forget()

    def close(self) -> None:
        """Give the mouse back."""
        self._source.close()

    def _forget(self) -> None:
        self._switch.let_go()
        self._drives, self._before = False, self._known

    def _shaped(self, knob: Floats) -> Floats:
        """Return shares of full speed along x y z and about x y z. Shape (6,)."""
        by = self._settings
        beyond = (np.maximum(np.abs(knob), by.dead_zone) - by.dead_zone) / (1 - by.dead_zone)
        if by.dominant:
            beyond = np.where(np.arange(6) == np.argmax(beyond), beyond, 0.0)
        told: Floats = by.speed * np.sign(knob) * beyond**2
        return told
