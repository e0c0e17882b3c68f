"""How often a policy asks a part of the robot for more than its limits allow."""
from __future__ import annotations

from collections.abc import Mapping, Sequence

from il_ros.contract import Contract
from il_ros.contract.parts import parts_of
from il_ros.safety.limits import Limits
from il_ros.types import Floats
import numpy as np

SLACK = 1e-3     # of a step at full speed: float32, and what lies on a limit

Shares = Mapping[str, float]


class Asked:
    """Counts, per part, the targets that the gate would change.

    An arm's lie outside its position limits, or further from the last target than its joints
    turn in a tick; a base's are faster than it drives, or change by more than it accelerates.
    Grippers are told to open and close in one row and do not count.

    Args:
        contract: The robot.
        state: Where the episode begins. Shape (J,).
    """

    def __init__(self, contract: Contract, state: Floats) -> None:
        self._limits = limits = Limits.of(contract)
        step = limits.velocity / contract.rate_hz   # of a base's speed: it is its acceleration
        self._margin, self._step = step * SLACK, step * (1 + SLACK)
        self._parts = [(part.name, part.columns) for part in parts_of(contract)]
        self._last, self._steps = state, 0
        self._beyond = {name: 0 for name, _ in self._parts}

    def add(self, target: Floats) -> None:
        """Take the target of the next tick. Shape (J,)."""
        limits, difference = self._limits, self._limits.angles.difference
        outside = difference(target, limits.inside(target, self._last))
        beyond = (np.abs(outside) > self._margin) | (
            np.abs(difference(target, self._last)) > self._step)
        for name, columns in self._parts:
            self._beyond[name] += bool(beyond[columns].any())
        self._last, self._steps = target, self._steps + 1

    @property
    def shares(self) -> Shares:
        """Share of the ticks, per part."""
        return {name: count / max(self._steps, 1) for name, count in self._beyond.items()}


def mean_shares(episodes: Sequence[tuple[Shares, float]]) -> dict[str, float]:
    """Return per part the share of all the time.

    Args:
        episodes: Shares and duration of each, which is above zero.
    """
    total = sum(duration for _, duration in episodes)
    return {name: sum(shares[name] * duration for shares, duration in episodes) / total
            for name in (episodes[0][0] if episodes else ())}


def beyond_text(shares: Shares) -> str:
    """Return what is told of `mean_shares`, '' where all stayed within the limits."""
    told = [f'{name} in {share:.1%} of its steps' for name, share in shares.items() if share]
    return f'for more than the limits allow: {", ".join(told)}' if told else ''
