"""The simulation as a robot on a network: stamps, what is due when, commands in absolute time."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from il_ros.controller import Times
from il_ros.sim.simulation import Simulation
from il_ros.timing import MILLISECOND, SECOND
from il_ros.types import Floats
import numpy as np

PERIOD_NS, PERIOD_STEPS = 10 * MILLISECOND, 6   # of joint states and poses
CLOCK_START_NS = SECOND    # of a clock of its own: a stamp of 0 would mean 'now'
TOLERANCE_NS = 5 * MILLISECOND


class Moment(NamedTuple):
    """A state of the simulation that is to be published, and as what."""

    stamp_ns: int
    images: bool
    state: bool


class SimulatedRobot:
    """Maps the simulation's time since the reset onto stamps.

    Each period of 10 ms publishes one state; the first period after a reset publishes the start.

    Args:
        simulation: Just reset.
    """

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation
        self._next_ns = self._base_ns = CLOCK_START_NS
        self._begun = False

    @property
    def stamp_ns(self) -> int:
        """Stamp of the simulation's present state [ns]."""
        return self._base_ns + self.simulation.now_ns

    def reset(self, seed: int, disturb: bool, action_noise: float) -> int:
        """Start an episode at the next period; returns the stamp of its start [ns]."""
        self.simulation.reset(seed, disturb, action_noise)
        self._base_ns, self._begun = self._next_ns, False
        return self._base_ns

    def keep_time(self, due_ns: int) -> None:
        """Let the next period be stamped `due_ns` if it would be off by more than 5 ms."""
        off_ns = due_ns - self._next_ns
        if abs(off_ns) > TOLERANCE_NS:
            self._next_ns += off_ns
            self._base_ns += off_ns

    def advance(self) -> Iterator[Moment]:
        """Simulate one period; yields at each state to publish, before going on."""
        simulation = self.simulation
        end = simulation.steps + (PERIOD_STEPS if self._begun else 0)
        self._next_ns += PERIOD_NS
        while simulation.steps < end or not self._begun:
            if self._begun:
                to_tick = simulation.tick_steps - simulation.steps % simulation.tick_steps
                simulation.step(min(end - simulation.steps, to_tick))
            self._begun = True
            images, state = simulation.steps % simulation.tick_steps == 0, simulation.steps == end
            if images or state:
                yield Moment(self.stamp_ns, images, state)

    def lead(self, on: bool) -> None:
        """Let a person lead the arms, or hold them where they are; grippers stay as told."""
        simulation = self.simulation
        simulation.led.lead(on)
        told, now = simulation.setpoints(simulation.now_ns)[0], np.array([simulation.now_ns])
        here = np.where(simulation.contract.is_gripper, told, simulation.positions)
        simulation.follow(here[None], now, simulation.now_ns)

    def follow(self, positions: Floats, after_ns: Times, start_stamp_ns: int = 0,
               columns: Sequence[int] | None = None) -> Times | None:
        """Take a trajectory.

        Args:
            positions: Of the columns. Shape (K, n).
            after_ns: When each point is due, from the start [ns]. Shape (K,).
            start_stamp_ns: When it starts; 0 is now.
            columns: Of the contract, those of whole parts of the robot; all when None.

        Returns:
            The stamps at which the points are due [ns], shape (K,); None if all are past.
        """
        start_ns = start_stamp_ns - self._base_ns if start_stamp_ns else self.simulation.now_ns
        taken = self.simulation.follow(positions, start_ns + after_ns, start_ns, columns)
        return self._base_ns + start_ns + after_ns if taken else None
