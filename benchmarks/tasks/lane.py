"""Lane: a car with a one-dimensional camera keeps to a winding road, and is kicked off its course.

After ALVINN (Pomerleau 1989) and the argument of Ross et al. 2011 (arXiv:1011.0686): the
demonstrator never leaves the middle of the road, so a policy that only saw demonstrations does not
know the pictures from beside it. 72 pixels show the road a little ahead; the action is the
steering. One kick turns the car at an unforeseen moment; the demonstrator drives well after it.
"""
from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

PIXELS, ACTIONS = 72, 1
SECONDS_PER_STEP = 0.1
STEPS = 120                # of an episode
SPEED = 0.1                # along the road per step; half a road's width is 1
SIGHT = 0.8                # how far ahead the camera looks
VIEW = 2.0                 # what it sees to either side
LINE = 0.15                # width of the line in the picture
STEER = 0.35               # largest change of the heading per step [rad]
OFF = 1.0                  # so far from the middle the car is off the road
KICK = (0.6, 1.0)          # change of the heading by a kick [rad]
SWERVE, BACK = 0.45, 0.12  # the person takes over, and hands back, at this distance ahead


class Lane:
    """One car. The same seed and actions give the same drive.

    Attributes:
        observation: What the camera shows now. Shape (72,).
    """

    name = 'lane'
    seconds_per_step = SECONDS_PER_STEP
    steps = STEPS

    def reset(self, seed: int, disturbed: bool = True) -> Array:
        """Start a drive; return the first picture.

        Args:
            seed: Decides road, start and kick.
            disturbed: With a kick.
        """
        road, start = (np.random.default_rng([seed, k]) for k in range(2))
        self._curve = 0.06 * np.sin(np.arange(STEPS + 1) * road.uniform(0.03, 0.08)
                                    + road.uniform(0, 6)) * road.uniform(0.3, 1.0)
        self._kick_at = start.integers(15, STEPS - 45) if disturbed else STEPS
        self._kick = start.choice([-1.0, 1.0]) * start.uniform(*KICK)
        self._offset, self._heading = start.uniform(-0.1, 0.1), start.uniform(-0.05, 0.05)
        self._step, self.failed = 0, False
        return self._look()

    def step(self, action: Array) -> tuple[Array, bool, bool]:
        """Steer for one step; return the picture, whether the drive is over, and whether well."""
        self._heading += float(np.clip(action[0], -1, 1)) * STEER + self._curve[self._step]
        if self._step == self._kick_at:
            self._heading += self._kick
        self._heading = float(np.clip(self._heading, -1.3, 1.3))
        self._offset += SPEED * np.sin(self._heading)
        self._step += 1
        self.failed = abs(self._offset) > OFF
        done = self.failed or self._step == STEPS
        return self._look(), done, done and not self.failed

    def expert(self) -> Array:
        """Return the demonstrator's steering: towards the line ahead. Shape (1,)."""
        return np.clip(np.array([-0.9 * self._ahead]) / STEER, -1, 1)

    def errs(self) -> bool:
        """Return whether a person who watches would take over."""
        return abs(self._ahead) > SWERVE

    def recovered(self) -> bool:
        """Return whether a person who drives would hand back."""
        return abs(self._ahead) < BACK and abs(self._offset) < BACK

    @property
    def _ahead(self) -> float:
        return float(self._offset + SIGHT * np.sin(self._heading))

    def _look(self) -> Array:
        at = np.linspace(-VIEW, VIEW, PIXELS)
        return np.exp(-((at + self._ahead) / LINE) ** 2)
