"""What a teleoperation device is."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from il_ros.types import Floats, Mode, Request
import numpy as np
from numpy.typing import NDArray

ENGAGE = ('always', 'supervised', 'never')   # when a scripted operator drives


class Capture(Enum):
    """What an operator asks of the recorder."""

    START = 'start'
    SUCCESS = 'success'
    FAILURE = 'failure'
    DISCARD = 'discard'


@dataclass(frozen=True)
class Pad:
    """What a gamepad said last; `layout` tells what its axes and buttons are.

    Attributes:
        axes: Sticks and triggers, each -1 to 1.
        buttons: Each 0 or 1.
        heard_ns: ROS time at which it came [ns].
    """

    axes: tuple[float, ...]
    buttons: tuple[int, ...]
    heard_ns: int


@dataclass(frozen=True)
class DeviceContext:
    """What a device may know when it is read.

    Attributes:
        state: Measured joint positions in contract order [rad] or [m]. Shape (J,).
        environment: Poses as the contract says, (0,) where there are none. Shape (7 * P,).
        now_ns: ROS time [ns].
        mode: Who controls the robot.
        pad: The gamepad, None where none was heard.
        help: Who asks for the operator, and why; '' for nobody.
        pads: The gamepads of a device for two arms, by 'left' and 'right'.
        robot: Which of several robots this is; '' where there is only one.
        asking: The other robots that ask for the operator, who asked first coming first.
        velocities: Which columns are those of a base; none when False. Shape (J,).
    """

    state: Floats
    environment: Floats
    now_ns: int
    mode: Mode
    pad: Pad | None = None
    help: str = ''
    pads: Mapping[str, Pad] = field(default_factory=dict)
    robot: str = ''
    asking: tuple[str, ...] = ()
    velocities: NDArray[np.bool_] | bool = False


@dataclass(frozen=True)
class Intent:
    """What the operator wants.

    Attributes:
        engaged: The dead-man switch is held: the operator drives, or wants to.
        positions: Absolute joint targets in contract order [rad] or [m], and velocities of a
            base [m/s] or [rad/s]; while nobody is engaged the measured positions, and zeros.
            Shape (J,).
        request: Asked for in this reading only.
        capture: Asked of the recorder in this reading only.
        switch: In this reading, the operator wants to drive another one of several robots.
    """

    engaged: bool
    positions: Floats
    request: Request = Request.NONE
    capture: Capture | None = None
    switch: bool = False


class Device(Protocol):
    """Turns what an operator does into joint targets.

    `read` is called at the control rate and never blocks. Targets start from the measured position
    whenever the operator engages, so that the robot does not jump; what steers by velocities moves
    it only once it has been at rest since then (`Hand.at_rest`).

    Attributes:
        name: Of the device.
        notice: What the operator has to know about the device now; '' for nothing.
    """

    name: str
    notice: str

    def read(self, context: DeviceContext) -> Intent | None:
        """Return what the operator wants now, None when the device cannot tell."""

    def reset(self, seed: int) -> None:
        """Begin an episode: let go, and forget the one before."""

    def close(self) -> None:
        """Give the device back as it was."""
