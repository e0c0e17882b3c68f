"""One joint of a contract."""
from __future__ import annotations

from dataclasses import dataclass
import math

from il_ros.config import positive
from il_ros.errors import ConfigError

TURN = 2 * math.pi
ABOUT = 0.02   # [rad]; a range that is a whole turn but for so much, as +-3.14, is a whole turn


@dataclass(frozen=True)
class Joint:
    """One commanded joint.

    Attributes:
        position: Lower and upper limit [rad] or [m]; a continuous joint and a
            velocity of a base need none.
        velocity: Limit [rad/s] or [m/s].
        acceleration: Limit [rad/s^2] or [m/s^2].
        jerk: Limit [rad/s^3] or [m/s^3]; none when None.
        continuous: It turns without end: values that differ by whole turns mean the same, and the
            way from one to another is the short one. A `position` of one whole turn says in which
            range its driver reports it and limits nothing; any other is kept, in the turns that
            the driver counts.
    """

    name: str
    position: tuple[float, float] | None
    velocity: float
    acceleration: float
    jerk: float | None = None
    continuous: bool | None = None

    def __post_init__(self) -> None:
        if self.position is not None and not self.position[0] < self.position[1]:
            raise ConfigError(f'joint {self.name!r}: position limits {list(self.position)}: '
                              'expected [lower, upper]')
        positive(velocity=self.velocity, acceleration=self.acceleration,
                  jerk=1.0 if self.jerk is None else self.jerk)

    @property
    def limits(self) -> tuple[float, float]:
        """Lower and upper limit [rad] or [m]; infinite where it turns without end."""
        lower, upper = self.position or (-math.inf, math.inf)
        if self.continuous and abs(upper - lower - TURN) <= ABOUT:
            return -math.inf, math.inf
        return lower, upper
