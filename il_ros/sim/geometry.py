"""Quaternions of MuJoCo (w x y z) and of ROS (x y z w)."""
from __future__ import annotations

import itertools

from il_ros.types import Floats
import numpy as np


def _cube_turns() -> Floats:
    """Return the 24 rotations of a cube onto itself as quaternions w x y z. Shape (24, 4)."""
    half = np.sqrt(0.5)
    turns = [np.eye(4)[i] for i in range(4)]
    turns += [half * (np.eye(4)[i] + sign * np.eye(4)[j])
              for i, j in itertools.combinations(range(4), 2) for sign in (1, -1)]
    turns += [0.5 * np.array([1, *signs]) for signs in itertools.product((1, -1), repeat=3)]
    return np.array(turns)


IDENTITY = np.array([1.0, 0.0, 0.0, 0.0])
TURNS = _cube_turns()


def canonical(quaternion: Floats) -> Floats:
    """Return the orientation nearest to identity among those of a cube that look the same.

    Args:
        quaternion: w x y z. Shape (4,).
    """
    w, x, y, z = quaternion
    products = TURNS @ np.array([[w, x, y, z], [-x, w, z, -y], [-y, -z, w, x], [-z, y, -x, w]])
    best: Floats = products[np.argmax(np.abs(products[:, 0]))]
    return best if best[0] >= 0 else -best


def seen_from(pose: Floats, place: tuple[float, float, float]) -> Floats:
    """Return a pose x y z, qx qy qz qw in the frame at x, y [m] and heading [rad]."""
    x, y, heading = place
    c, s = np.cos(heading), np.sin(heading)
    dx, dy = pose[0] - x, pose[1] - y
    half, (qx, qy, qz, qw) = -heading / 2, pose[3:]
    w, z = np.cos(half), np.sin(half)
    turned = np.array([w * qx - z * qy, w * qy + z * qx, w * qz + z * qw, w * qw - z * qz])
    return np.concatenate([[c * dx + s * dy, c * dy - s * dx, pose[2]], turned])


def to_xyzw(quaternion: Floats, near: Floats = IDENTITY) -> Floats:
    """Return a quaternion w x y z as x y z w, with the sign nearer to `near` (w x y z)."""
    w, x, y, z = quaternion if quaternion @ near >= 0 else -quaternion
    return np.array([x, y, z, w])
