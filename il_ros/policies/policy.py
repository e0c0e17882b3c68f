"""The interface that every policy has."""
from __future__ import annotations

from typing import Protocol

from il_ros.contract import Contract
from il_ros.types import Floats, Observation


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
