"""What makes an episode hard: the object is pushed away, and the arm does not quite obey."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from il_ros.sim.tasks.task import BOX_DISTANCE
from il_ros.types import Floats
import numpy as np

LENGTH = (0.04, 0.08)        # how far the object is pushed [m]
TRIGGER = (0.045, 0.08)      # how near the gripper comes before that [m]
REST_TICKS = 24              # between two pushes
MARGIN = 0.02                # how far out of the area an object may be pushed [m]
OPEN = 0.03                  # a gripper that grasps counts as open from here [m]
SHOVE_STEPS, SHOVE_TIME = 90, 0.15   # how long a push takes, in physics steps and [s]
STIFFNESS, DAMPING, STRENGTH = 400.0, 10.0, 8.0   # of the spring [N/m], [N s/m], [N]


class Pushes:
    """Pushes the object away once or twice in an episode, as the gripper comes near.

    Args:
        rng: Decides everything.
        area: Where the object may be: lower and upper x y [m]. Shape (2, 2).
    """

    def __init__(self, rng: np.random.Generator, area: Floats) -> None:
        self._rng, self._area = rng, area
        self._triggers = list(rng.uniform(*TRIGGER, size=rng.integers(1, 3)))
        self._rest = 0

    def update(self, item: Floats, gap: float, held: bool,
               avoid: Sequence[Floats]) -> Floats | None:
        """Return how far the object is to be pushed from this control tick on, or None.

        Args:
            item: Position of the object [m]. Shape (3,).
            gap: Of the nearest tool from where it would grasp [m].
            held: Whether the gripper touches the object, or is about to hold it.
            avoid: Positions that the object is kept away from [m]. Shape (2,) each.

        Returns:
            Displacement [m]. Shape (2,).
        """
        self._rest -= 1
        near = self._triggers and gap < self._triggers[0]
        if not near or self._rest > 0 or held:
            return None
        angle, length = self._rng.uniform(-np.pi, np.pi), self._rng.uniform(*LENGTH)
        push: Floats = length * np.array([np.cos(angle), np.sin(angle)])
        end = item[:2] + push
        if ((end < self._area[0] - MARGIN).any() or (end > self._area[1] + MARGIN).any()
                or any(np.linalg.norm(end - place) < BOX_DISTANCE - MARGIN for place in avoid)):
            return None
        self._triggers.pop(0)
        self._rest = REST_TICKS
        return push


@dataclass(frozen=True)
class Shove:
    """A push in progress: a spring of bounded force pulls the object along a smooth path.

    Attributes:
        begin: Physics step at which it began.
        start: Where the object was [m]. Shape (2,).
        displacement: Where to, from there [m]. Shape (2,).
    """

    begin: int
    start: Floats
    displacement: Floats

    def over(self, step: int) -> bool:
        """Return whether the push has ended."""
        return step >= self.begin + SHOVE_STEPS

    def force(self, step: int, position: Floats, velocity: Floats) -> Floats:
        """Return the force on the object at a physics step [N]. Shape (2,)."""
        if self.over(step):
            return np.zeros(2)
        share = (step - self.begin) / SHOVE_STEPS
        along = share ** 3 * (10 - 15 * share + 6 * share ** 2)   # minimum jerk
        speed = 30 * share ** 2 * (1 - share) ** 2 / SHOVE_TIME
        force = (STIFFNESS * (self.start + along * self.displacement - position)
                 + DAMPING * (speed * self.displacement - velocity))
        strength = float(np.linalg.norm(force))
        bounded: Floats = force * min(1.0, STRENGTH / max(strength, 1e-9))
        return bounded


class Tremor:
    """Gaussian noise on the setpoint: one value per joint and control tick, linear in between.

    Args:
        rng: Decides everything.
        std: Standard deviation per joint. Shape (J,).
    """

    def __init__(self, rng: np.random.Generator, std: Floats) -> None:
        self._rng, self._std = rng, std
        self._ends = np.zeros((2, len(std)))

    def tick(self) -> None:
        """Draw the noise at the end of the control period that begins now."""
        self._ends = np.stack([self._ends[1], self._rng.normal(0.0, 1.0, len(self._std))
                               * self._std])

    def at(self, shares: Floats) -> Floats:
        """Return the noise at shares of the control period. Shape (n,) -> (n, J)."""
        noise: Floats = self._ends[0] + shares[:, None] * (self._ends[1] - self._ends[0])
        return noise
