"""A pedal or button box beside any device: `leader+pedal`.

It is heard as sensor_msgs/Joy, or read from the kernel.
"""
from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Protocol
from weakref import WeakValueDictionary

from il_ros.errors import ConfigError
from il_ros.teleop.bi_device import BiDevice, HANDS
from il_ros.teleop.buttons import asked, Buttons
from il_ros.teleop.device import Device, DeviceContext, Intent
from il_ros.teleop.event_keys import EventKeys, open_keys
from il_ros.teleop.inputs import Guard, Input, JOY_SILENT_NS, Pad

DEAD_MEN = frozenset(('dead_man', *HANDS))
# A device is taken once, and those of several robots share it.
OPENED: WeakValueDictionary[str, EventKeys] = WeakValueDictionary()


@dataclass(frozen=True)
class PedalButtons(Buttons):
    """Which button means what; None: none does.

    Attributes:
        left: Dead-man switch of the first of two devices alone; `dead_man` is that of both.
        right: Of the second.
    """

    left: int | None = None
    right: int | None = None


ALL = frozenset(f.name for f in fields(PedalButtons))


@dataclass(frozen=True)
class PedalSettings:
    """Settings of a pedal.

    Attributes:
        device: What the kernel calls it, or its file; '' hears its Joy.
        topic: Its Joy, as of joy's `joy_node` with `autorepeat_rate` as it is.
        buttons: What they mean: numbers in the Joy, or the kernel's codes of the keys.
    """

    device: str = ''
    topic: str = 'pedal/joy'
    buttons: PedalButtons = field(default_factory=PedalButtons)


class Box(Protocol):
    """Where the buttons come from.

    Attributes:
        wants: The topics that it listens to.
    """

    wants: tuple[Input, ...]

    def held(self, context: DeviceContext) -> frozenset[str]:
        """Return what the buttons that are held mean.

        Raises:
            Silent: Nobody knows; the text says why.
        """

    def notice(self) -> str:
        """Return what the person has to know, '' for nothing."""

    def close(self) -> None:
        """Give it back."""


class Silent(Exception):
    """Nobody knows what is held: it says what is the matter, and what was while it was held."""


class JoyBox:
    """A box whose Joy is heard."""

    def __init__(self, topic: str, buttons: Buttons) -> None:
        """Take the topic, and what the buttons mean."""
        self.wants: tuple[Input, ...] = (Input('pedal', 'joy', topic),)
        self._guard, self._buttons = Guard('pedal', JOY_SILENT_NS), buttons

    def held(self, context: DeviceContext) -> frozenset[str]:
        """Return what is held; see `Box`."""
        pad = self._guard.take(context.heard.get('pedal'), context.now_ns)
        if not isinstance(pad, Pad):
            raise Silent('nothing is heard of it', 'silent while it was pressed: let go; check '
                                                   'its cable')
        for name, number in self._buttons.numbers.items():
            if number >= len(pad.buttons):
                raise Silent(f'{name}: button {number}: there are {len(pad.buttons)}, counted '
                             'from 0')
        return self._buttons.meant([n for n, on in enumerate(pad.buttons) if on])

    def notice(self) -> str:
        """Nothing to say; see `Box`."""
        return ''

    def close(self) -> None:
        """Nothing to give back."""


class KeyBox:
    """A box whose keys are read from the kernel."""

    wants: tuple[Input, ...] = ()

    def __init__(self, keys: EventKeys, buttons: Buttons) -> None:
        """Take the keys, and what they mean."""
        self._keys, self._buttons = keys, buttons

    def held(self, context: DeviceContext) -> frozenset[str]:
        """Return what is held; see `Box`."""
        held = self._keys.held(context.now_ns)
        if held is None:
            raise Silent('it is unplugged', 'unplugged while it was pressed: let go; plug it in '
                                            'and press it anew')
        return self._buttons.meant(held)

    def notice(self) -> str:
        """Return which key was pressed that means nothing; see `Box`."""
        strange = [key for key in self._keys.pressed if key not in self._buttons.numbers.values()]
        return (f'pedal: key {strange[0]} was pressed and means nothing; name it under buttons in '
                'its settings') if strange else ''

    def close(self) -> None:
        """Give the device back."""
        self._keys.close()


def open_box(settings: PedalSettings) -> Box:
    """Open what the settings name.

    Raises:
        ConfigError: It cannot be opened.
    """
    if not settings.device:
        return JoyBox(settings.topic, settings.buttons)
    if (keys := OPENED.get(settings.device)) is None:
        OPENED[settings.device] = keys = open_keys(settings.device)
    return KeyBox(keys, settings.buttons)


class WithPedal:
    """A device and a pedal as one: the pedal's dead-man switch is the device's.

    A pedal that falls silent or is unplugged is let go, also while it is pressed; what is held
    while it is first heard is no press. Without a dead-man button the device keeps its own.
    """

    def __init__(self, device: Device, box: Box, buttons: Buttons) -> None:
        """Take the device, the pedal and which dead-man buttons it has.

        Raises:
            ConfigError: It has a switch for each of two devices, and there is one.
        """
        self._device, self._box = device, box
        self._switches = DEAD_MEN & buttons.numbers.keys()
        if self._switches - {'dead_man'} and not isinstance(device, BiDevice):
            raise ConfigError('pedal: left and right are for two devices, as in leader+leader; '
                              'expected dead_man alone')
        self.name, self.absolute, self.notice = device.name, device.absolute, ''
        self.wants = (*device.wants, *box.wants)
        self._forget()

    def _forget(self) -> None:
        self._before, self._waits, self._heard = ALL, DEAD_MEN, False

    def read(self, context: DeviceContext) -> Intent | None:
        """Return what the device says, with what the pedal asks for; see `Device`."""
        held, problem = self._held(context)
        pressed = held - self._before
        if not problem:
            # What is held while it is first heard counts once it was released.
            self._before, self._waits = held, self._waits & held
        driving = (held & DEAD_MEN) - self._waits
        intent = self._device.read(replace(
            context, dead_man='dead_man' in driving if self._switches else None,
            hands=driving - {'dead_man'}, grip='gripper' in pressed))
        self.notice = problem or self._device.notice or self._box.notice()
        if intent is None:
            return None
        request, capture = asked(pressed)
        return replace(intent, request=request or intent.request,
                       capture=capture or intent.capture)

    def reset(self, seed: int) -> None:
        """Let go until the pedal is pressed anew."""
        self._device.reset(seed)
        self._forget()

    def close(self) -> None:
        """Give both back."""
        self._device.close()
        self._box.close()

    def _held(self, context: DeviceContext) -> tuple[frozenset[str], str]:
        try:
            held = self._box.held(context)
        except Silent as silence:
            was_held = DEAD_MEN & self._before and self._heard
            self._forget()
            return frozenset(), f'pedal: {silence.args[-1 if was_held else 0]}'
        self._heard = True
        return held, ''
