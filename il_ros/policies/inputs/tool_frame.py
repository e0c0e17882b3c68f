"""Actions as motions of the tool: what a joint vector does to the tool, and back.

A motion of the tool means the same wherever on the table it happens, a motion of the joints does
not; with a few demonstrations that decides (UMI, Chi et al. 2024, arXiv:2402.10329, section 4.2).
On the simulated pick and place, 60 demonstrations gave 0.90 against 0.45 with joint motions.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from il_ros.contract import Contract
from il_ros.policies.inputs.data import Array, Data
from il_ros.timing import SECOND
from il_ros.urdf_text import UrdfSource
import numpy as np

if TYPE_CHECKING:
    from il_ros.kinematics import Arm

POSE = 12      # position, then the rotation matrix row by row
MOTION = 6     # translation [m], then rotation vector [rad], both in the root's axes
STEPS = 3      # of inverse kinematics per row, from the row before: a row is a few mm away
MAX_STEP = 0.3  # of a joint in one of them [rad]
LEAD = 5        # periods by which the first row may lead the measured joints, which lag behind


class ToolFrame:
    """Joint vectors as poses of the tools, followed by the columns that move none.

    One pose of 12 values per arm, in the contract's order, then grippers and base: a row has
    12 A + G values, and 6 A + G as motions.

    Attributes:
        arms: How many arms there are, A.
    """

    def __init__(self, contract: Contract, urdf: UrdfSource) -> None:
        from il_ros.kinematics import Arm  # Pinocchio: only policies that move the tool need it

        self._chains = [(contract.indices(arm.joints), Arm(urdf, arm.joints, arm.tip))
                        for arm in contract.arms]
        self.arms = len(self._chains)
        self._others = other_columns(contract)
        self._reach = contract.velocity * contract.period_ns / SECOND

    def poses(self, joints: Array) -> Array:
        """Return tool poses of joint vectors (N, J). Shape (N, 12 A + G)."""
        found = np.empty((len(joints), POSE * self.arms + len(self._others)))
        for row, vector in zip(found, joints, strict=True):
            for pose, (columns, arm) in zip(self.of_arms(row), self._chains, strict=True):
                position, rotation = arm.forward(vector[columns].astype(np.float64))
                pose[:3], pose[3:] = position, rotation.ravel()
            row[POSE * self.arms:] = vector[self._others]
        return found

    def of_arms(self, rows: Array) -> Array:
        """Return the poses (..., A, 12) of rows (..., 12 A + G), without copying them."""
        return rows[..., :POSE * self.arms].reshape(*rows.shape[:-1], self.arms, POSE)

    def joints(self, poses: Array, start: Array) -> Array:
        """Return joint vectors that follow tool poses (H, 12 A + G) from `start` (J,).

        Where a pose is out of reach, near a singularity or further than the joints can go in a
        period, the row goes as far as position and velocity limits allow. Shape (H, J).
        """
        joints = np.empty((len(poses), len(start)))
        for i, (columns, arm) in enumerate(self._chains):
            joints[:, columns] = self._follow(arm, self.of_arms(poses)[:, i], start[columns],
                                              self._reach[columns])
        joints[:, self._others] = poses[:, POSE * self.arms:]
        return joints

    @staticmethod
    def _follow(arm: Arm, poses: Array, start: Array, reach: Array) -> Array:
        rows, q = np.empty((len(poses), len(start))), start.astype(np.float64)
        ahead = LEAD * reach
        for row, pose in zip(rows, poses, strict=True):
            before = q
            for _ in range(STEPS):
                q = arm.step(q, pose[:3], pose[3:].reshape(3, 3), MAX_STEP)
            q = np.asarray(np.clip(q, before - ahead, before + ahead), dtype=np.float64)
            row[:] = q
            ahead = reach
        return rows


@dataclass(frozen=True)
class ToolActions:
    """Target poses of the tool relative to its measured pose.

    On the way in 'actions' are poses (B, H, 12 A + G), made once per dataset, and 'tool' is the
    measured pose (B, 12 A + G), made here where it is missing. The network sees motions
    (B, H, 6 A + G). On the way back they become joint targets (B, H, J).
    """

    frame: ToolFrame

    def forward(self, data: Data) -> Data:
        """Turn poses into motions."""
        tool = data.get('tool')
        data = {key: value for key, value in data.items() if key != 'tool'}
        if 'actions' not in data:
            return data
        actions = data['actions']
        tool = self.frame.poses(data['state']) if tool is None else tool
        now, then = self.frame.of_arms(tool[:, None]), self.frame.of_arms(actions)
        turned = _matrices(then) @ np.swapaxes(_matrices(now), -1, -2)
        motion = np.concatenate([then[..., :3] - now[..., :3], rotation_vectors(turned)], -1)
        return data | {'actions': np.concatenate([
            motion.reshape(*actions.shape[:2], -1), actions[..., POSE * self.frame.arms:]],
            -1).astype(actions.dtype)}

    def backward(self, data: Data) -> Data:
        """Turn motions into joint targets."""
        motion, state = data['actions'].astype(np.float64), data['state']
        tool = self.frame.of_arms(self.frame.poses(state)[:, None])  # (B, 1, A, 12)
        of_arms = MOTION * self.frame.arms
        moved = motion[..., :of_arms].reshape(*motion.shape[:2], -1, MOTION)  # (B, H, A, 6)
        turned = rotations(moved[..., 3:]) @ _matrices(tool)
        targets = np.concatenate([moved[..., :3] + tool[..., :3],
                                  turned.reshape(*moved.shape[:3], 9)], -1)
        poses = np.concatenate([targets.reshape(*motion.shape[:2], -1), motion[..., of_arms:]],
                               -1)
        return data | {'actions': np.stack([
            self.frame.joints(rows, start) for rows, start in zip(poses, state, strict=True)])}


def other_columns(contract: Contract) -> list[int]:
    """Return the columns that move no tool: grippers and base."""
    arms = {name for arm in contract.arms for name in arm.joints}
    return [i for i, name in enumerate(contract.joint_names) if name not in arms]


def _matrices(poses: Array) -> Array:  # (..., 12) -> (..., 3, 3)
    return poses[..., 3:].reshape(*poses.shape[:-1], 3, 3)


def rotation_vectors(rotations: Array) -> Array:
    """Return rotation vectors [rad] of matrices (..., 3, 3) by less than a half turn."""
    skew = np.stack([rotations[..., 2, 1] - rotations[..., 1, 2],
                     rotations[..., 0, 2] - rotations[..., 2, 0],
                     rotations[..., 1, 0] - rotations[..., 0, 1]], -1) / 2  # axis * sin(angle)
    sine = np.linalg.norm(skew, axis=-1, keepdims=True)
    cosine = (np.trace(rotations, axis1=-2, axis2=-1)[..., None] - 1) / 2
    angle = np.arctan2(sine, cosine)
    return np.where(sine > 1e-9, skew * angle / np.maximum(sine, 1e-9), skew)


def rotations(vectors: Array) -> Array:
    """Return the matrices of rotation vectors (..., 3) [rad], after Rodrigues."""
    angle = np.linalg.norm(vectors, axis=-1)[..., None, None]
    zero = np.zeros(vectors.shape[:-1])
    x, y, z = np.moveaxis(vectors, -1, 0)
    cross = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).reshape(*vectors.shape, 3)
    safe = np.maximum(angle, 1e-12)
    return (np.eye(3) + np.sin(safe) / safe * cross  # type: ignore[no-any-return]
            + (1 - np.cos(safe)) / safe**2 * (cross @ cross))
