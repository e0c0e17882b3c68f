"""How the arbiter is set up."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from il_ros.config import nearest, OneOf, Range
from il_ros.errors import ConfigError
from il_ros.intervention.handover import HANDOVERS
from il_ros.timing import SECOND, to_ns

AFTER = ('policy', 'pause')


@dataclass(frozen=True)
class Settings:
    """Settings of the arbiter; times in steady time where nothing else is said.

    Attributes:
        silent_s: Longest accepted silence of device, policy or joint states [s].
        handover: How a device comes to drive: 'clutch', 'leader' or 'blend'.
        align_s: How far device and robot may be apart when the device begins to drive: what a
            joint covers in that time at its velocity limit [s of robot time].
        take_over_motion: A device that a person moves by more than that takes over from the
            policy without a dead-man switch; 0 for never [rad] or [m].
        rewind_s: How far a request to rewind goes back [s of robot time in motion].
        answer_s: How long the policy goes on while it asks for help in vain; 0 for ever [s].
        after: Where a correction ends: 'policy' goes on, 'pause' ends the episode (RaC).
    """

    silent_s: Annotated[float, Range(0.001, 10.0)] = 0.1
    handover: Annotated[str, OneOf(HANDOVERS)] = 'blend'
    align_s: Annotated[float, Range(0.001, 10.0)] = 0.1
    take_over_motion: Annotated[float, Range(0.0, 10.0)] = 0.0
    rewind_s: Annotated[float, Range(0.001, 600.0)] = 2.0
    answer_s: Annotated[float, Range(0.0, 3600.0)] = 10.0
    after: Annotated[str, OneOf(AFTER)] = 'policy'

    def __post_init__(self) -> None:
        for name, known in (('handover', tuple(HANDOVERS)), ('after', AFTER)):
            if (value := getattr(self, name)) not in known:
                raise ConfigError(f'{name}: {value!r} is unknown; {nearest(value, list(known))}')
        for name in ('silent_s', 'align_s', 'rewind_s'):
            if (value := getattr(self, name)) <= 0:
                raise ConfigError(f'{name}: expected above 0, got {value}')
        for name in ('take_over_motion', 'answer_s'):
            if (value := getattr(self, name)) < 0:
                raise ConfigError(f'{name}: expected 0 or more, got {value}')

    @property
    def silent_ns(self) -> int:
        """Longest accepted silence [ns]."""
        return to_ns(self.silent_s)

    def rewind_rows(self, period_ns: int) -> int:
        """Return how many rows a rewind goes back."""
        return max(1, round(self.rewind_s * SECOND / period_ns))
