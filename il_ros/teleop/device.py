"""What a teleoperation device is."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from il_ros.config import OneOf
from il_ros.teleop.inputs import Heard, Input
from il_ros.types import Floats, Mode, Request
import numpy as np
from numpy.typing import NDArray

ENGAGE = OneOf(('always', 'supervised', 'never'))   # when a scripted operator drives


class Capture(Enum):
    """What an operator asks of the recorder."""

    START = 'start'
    SUCCESS = 'success'
    FAILURE = 'failure'
    DISCARD = 'discard'


@dataclass(frozen=True)
class DeviceContext:
    """What a device may know when it is read.

    Attributes:
        state: Measured joint positions in contract order [rad] or [m]. Shape (J,).
        environment: Poses as the contract says, (0,) where there are none. Shape (7 * P,).
        now_ns: ROS time [ns].
        mode: Who controls the robot.
        heard: The newest of each input that the device `wants`, by its name.
        help: Who asks for the operator, and why; '' for nobody.
        dead_man: Whether the dead-man switch beside the device, a pedal, is held; None where there
            is none, and the device has its own.
        hands: Of two devices, those whose own dead-man switch is held there: 'left', 'right'.
        grip: In this reading, the button beside the device that moves the gripper was pressed.
        robot: Which of several robots this is; '' where there is only one.
        asking: The other robots that ask for the operator, who asked first coming first.
        velocities: Which columns are those of a base; none when False. Shape (J,).
    """

    state: Floats
    environment: Floats
    now_ns: int
    mode: Mode
    heard: Mapping[str, Heard] = field(default_factory=dict)
    help: str = ''
    dead_man: bool | None = None
    hands: frozenset[str] = frozenset()
    grip: bool = False
    robot: str = ''
    asking: tuple[str, ...] = ()
    velocities: NDArray[np.bool_] | bool = False


@dataclass(frozen=True)
class Intent:
    """What the operator wants.

    Attributes:
        engaged: The dead-man switch is held: the operator drives, or wants to.
        positions: Absolute joint targets in contract order [rad] or [m], and velocities of a
            base [m/s] or [rad/s]. While nobody is engaged the measured positions, and zeros, of
            an absolute device its own. Shape (J,).
        request: Asked for in this reading only.
        capture: Asked of the recorder in this reading only.
        switch: In this reading, the operator wants to drive another one of several robots.
        parts: Which of the robot's parts the operator drives, by name; none for all of them.
    """

    engaged: bool
    positions: Floats
    request: Request = Request.NONE
    capture: Capture | None = None
    switch: bool = False
    parts: frozenset[str] = frozenset()


class Device(Protocol):
    """Turns what an operator does into joint targets.

    `read` is called at the control rate and never blocks. Targets start from the measured position
    whenever the operator engages, so that the robot does not jump; what steers by velocities moves
    it only once it has been at rest since then (`Hand.at_rest`). An absolute device, which has a
    pose of its own, says that one also while nobody is engaged.

    Attributes:
        name: Of the device.
        wants: The topics that it listens to.
        absolute: Whether it has a pose of its own that the robot takes on.
        notice: What the operator has to know about the device now; '' for nothing.
    """

    name: str
    wants: tuple[Input, ...]
    absolute: bool
    notice: str

    def read(self, context: DeviceContext) -> Intent | None:
        """Return what the operator wants now, None when the device cannot tell."""

    def reset(self, seed: int) -> None:
        """Begin an episode: let go, and forget the one before."""

    def close(self) -> None:
        """Give the device back as it was."""
