"""The interface that every policy has."""
from __future__ import annotations

from typing import NamedTuple, Protocol

from il_ros.contract import Contract
from il_ros.types import Floats, Observation
import numpy as np


class Policy(Protocol):
    """Turns what the robot knows into what it shall do next.

    Attributes:
        contract: The robot that it was made for.
        horizon: Rows of a chunk, H.
        cameras: Names of the cameras that `infer` needs.
    """

    contract: Contract
    horizon: int
    cameras: tuple[str, ...]

    def infer(self, observation: Observation) -> Floats:
        """Return the next joint targets.

        Returns:
            Absolute joint positions in contract order [rad] or [m], row 0 for the tick after the
            observation, one contract period between rows. Shape (H, J), float64.
        """
        ...

    def reset(self) -> None:
        """Forget everything before now: an episode starts or the control changed hands."""
        ...


class Description(NamedTuple):
    """What is known of a policy before it is loaded.

    Attributes:
        contract: The robot that it drives.
        kind: Which network, for people.
        cameras: Names of the cameras that it needs.
        horizon: Most rows of its chunks, H.
    """

    contract: Contract
    kind: str
    cameras: tuple[str, ...]
    horizon: int


def start_observation(contract: Contract, cameras: tuple[str, ...]) -> Observation:
    """Return the robot at its start pose with black images and poses at the origin."""
    environment = np.zeros(contract.environment_size)
    environment[6::7] = 1.0
    sizes = {name: contract.camera(name) for name in cameras}
    return Observation(0, np.array(contract.start), environment, {
        name: np.zeros((camera.height, camera.width, 3), np.uint8)
        for name, camera in sizes.items()})
