"""What the scripted operators of all robots share: their hands, and the time between two looks."""
from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from il_ros.teleop.scripted.arm import ScriptedArm
from il_ros.timing import to_s
from il_ros.types import Floats
import numpy as np

STEP = 1e-3, 0.1    # the time from one look to the next counts within these [s]


class ScriptedHands(ABC):
    """A person who does a task of the simulation, from any state, watching what happens.

    What is wanted follows from the present state alone; the hand on the way there wanders a
    little, varies its speed and pauses at times. Targets stay inside the contract's limits of
    velocity and acceleration.

    Args:
        arms: What it moves.
        seed: Decides how the hands move.
    """

    def __init__(self, arms: Sequence[ScriptedArm], seed: int) -> None:
        self._arms = arms
        self.reset(seed)

    def reset(self, seed: int) -> None:
        """Begin an episode with the habits of another seed."""
        self._begin(np.random.default_rng(seed))
        self._last_ns: int | None = None

    def act(self, state: Floats, environment: Floats, now_ns: int,
            following: bool = True) -> Floats:
        """Return the joint targets for now.

        Call it all the time, also while another drives.

        Args:
            state: Measured joint positions [rad] or [m]. Shape (J,).
            environment: Poses as the contract says. Shape (7 * P,).
            now_ns: The present time [ns].
            following: Whether the robot obeys these targets. While it does not, each target is
                one small step from the measured state, so that a take-over begins without a jump.

        Returns:
            Absolute joint targets [rad] or [m]. Shape (J,).
        """
        if self._last_ns is None or not following:
            self._take_up(state)
        dt = float(np.clip(to_s(now_ns - (self._last_ns or 0)), *STEP))
        self._last_ns = now_ns
        return self._targets(state, environment, dt, now_ns, following)

    def _begin(self, rng: np.random.Generator) -> None:
        """Draw what differs from one episode to the next."""
        for arm in self._arms:
            arm.begin(rng)

    def _take_up(self, state: Floats) -> None:
        """Begin from what is measured. Shape (J,)."""
        for arm in self._arms:
            arm.take_up(state[arm.columns])

    @abstractmethod
    def _targets(self, state: Floats, environment: Floats, dt: float, now_ns: int,
                 following: bool) -> Floats:
        """Return the joint targets `dt` [s] after the last ones; see `act`."""
