"""What the arbiter decides: who is in control, and what goes to the gate."""
from __future__ import annotations

from dataclasses import dataclass

from il_ros.errors import IlRosError
from il_ros.types import ControlSource, Floats, Mode
import numpy as np
from numpy.typing import NDArray

HUMAN_MODES = (Mode.TELEOP, Mode.CORRECTING, Mode.ALIGNING)
NOT_BY_ITSELF = (Mode.AUTONOMOUS, Mode.CORRECTING, Mode.ALIGNING)   # somebody has to lead there


class TransitionError(IlRosError):
    """The mode does not allow what was asked for."""


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
        source: Whose row it is; a person's in a correction, whatever part of it the policy keeps.
        state: Measured positions [rad] or [m]. Shape (J,).
        human: What the driving device asks of the robot, NaN of joints that it does not drive;
            None when none drives. Shape (J,).
        policy: What the policy wants, sent or not; None where it is silent. Shape (J,).
        leader: Where an actuated leader is to go, NaN of joints that a person drives; None where
            it is free. Shape (J,).
        sources: Whose each position is, None where all are `source`'s. Shape (J,).
    """

    positions: Floats
    source: ControlSource
    state: Floats
    human: Floats | None
    policy: Floats | None
    leader: Floats | None = None
    sources: NDArray[np.uint8] | None = None


class Control:
    """The state of control and its history.

    Attributes:
        state: At present.
        changes: In order, since whoever tells them emptied the list.
    """

    def __init__(self, mode: Mode) -> None:
        """Begin in epoch 1."""
        self.state = ControlState(mode, 1, 'started', 'operator')
        self.changes = [self.state]

    @property
    def mode(self) -> Mode:
        """The present mode."""
        return self.state.mode

    def enter(self, mode: Mode, reason: str, who: str) -> None:
        """Begin a new epoch."""
        self._set(ControlState(mode, self.state.epoch + 1, reason, who))

    def change(self, mode: Mode, reason: str, who: str) -> None:
        """Go on in the present epoch."""
        self._set(ControlState(mode, self.state.epoch, reason, who))

    def require(self, what: str, allowed: bool, expected: str, why: str) -> None:
        """Refuse what the mode does not allow.

        Raises:
            TransitionError: It is not allowed.
        """
        if not allowed:
            raise TransitionError(f'{what}: expected {expected}, the mode is {self.mode.name}: '
                                  f'{why}')

    def _set(self, state: ControlState) -> None:
        self.state = state
        self.changes.append(state)
