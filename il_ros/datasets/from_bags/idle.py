"""When an arm stands still at the ends of an episode."""
from __future__ import annotations

from typing import Any

from il_ros.angles import Angles
from il_ros.contract import Contract
from il_ros.timing import MILLISECOND, SECOND
from il_ros.types import Floats
import numpy as np
from numpy.typing import NDArray

STILL = 0.02                        # of the velocity limit; less counts as standing still
MARGIN_NS = 200 * MILLISECOND       # kept before and after the motion


def motion(states: Floats, contract: Contract, ticks: NDArray[Any]) -> tuple[int, int] | None:
    """Return the first and the last row between which the arm moves, None if it never does.

    Args:
        states: Joint positions per tick [rad] or [m]. Shape (N, J).
        contract: The robot.
        ticks: When the rows were, on the grid of the contract's period. Shape (N,).
    """
    moves = np.flatnonzero(moving(states, contract, ticks))
    return (int(moves[0]), int(moves[-1]) + 1) if len(moves) else None


def moving(states: Floats, contract: Contract, ticks: NDArray[Any]) -> NDArray[np.bool_]:
    """Return between which rows the arm moves; arguments as of `motion`. Shape (N - 1,)."""
    step = STILL * contract.velocity * contract.period_ns / SECOND
    passed = np.diff(ticks)[:, None]    # more than one tick over a gap
    steps = Angles.of(contract).difference(states[1:], states[:-1])
    return np.asarray((np.abs(steps) > step * passed).any(axis=1))


def margin_ticks(contract: Contract) -> int:
    """Return how many ticks are kept before and after the motion."""
    return round(MARGIN_NS / contract.period_ns)
