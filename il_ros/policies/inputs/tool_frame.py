"""Tools in place of joints: where a joint vector puts them, and what brings them there.

A motion of the tool means the same wherever on the table it happens, a motion of the joints does
not; with a few demonstrations that decides (UMI, Chi et al. 2024, arXiv:2402.10329, section 4.2).
On the simulated pick and place, 60 demonstrations gave 0.90 against 0.45 with joint motions.
"""
from __future__ import annotations

from collections.abc import Sequence

from il_ros.contract import Arm as ContractArm
from il_ros.contract import Contract
from il_ros.errors import ReachError
from il_ros.policies.action_space import ActionSpace
from il_ros.policies.inputs.data import Array
from il_ros.timing import SECOND
from il_ros.urdf_text import UrdfSource
import numpy as np

POSE = 12      # position, then the rotation matrix row by row
STEPS = 3      # of inverse kinematics per row, from the row before: a row is a few mm away
MAX_STEP = 0.3  # of a joint in one of them [rad]
LEAD = 5        # periods by which the first row may lead the measured joints, which lag behind
MORE_STEPS = 60  # of a row that is not reached yet, before it counts as out of reach
REACHED = 1e-6   # of position [m] and rotation [rad]
NEAR_HALF = -0.95  # cosine of an angle that is nearly a half turn
OFF = (0.02, 0.1)  # from a pose at which it is out of reach [m], [rad]


class ToolFrame:
    """Joint vectors as poses of the tools, followed by the columns that move none of them.

    One pose of 12 values per arm, in the contract's order, then the G other columns: a row has
    12 A + G values.

    Attributes:
        arms: How many arms there are, A.
        others: The other columns. Length G.
    """

    def __init__(self, contract: Contract, urdf: UrdfSource,
                 arms: Sequence[ContractArm] | None = None, lenient: bool = True) -> None:
        """Read the kinematics.

        Args:
            contract: The robot.
            urdf: Its URDF file.
            arms: Whose tools are meant; those of all arms when None.
            lenient: What is out of reach is approached, not refused.
        """
        from il_ros.kinematics import Arm  # Pinocchio: only policies that move the tool need it

        arms = contract.arms if arms is None else arms
        self._names = [arm.name for arm in arms]
        self._chains = [(contract.indices(arm.joints), Arm(urdf, arm.joints, arm.tip))
                        for arm in arms]
        self.arms = len(self._chains)
        moved = {name for arm in arms for name in arm.joints}
        self.others = [i for i, name in enumerate(contract.joint_names) if name not in moved]
        self._reach = contract.velocity * contract.period_ns / SECOND
        margin = contract.position_margin * contract.span
        self._lower, self._upper = contract.lower + margin, contract.upper - margin
        self._lenient = lenient

    @staticmethod
    def of(space: ActionSpace, urdf: UrdfSource) -> ToolFrame:
        """Return the frame of the tools of an action space."""
        return ToolFrame(space.contract, urdf, space.tools, space.lenient)

    def poses(self, joints: Array) -> Array:
        """Return tool poses of joint vectors (N, J). Shape (N, 12 A + G)."""
        found = np.empty((len(joints), POSE * self.arms + len(self.others)))
        for row, vector in zip(found, joints, strict=True):
            for pose, (columns, arm) in zip(self.of_arms(row), self._chains, strict=True):
                position, rotation = arm.forward(vector[columns].astype(np.float64))
                pose[:3], pose[3:] = position, rotation.ravel()
            row[POSE * self.arms:] = vector[self.others]
        return found

    def of_arms(self, rows: Array) -> Array:
        """Return the poses (..., A, 12) of rows (..., 12 A + G), without copying them."""
        return rows[..., :POSE * self.arms].reshape(*rows.shape[:-1], self.arms, POSE)

    def joints(self, poses: Array, start: Array) -> Array:
        """Return joint vectors that follow tool poses (H, 12 A + G) from `start` (J,).

        Where a pose is further than the joints can go in a period, the row goes as far as position
        and velocity limits allow. Shape (H, J).

        Raises:
            ReachError: A tool cannot be brought to its pose at all, unless the frame is lenient;
                then the row goes as near as it can.
        """
        joints = np.empty((len(poses), len(start)))
        for i, (columns, _) in enumerate(self._chains):
            joints[:, columns] = self._follow(i, self.of_arms(poses)[:, i], start[columns])
        joints[:, self.others] = poses[:, POSE * self.arms:]
        return joints

    def _follow(self, index: int, poses: Array, start: Array) -> Array:
        columns, arm = self._chains[index]
        reach = self._reach[columns]
        rows, q = np.empty((len(poses), len(start))), start.astype(np.float64)
        ahead = LEAD * reach
        for number, (row, pose) in enumerate(zip(rows, poses, strict=True)):
            before = q
            for _ in range(STEPS):
                q = arm.step(q, pose[:3], pose[3:].reshape(3, 3), MAX_STEP)
            if not self._lenient:
                q, off = self._within(index, q, pose)
                if not (off <= OFF).all():
                    raise ReachError(
                        f'arm {self._names[index]!r}: row {number} of the chunk wants its tool at '
                        f'{pose[:3].round(3).tolist()} m, which it cannot reach from where it is: '
                        f'{off[0]:.3f} m and {np.degrees(off[1]):.0f} degrees are left; the chunk '
                        'is refused')
            q = np.asarray(np.clip(q, before - ahead, before + ahead), dtype=np.float64)
            row[:] = q
            ahead = reach
        return rows

    def _within(self, index: int, q: Array, pose: Array) -> tuple[Array, Array]:
        """Return joints within the limits that are nearest to a pose, and how far off they are.

        Shapes (A,) and (2,) [m], [rad].
        """
        columns, arm = self._chains[index]
        lower, upper = self._lower[columns], self._upper[columns]
        for steps_left in range(MORE_STEPS, -1, -1):
            q = np.clip(q, lower, upper)
            position, rotation = arm.forward(q)
            off = np.array([np.linalg.norm(pose[:3] - position), np.linalg.norm(
                rotation_vectors(pose[3:].reshape(3, 3) @ rotation.T))])
            if (off <= REACHED).all() or not steps_left:
                break
            q = arm.step(q, pose[:3], pose[3:].reshape(3, 3), MAX_STEP)
        return q, off


def rotation_vectors(rotations: Array) -> Array:
    """Return rotation vectors [rad] of matrices (..., 3, 3), up to a half turn."""
    skew = np.stack([rotations[..., 2, 1] - rotations[..., 1, 2],
                     rotations[..., 0, 2] - rotations[..., 2, 0],
                     rotations[..., 1, 0] - rotations[..., 0, 1]], -1) / 2  # axis * sin(angle)
    sine = np.linalg.norm(skew, axis=-1, keepdims=True)
    cosine = (np.trace(rotations, axis1=-2, axis2=-1)[..., None] - 1) / 2
    angle = np.arctan2(sine, cosine)
    found = np.where(sine > 1e-9, skew * angle / np.maximum(sine, 1e-9), skew)
    if (far := cosine[..., 0] < NEAR_HALF).any():  # where the sine tells little of the axis
        quaternion = quaternions(rotations[far])
        axis = quaternion[..., :3] / np.linalg.norm(quaternion[..., :3], axis=-1, keepdims=True)
        found[far] = angle[far] * axis
    return found


def quaternions(rotations: Array) -> Array:
    """Return unit quaternions x y z w, w of 0 or more, of matrices (..., 3, 3).

    Each row of 4 q q^T is q times one of its values; the largest is taken (Shepperd 1978).
    """
    r = np.moveaxis(rotations, (-2, -1), (0, 1))
    x, y, z = 2 * r[0, 0] - np.trace(r), 2 * r[1, 1] - np.trace(r), 2 * r[2, 2] - np.trace(r)
    products = np.moveaxis(np.array([
        [1 + x, r[0, 1] + r[1, 0], r[0, 2] + r[2, 0], r[2, 1] - r[1, 2]],
        [r[0, 1] + r[1, 0], 1 + y, r[1, 2] + r[2, 1], r[0, 2] - r[2, 0]],
        [r[0, 2] + r[2, 0], r[1, 2] + r[2, 1], 1 + z, r[1, 0] - r[0, 1]],
        [r[2, 1] - r[1, 2], r[0, 2] - r[2, 0], r[1, 0] - r[0, 1], 1 + np.trace(r)]]),
        (0, 1), (-2, -1))
    largest = np.argmax(np.diagonal(products, axis1=-2, axis2=-1), -1)
    found = np.take_along_axis(products, largest[..., None, None], -2)[..., 0, :]
    found = found / np.linalg.norm(found, axis=-1, keepdims=True)
    positive: Array = np.where(found[..., 3:] < 0, -found, found)
    return positive


def rotations(vectors: Array) -> Array:
    """Return the matrices of rotation vectors (..., 3) [rad], after Rodrigues."""
    angle = np.linalg.norm(vectors, axis=-1)[..., None, None]
    zero = np.zeros(vectors.shape[:-1])
    x, y, z = np.moveaxis(vectors, -1, 0)
    cross = np.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).reshape(*vectors.shape, 3)
    safe = np.maximum(angle, 1e-12)
    return (np.eye(3) + np.sin(safe) / safe * cross  # type: ignore[no-any-return]
            + (1 - np.cos(safe)) / safe**2 * (cross @ cross))
