"""Fork: a point passes an obstacle on the left or on the right, whoever averages hits it.

Demonstrations go half and half around the obstacle and look alike until shortly before it. One
chunk of 20 targets, executed open loop, is the whole passage. A squared error answers with the
mean of both ways, which is the obstacle itself; for an absolute error every answer between them is
as good, so that with luck it lies on one of them: ask for success on both sides. All values stay
within [-1, 1], so a `Network` of `SIZES` learns from them as they are.
"""
from __future__ import annotations

from il_ros.policies.networks.network import Sizes
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

HORIZON = 20                  # rows of a chunk; after as many steps the point is at the goal
STATE = ACTIONS = 2           # where the point is; where it shall be after the next step
SIZES = Sizes({'state': STATE}, {}, HORIZON, ACTIONS)
STEP = 0.1                    # forward per step; the point starts at x = -1
OBSTACLE = np.array([0.3, 0.0])
RADIUS = 0.25
GOAL_X = 0.9
LONGEST_STEP = 0.3            # demonstrations stay below 0.2


def demonstrations(count: int, seed: int) -> tuple[Array, Array]:
    """Return the start of each passage and its chunk, half of them on either side.

    Returns:
        Observations (count, 2) and targets (count, 20, 2).
    """
    paths = _paths(count, np.random.default_rng(seed))
    return paths[:, 0], paths[:, 1:HORIZON + 1]


def windows(count: int, seed: int) -> tuple[Array, Array]:
    """Return chunks from anywhere along passages, for policies that plan again on the way.

    Behind the goal the point stands still.

    Returns:
        Observations (count, 2) and targets (count, 20, 2).
    """
    random = np.random.default_rng(seed)
    paths = _paths(count, random)
    start = random.integers(0, HORIZON, count)
    row, tick = np.arange(count), start[:, None] + 1 + np.arange(HORIZON)
    return paths[row, start], paths[row[:, None], tick]


def success(chunks: NDArray[np.floating], observations: NDArray[np.floating] | None = None
            ) -> NDArray[np.bool_]:
    """Return which paths pass the obstacle without touching it, reach the goal and never leap.

    Args:
        chunks: Targets of N paths of any length. Shape (N, T, 2).
        observations: Where the paths start; their first step counts too then. Shape (N, 2).
    """
    if observations is not None:
        chunks = np.concatenate([observations[:, None], chunks], 1)
    step = np.diff(chunks, axis=1)  # (N, T - 1, 2)
    length = np.linalg.norm(step, axis=-1)
    # The point of each step's segment that is nearest to the obstacle.
    share = ((OBSTACLE - chunks[:, :-1]) * step).sum(-1) / np.maximum(length, 1e-9) ** 2
    nearest = chunks[:, :-1] + np.clip(share, 0, 1)[..., None] * step
    clear = np.linalg.norm(nearest - OBSTACLE, axis=-1).min(1) > RADIUS
    passed: NDArray[np.bool_] = (
        clear & (chunks[:, -1, 0] > GOAL_X) & (length.max(1) < LONGEST_STEP)
        & (np.abs(chunks[..., 1]).max(1) < 1))
    return passed


def side(chunks: NDArray[np.floating]) -> NDArray[np.int64]:
    """Return 1 for each path on the left of the obstacle (y > 0) and -1 on the right. Shape (N,).

    Where a path is nearest to the obstacle along x decides.
    """
    at = np.abs(chunks[..., 0] - OBSTACLE[0]).argmin(1)
    return np.where(chunks[np.arange(len(chunks)), at, 1] > 0, 1, -1)


def _paths(count: int, random: np.random.Generator) -> Array:
    """Return positions at ticks 0 to 2 * HORIZON. Shape (count, 2 * HORIZON + 1, 2)."""
    sides = random.permutation(np.where(np.arange(count) % 2, 1.0, -1.0))[:, None]
    x = np.minimum(-1 + STEP * np.arange(2 * HORIZON + 1), 1.0)[None]
    off = random.normal(0, 0.05, (count, 1))
    width = random.normal(0.5, 0.03, (count, 1))
    y = off * (1 - x) / 2 + sides * width * np.exp(-((x - OBSTACLE[0]) / 0.35) ** 2)
    return np.stack([np.broadcast_to(x, y.shape), y], -1).astype(np.float32)
