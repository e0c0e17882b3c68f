"""The one similarity that brings a hand's path to where the arm can follow it."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from il_ros.teaching.hands.follower import Follower
from il_ros.teaching.hands.similarity import Similarity, ToolPath, turned
from il_ros.types import Floats
import numpy as np

SCALES = (1.0, 0.8, 0.65, 0.5)      # as it was, else smaller: what is larger is harder to reach
YAWS = tuple(np.deg2rad((0, 45, -45, 90, -90, 135, -135, 180)).tolist())
LIFTS = (0.0, 0.1, -0.1)    # [m]
LOOKS, FEWEST = 24, 4       # rows that are looked at: of all episodes, and of each


def fit(paths: Sequence[ToolPath], follower: Follower) -> Similarity:
    """Return the first similarity by which all episodes can be followed, else the best.

    The first begins, or has its middle, near where the tool is in the contract's start pose.

    Args:
        paths: The episodes, as the camera saw them.
        follower: The arm.
    """
    looks = max(LOOKS // len(paths), FEWEST)
    marks = [np.unique(np.linspace(0, len(path) - 1, looks).round().astype(np.int64))
             for path in paths]
    best, best_share = None, -1.0
    for candidate in _candidates(paths[0], follower):
        good = [follower.followed(candidate.moved(path.every(rows)), rows)
                for path, rows in zip(paths, marks, strict=True)]
        share = float(np.concatenate(good).mean())
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
