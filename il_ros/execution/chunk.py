"""What a policy at work says at a tick: rows, or why there are none."""
from __future__ import annotations

from typing import NamedTuple

from il_ros.types import Floats


class Chunk(NamedTuple):
    """What to publish at a tick.

    Attributes:
        stamp_ns: The tick.
        positions: Row 0 is due at the tick. Shape (h, J).
        observation_ns: Stamp of the newest observation behind it.
        inference_ns: Time in the network for that observation.
        epoch: Control epoch that all its observations belong to.
        uncertainty: How little the policy knows, per row; empty where it cannot tell. Shape (h,).
    """

    stamp_ns: int
    positions: Floats
    observation_ns: int
    inference_ns: int
    epoch: int
    uncertainty: Floats


class Silent(NamedTuple):
    """Why nothing is published at a tick.

    Attributes:
        problem: Somebody should look into it.
        event: It is said at this tick only, so nobody may drop it.
    """

    reason: str
    problem: bool = False
    event: bool = False
