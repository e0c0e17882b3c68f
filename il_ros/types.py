"""Plain data that travels along the data path."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Pixels = NDArray[np.uint8]
# What a camera shows: rgb `Pixels` (H, W, 3); or distances [m], float32 (H, W, 1), 0 for unknown.
View = NDArray[Any]


class ControlSource(IntEnum):
    """Who a command comes from; the values of `Command.source` and of the dataset column."""

    POLICY = 0
    HUMAN = 1
    HOLD = 2
    ARBITER = 3   # it brings robot and device together, or rewinds


# In the dataset's column alone, apart from the values of commands: the policy drove, the action is
# what an expert would have done.
LABELLED = 10
# There alone, too: a person led the arm by hand, the action is where it went.
GUIDED = 11
PERSON = (ControlSource.HUMAN, GUIDED)
GUIDED_RULE = 'guided'   # of the gate's reports meanwhile: it sends no arm anything


class Mode(IntEnum):
    """Who controls the robot; the values of `ControlMode.mode`."""

    TELEOP = 0
    AUTONOMOUS = 1
    PAUSED = 2
    ALIGNING = 3
    CORRECTING = 4
    HOLD = 5


class Request(IntEnum):
    """What an operator asks for; the values of `TeleopCommand.request`."""

    NONE = 0
    TAKE_OVER = 1
    HAND_BACK = 2
    PAUSE = 3
    REWIND = 4


class Verdict(IntEnum):
    """What the gate did with a command; the values of `CommandReport.verdict`."""

    PASSED = 0
    CLAMPED = 1
    REJECTED = 2
    HELD = 3


@dataclass(frozen=True)
class Observation:
    """What the robot knew at one tick.

    Attributes:
        stamp_ns: The tick [ns since the epoch of the clock in use].
        state: Measured joint positions in contract order [rad] or [m]. Shape (J,).
        environment: Poses in contract order, each x y z [m] and qx qy qz qw. Shape (7 * P,);
            (0,) where the contract names no poses.
        images: What each camera shows, by its name: rgb, shape (H, W, 3) uint8; of a camera with
            `depth` in the contract distances [m], shape (H, W, 1) float32, 0 where unknown.
        ages_ns: Age of the sample behind each stream at the tick.
        task: What the robot shall do, in words; '' leaves it to the policy's contract.
        past: Observations of the ticks since the last one that the policy was given, oldest
            first: what a policy with a history needs to know besides.
    """

    stamp_ns: int
    state: Floats
    environment: Floats
    images: Mapping[str, View] = field(default_factory=dict)
    ages_ns: Mapping[str, int] = field(default_factory=dict)
    task: str = ''
    past: tuple[Observation, ...] = ()
