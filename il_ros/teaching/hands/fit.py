"""The one similarity that brings a hand's path to where the arm can follow it."""
from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from il_ros.teaching.hands.follower import Follower
from il_ros.teaching.hands.similarity import Similarity, ToolPath, turned
from il_ros.types import Floats
import numpy as np

SCALES = (1.0, 0.8, 0.65, 0.5)      # as it was, else smaller: what is larger is harder to reach
YAWS = tuple(np.deg2rad((0, 45, -45, 90, -90, 135, -135, 180)).tolist())
LIFTS = (0.0, 0.1, -0.1)    # [m]
LOOKS = 12                  # rows of the path that are looked at


def fit(path: ToolPath, follower: Follower) -> Similarity:
    """Return the first similarity by which all rows can be followed, else the best.

    The path begins, or has its middle, near where the tool is in the contract's start pose.

    Args:
        path: Of all episodes, as the camera saw it.
        follower: The arm.
    """
    some = path.every(np.unique(np.linspace(0, len(path) - 1, LOOKS).round().astype(np.int64)))
    best, best_share = None, -1.0
    for candidate in _candidates(path, follower):
        moved = candidate.moved(some)
        rows = follower.rows(moved)
        good = follower.there(moved, rows)
        share = float(np.mean([there and follower.free(row)
                               for there, row in zip(good, rows, strict=True)]))
        if share > best_share:
            best, best_share = candidate, share
        if share == 1.0:
            break
    assert best is not None
    return best


def _candidates(path: ToolPath, follower: Follower) -> Iterator[Similarity]:
    middle = (path.positions.min(axis=0) + path.positions.max(axis=0)) / 2
    anchors: list[tuple[Floats, Floats]] = [(path.positions[0], follower.tool),
                                            (middle, follower.tool)]
    for scale, lift, (here, there), yaw in product(SCALES, LIFTS, anchors, YAWS):
        shift = there + [0.0, 0.0, lift] - scale * turned(yaw) @ here
        yield Similarity(scale, yaw, tuple(shift.tolist()))
