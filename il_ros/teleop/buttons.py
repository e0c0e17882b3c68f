"""What buttons mean that stand beside a device or on it, whatever they are read from."""
from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from il_ros.config import Range
from il_ros.errors import ConfigError
from il_ros.teleop.device import Capture
from il_ros.types import Request

CAPTURES = {capture.value: capture for capture in Capture}
REQUESTS = {'pause': Request.PAUSE, 'rewind': Request.REWIND}
NUMBER = Range(0, 767)    # the kernel's highest code of a key


@dataclass(frozen=True)
class Buttons:
    """Which button means what; None: none does."""

    dead_man: int | None = 0
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

    def meant(self, held: Collection[int]) -> frozenset[str]:
        """Return what the buttons of these numbers mean."""
        return frozenset(name for name, number in self.numbers.items() if number in held)


def asked(pressed: Collection[str]) -> tuple[Request | None, Capture | None]:
    """Return what the buttons that were just pressed ask of arbiter and recorder."""
    return (next((REQUESTS[name] for name in REQUESTS if name in pressed), None),
            next((CAPTURES[name] for name in CAPTURES if name in pressed), None))
