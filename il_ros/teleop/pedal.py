"""A pedal or button box beside any device, from sensor_msgs/Joy: `leader+pedal`."""
from __future__ import annotations

from dataclasses import dataclass, field, fields, replace

from il_ros.config import Range
from il_ros.errors import ConfigError
from il_ros.teleop.bi_device import BiDevice, HANDS
from il_ros.teleop.device import Capture, Device, DeviceContext, Intent
from il_ros.teleop.inputs import Guard, Input, JOY_SILENT_NS, Pad
from il_ros.types import Request

CAPTURES = {capture.value: capture for capture in Capture}
REQUESTS = {'pause': Request.PAUSE, 'rewind': Request.REWIND}
DEAD_MEN = frozenset(('dead_man', *HANDS))
NUMBER = Range(0, 63)


@dataclass(frozen=True)
class PedalButtons:
    """Which button means what; None: none does.

    Attributes:
        dead_man: Of the device, or of both.
        left: Dead-man switch of the first of two devices alone.
        right: Of the second.
    """

    dead_man: int | None = 0
    left: int | None = None
    right: int | None = None
    gripper: int | None = None
    start: int | None = None
    success: int | None = None
    failure: int | None = None
    discard: int | None = None
    pause: int | None = None
    rewind: int | None = None

    def __post_init__(self) -> None:
        for name, number in self.numbers.items():
            NUMBER.check(name, number)
        given = [*self.numbers.values()]
        if twice := [number for number in given if given.count(number) > 1]:
            raise ConfigError(f'button {twice[0]} means two things; expected each once')

    @property
    def numbers(self) -> dict[str, int]:
        """The buttons that mean something."""
        return {name: number for name, number in vars(self).items() if number is not None}

    def held(self, pad: Pad) -> frozenset[str]:
        """Return what the buttons that are held mean.

        Raises:
            ConfigError: There are fewer buttons.
        """
        known = self.numbers
        if beyond := [name for name, number in known.items() if number >= len(pad.buttons)]:
            raise ConfigError(f'{beyond[0]}: button {known[beyond[0]]}: there are '
                              f'{len(pad.buttons)}, counted from 0')
        return frozenset(name for name, number in known.items() if pad.buttons[number])


@dataclass(frozen=True)
class PedalSettings:
    """Settings of a pedal.

    Attributes:
        topic: Its Joy, as of joy's `joy_node` with `autorepeat_rate` as it is.
        buttons: What they mean.
    """

    topic: str = 'pedal/joy'
    buttons: PedalButtons = field(default_factory=PedalButtons)


class WithPedal:
    """A device and a pedal as one: the pedal's dead-man switch is the device's.

    A pedal that falls silent is let go, also one that was unplugged while pressed; what is held
    while it is first heard is no press. Without a dead-man button the device keeps its own.
    """

    def __init__(self, device: Device, settings: PedalSettings) -> None:
        """Take the device and the settings of the pedal.

        Raises:
            ConfigError: It has a switch for each of two devices, and there is one.
        """
        self._switches = DEAD_MEN & settings.buttons.numbers.keys()
        if self._switches - {'dead_man'} and not isinstance(device, BiDevice):
            raise ConfigError('pedal: left and right are for two devices, as in leader+leader; '
                              'expected dead_man alone')
        self._device, self._buttons = device, settings.buttons
        self._guard = Guard('pedal', JOY_SILENT_NS)
        self.name, self.absolute, self.notice = device.name, device.absolute, ''
        self.wants = (*device.wants, Input('pedal', 'joy', settings.topic))
        self._forget()

    def _forget(self) -> None:
        self._before = frozenset(f.name for f in fields(PedalButtons))
        self._waits, self._heard = DEAD_MEN, False

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
        self.notice = problem or self._device.notice
        if intent is None:
            return None
        request = next((REQUESTS[name] for name in REQUESTS if name in pressed), intent.request)
        capture = next((CAPTURES[name] for name in CAPTURES if name in pressed), intent.capture)
        return replace(intent, request=request, capture=capture)

    def reset(self, seed: int) -> None:
        """Let go until the pedal is pressed anew."""
        self._device.reset(seed)
        self._forget()

    def close(self) -> None:
        """Give the device back."""
        self._device.close()

    def _held(self, context: DeviceContext) -> tuple[frozenset[str], str]:
        pad = self._guard.take(context.heard.get('pedal'), context.now_ns)
        if not isinstance(pad, Pad):
            was_held = DEAD_MEN & self._before and self._heard
            self._forget()
            return frozenset(), ('pedal: silent while it was pressed: let go; check its cable'
                                 if was_held else 'pedal: nothing is heard of it')
        self._heard = True
        try:
            return self._buttons.held(pad), ''
        except ConfigError as error:
            self._forget()
            return frozenset(), f'pedal: {error}'
