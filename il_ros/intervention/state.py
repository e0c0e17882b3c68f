"""What the arbiter decides: who is in control, and what goes to the gate."""
from __future__ import annotations

from dataclasses import dataclass

from il_ros.types import ControlSource, Floats, Mode


@dataclass(frozen=True)
class ControlState:
    """Who is in control, since when in counts of `epoch`, and why."""

    mode: Mode
    epoch: int
    reason: str
    who: str


@dataclass(frozen=True)
class Step:
    """What goes to the gate at one tick, and what each side wanted.

    Attributes:
        positions: The row for the gate [rad] or [m]. Shape (J,).
        source: Whose row it is.
        state: Measured positions [rad] or [m]. Shape (J,).
        human: What the driving device wants, None when nobody drives. Shape (J,).
        policy: What the policy wants, sent or not; None where it is silent. Shape (J,).
    """

    positions: Floats
    source: ControlSource
    state: Floats
    human: Floats | None
    policy: Floats | None
