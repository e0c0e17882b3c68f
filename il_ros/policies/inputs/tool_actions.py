"""Actions as a policy's network says them of tools, from and to the poses of `ToolFrame`."""
from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from il_ros.errors import ReachError
from il_ros.policies.action_space import ActionSpace, ROTATIONS, ROW, TOOL, TOOL_DELTA
from il_ros.policies.inputs.data import Array, Data
from il_ros.policies.inputs.joint_actions import RelativeActions
from il_ros.policies.inputs.tool_frame import (
    POSE,
    quaternions,
    rotation_vectors,
    rotations,
    ToolFrame,
)
import numpy as np

LEAST_LENGTH = 1e-6  # of a column or a quaternion that says something


@dataclass(frozen=True)
class ToolActions:
    """Target poses of the tools, as such or relative to where the tools are or were.

    On the way in 'actions' are poses (B, H, 12 A + G), made once per dataset, and 'tool' is the
    measured pose (B, 12 A + G), made here where it is missing. The network sees (B, H, S), see
    `ActionSpace`. On the way back they become joint targets (B, H, J).

    Attributes:
        frame: The kinematics.
        space: What a row is.
    """

    frame: ToolFrame
    space: ActionSpace

    @cached_property
    def others(self) -> RelativeActions:
        """What becomes of the G columns behind the tools."""
        return RelativeActions.of(self.space, self.frame.others)

    @cached_property
    def relative(self) -> Array:
        """Which of the tools move relative to themselves. Shape (A, 1)."""
        return np.array([self.space.arms[arm.name] == TOOL_DELTA for arm in self.space.tools]
                        )[:, None]

    def forward(self, data: Data) -> Data:
        """Turn poses into what the network says."""
        tool = data.get('tool')
        data = {key: value for key, value in data.items() if key != 'tool'}
        if 'actions' not in data:
            return data
        actions = data['actions']
        tool = self.frame.poses(data['state']) if tool is None else tool
        before = tool[:, None]
        if self.space.delta_from == ROW:
            before = np.concatenate([before, actions[:, :-1]], 1)
        moved = self._moved(self.frame.of_arms(before), self.frame.of_arms(actions))
        end = POSE * self.frame.arms
        others = self.others.forward({'actions': actions[..., end:], 'state': tool[:, end:]})
        return data | {'actions': np.concatenate(
            [moved.reshape(*actions.shape[:2], -1), others['actions']], -1).astype(actions.dtype)}

    def backward(self, data: Data) -> Data:
        """Turn what the network says into joint targets.

        Raises:
            ReachError: A tool cannot be brought there, or what should be a rotation is none.
        """
        rows, state = data['actions'].astype(np.float64), data['state'].astype(np.float64)
        tool = self.frame.poses(state)
        width = 3 + ROTATIONS[self.space.rotation]
        said, others = np.split(rows, [width * self.frame.arms], -1)
        said = said.reshape(*rows.shape[:2], self.frame.arms, width)
        poses = self._poses(self.frame.of_arms(tool), said)
        found = self.others.backward({'actions': others, 'state': tool[:, POSE * poses.shape[2]:]})
        whole = np.concatenate([poses.reshape(*rows.shape[:2], -1), found['actions']], -1)
        return data | {'actions': np.stack([
            self.frame.joints(each, start) for each, start in zip(whole, state, strict=True)])}

    def _moved(self, before: Array, after: Array) -> Array:  # twice (B, H, A, 12)
        shift, turn = after[..., :3], _matrices(after)
        back = np.swapaxes(_matrices(before), -1, -2)
        way = shift - before[..., :3]
        if self.space.delta_axes == TOOL:
            way, turned = (back @ way[..., None])[..., 0], back @ turn
        else:
            turned = turn @ back
        return np.concatenate([
            np.where(self.relative, way, shift),
            written(np.where(self.relative[..., None], turned, turn), self.space.rotation)], -1)

    def _poses(self, tool: Array, said: Array) -> Array:
        """Return the poses (B, H, A, 12) of rows (B, H, A, .) and measured poses (B, A, 12)."""
        shift, turn = said[..., :3], read(said[..., 3:], self.space.rotation)
        at = np.broadcast_to(tool[:, None], (*said.shape[:3], POSE))
        if self.space.delta_from != ROW:
            return self._after(at, shift, turn)
        rows = [tool]
        for row in range(said.shape[1]):
            rows.append(self._after(rows[-1], shift[:, row], turn[:, row]))
        return np.stack(rows[1:], 1)

    def _after(self, before: Array, shift: Array, turn: Array) -> Array:
        """Return the poses (..., A, 12) that a motion of the tools or a pose leads to."""
        rotation = _matrices(before)
        if self.space.delta_axes == TOOL:
            there, turned = (rotation @ shift[..., None])[..., 0], rotation @ turn
        else:
            there, turned = shift, turn @ rotation
        return _flat(np.where(self.relative, before[..., :3] + there, shift),
                     np.where(self.relative[..., None], turned, turn))


def written(matrices: Array, rotation: str) -> Array:
    """Return rotation matrices (..., 3, 3) as `ActionSpace.rotation` says. Shape (..., n)."""
    if rotation == 'vector':
        return rotation_vectors(matrices)
    if rotation == '6d':
        columns: Array = np.swapaxes(matrices, -1, -2)[..., :2, :]
        return columns.reshape(*matrices.shape[:-2], 6)
    return quaternions(matrices)


def read(values: Array, rotation: str) -> Array:
    """Return the rotation matrices that a network's values (..., n) mean. Shape (..., 3, 3).

    Of six values the second column is made perpendicular to the first (Zhou et al. 2019,
    arXiv:1812.07035, equation 11), a quaternion is made one of length 1.

    Raises:
        ReachError: They mean none: a column of no length, or two that are parallel.
    """
    if rotation == 'vector':
        return rotations(values)
    if rotation == 'quaternion':
        values = _unit(values)
        xyz, w = values[..., :3], values[..., 3:]
        half = np.linalg.norm(xyz, axis=-1, keepdims=True)
        return rotations(2 * np.arctan2(half, w) * xyz / np.maximum(half, 1e-12))
    first = _unit(values[..., :3])
    along = (first * values[..., 3:]).sum(-1, keepdims=True)
    second = _unit(values[..., 3:] - along * first)
    return np.stack([first, second, np.cross(first, second)], -1)


def _unit(vectors: Array) -> Array:
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    if not (length > LEAST_LENGTH).all():
        raise ReachError('the chunk holds rotations that are none: expected two columns of a '
                         'rotation matrix, or a quaternion x y z w, got values of no length')
    found: Array = vectors / length
    return found


def _matrices(poses: Array) -> Array:  # (..., 12) -> (..., 3, 3)
    return poses[..., 3:].reshape(*poses.shape[:-1], 3, 3)


def _flat(positions: Array, matrices: Array) -> Array:  # (..., 3), (..., 3, 3) -> (..., 12)
    return np.concatenate([positions, matrices.reshape(*positions.shape[:-1], 9)], -1)
