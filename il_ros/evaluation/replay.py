"""A recorded episode once more in the simulation."""
from __future__ import annotations

from dataclasses import dataclass

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


def replay(recording: Recording, task: str = 'PickPlace') -> Replay:
    """Repeat the actions of a recording from its first state.

    The arm drives to the first state before the objects are put where they were, so that it
    cannot move them on the way.

    Raises:
        ConfigError: The simulation cannot be this robot.
    """
    contract = recording.contract
    simulation = Simulation(contract, task)
    way = straight(simulation.positions, recording.states[0], contract.velocity / 2,
                   contract.acceleration / 2, contract.period_ns)
    for target in [*way, *[recording.states[0]] * SETTLE_TICKS]:
        _step(simulation, target)
    _place(simulation, recording)
    states = [simulation.positions]
    for action in timed_actions(recording):
        _step(simulation, action)
        states.append(simulation.positions)
    seen = np.array(states)[recording.ticks - recording.ticks[0]]
    return Replay(seen, seen - recording.states, simulation.success)


def _step(simulation: Simulation, target: Floats) -> None:
    simulation.command(target)
    simulation.step(simulation.tick_steps)


def _place(simulation: Simulation, recording: Recording) -> None:
    poses = recording.contract.poses
    first = recording.environments[0].reshape(-1, POSE_SIZE)
    for name, pose in zip(poses.names if poses else (), first, strict=True):
        if name in MOVABLE:
            simulation.place(name, pose[:3].tolist(), pose[3:].tolist())
