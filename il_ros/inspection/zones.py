"""Where on the table episodes begin, and where grippers close, in squares of 10 x 10 cm."""
from __future__ import annotations

from typing import Any, NamedTuple

from il_ros.contract import POSE_SIZE
from il_ros.contract.parts import parts_of
from il_ros.datasets import schema
from il_ros.datasets.reader import Dataset
from il_ros.inspection.parts import grasps
import numpy as np

CELL_M = 0.1                # a zone is a square of this size
TIP = 'end_effector'


class Zone(NamedTuple):
    """A square of the table; x and y of its corner in units of its size."""

    x: int
    y: int


def _zone(dataset: Dataset, columns: dict[str, Any], pose: str, row: int) -> Zone | None:
    poses = dataset.contract.poses
    if poses is None or pose not in poses.names:
        return None
    first = POSE_SIZE * poses.names.index(pose)
    x, y = columns[schema.ENVIRONMENT][row, first:first + 2]
    return Zone(int(np.floor(x / CELL_M)), int(np.floor(y / CELL_M)))


def start_zone(dataset: Dataset, columns: dict[str, Any]) -> Zone | None:
    """Return where the first pose of the contract lay at the start of an episode."""
    poses = dataset.contract.poses
    return _zone(dataset, columns, poses.names[0], 0) if poses else None


def grasp_zones(dataset: Dataset, columns: dict[str, Any]) -> dict[str, Zone]:
    """Return by arm where its tool was when its gripper was first told to close."""
    arms = [part for part in parts_of(dataset.contract) if part.gripper]
    found: dict[str, Zone] = {}
    for arm in arms:
        rows = grasps(arm, columns[schema.ACTION])
        # The pose of a tool is called like its link; that of a single arm also end_effector.
        for pose in (arm.tip, TIP) if len(arms) == 1 else (arm.tip,):
            if rows and (zone := _zone(dataset, columns, pose, rows[0])):
                found.setdefault(arm.name, zone)
    return found
