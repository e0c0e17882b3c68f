"""A recorded episode once more in the simulation."""
from __future__ import annotations

from dataclasses import dataclass

from il_ros.angles import Angles
from il_ros.contract import POSE_SIZE
from il_ros.evaluation.recording import Recording, timed_actions
from il_ros.planning.trajectory import straight
from il_ros.sim.simulation import Simulation
from il_ros.types import Floats
import numpy as np

SETTLE_TICKS = 15
MOVABLE = ('cube', 'box')


@dataclass(frozen=True)
class Replay:
    """What came of it.

    Attributes:
        states: Joint positions at the ticks of the recording [rad] or [m]. Shape (N, J).
        differences: Replayed less recorded positions. Shape (N, J).
        success: The task was done at the end.
    """

    states: Floats
    differences: Floats
    success: bool

    @property
    def largest(self) -> Floats:
        """Largest difference of each joint [rad] or [m]. Shape (J,)."""
        return np.asarray(np.abs(self.differences).max(axis=0))


class Playback:
    """A recording on its way through the simulation.

    The arm drives to the first state before the objects are put where they were, so that it
    cannot move them on the way. Where nobody knows where they were, they stay.

    Raises:
        ConfigError: The simulation cannot be this robot.
    """

    def __init__(self, recording: Recording, task: str = 'PickPlace') -> None:
        contract = recording.contract
        self.simulation = Simulation(contract, task)
        way = straight(self.simulation.positions, recording.states[0], contract.velocity / 2,
                       contract.acceleration / 2, contract.period_ns)
        for target in [*way, *[recording.states[0]] * SETTLE_TICKS]:
            self.step(target)
        poses = contract.poses
        first = recording.environments[0].reshape(-1, POSE_SIZE)
        for name, pose in zip(poses.names if poses and len(first) else (), first, strict=True):
            if name in MOVABLE:
                self.simulation.place(name, pose[:3].tolist(), pose[3:].tolist())

    def step(self, target: Floats) -> Floats:
        """Command joint targets for one period; return the positions after it. Shape (J,)."""
        self.simulation.command(target)
        self.simulation.step(self.simulation.tick_steps)
        return self.simulation.positions


def replay(recording: Recording, task: str = 'PickPlace') -> Replay:
    """Repeat the actions of a recording from its first state.

    Raises:
        ConfigError: The simulation cannot be this robot.
    """
    playback = Playback(recording, task)
    states = [playback.simulation.positions]
    states += [playback.step(action) for action in timed_actions(recording)]
    seen = np.array(states)[recording.ticks - recording.ticks[0]]
    differences = Angles.of(recording.contract).difference(seen, recording.states)
    return Replay(seen, differences, playback.simulation.success)
