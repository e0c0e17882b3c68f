"""Poses as they might have been too: in training only, in the robot's units, before any feature.

Two things are true of a demonstration beyond what was recorded; docs/data.md says what each is
worth:

- It holds wherever on a level table it happens and however it is turned there: the task knows no
  direction in the plane. `SceneMotions` moves all that was seen and done, SE(2).
- Had the tool strayed from its path, it should have come back to it. A demonstrator seldom strays,
  so a clone never learns to return and its small errors add up (Ross et al. 2011, arXiv:1011.0686,
  section 2). `ToolStrays` moves the tool and what it was seen to be, not where it was told to go.
  Noise with corrective labels as in DART (Laskey et al. 2017, arXiv:1703.09327), but made
  afterwards, as absolute poses of the tool permit.

Images and joint positions do not move along, so a policy that takes them cannot learn so.
"""
from __future__ import annotations

from dataclasses import dataclass, replace

from il_ros.contract import Contract, POSE_SIZE
from il_ros.policies.config import PolicyConfig, TOOL_POSE
from il_ros.policies.inputs.data import Array, Data
from il_ros.policies.inputs.tool_frame import POSE, rotations
from il_ros.training.sampling import Rows
import numpy as np

SHIFT = 0.2      # of a scene at most, along each axis [m]
STRAYING = 0.5   # share of the samples
RETURN = 16      # rows in which a tool comes back


@dataclass(frozen=True)
class PoseAugmentation:
    """What training does to poses.

    Attributes:
        scene_motion: See `AugmentationConfig`.
        tool_stray: See `AugmentationConfig`.
        tool: Where the tool's pose stands among those of the environment.
        arms: How many arms there are.
    """

    scene_motion: bool
    tool_stray: tuple[float, float]
    tool: int
    arms: int = 1

    @staticmethod
    def of(config: PolicyConfig, contract: Contract) -> PoseAugmentation | None:
        """Return what the settings say; None where they leave poses alone."""
        wanted = config.augmentation
        if not wanted.of_poses:
            return None
        names = contract.poses.names if contract.poses else ()
        return PoseAugmentation(wanted.scene_motion, wanted.tool_stray,
                                names.index(TOOL_POSE) if TOOL_POSE in names else -1,
                                len(contract.arms))

    def draw(self, count: int, random: np.random.Generator) -> Drawn:
        """Return what happens to so many samples."""
        strays = (ToolStrays.draw(count, self.tool_stray, self.tool, random)
                  if any(self.tool_stray) else None)
        return Drawn(strays, SceneMotions.draw(count, random, self.arms)
                     if self.scene_motion else None)


@dataclass(frozen=True)
class Drawn:
    """What happens to each sample of a batch."""

    strays: ToolStrays | None
    motions: SceneMotions | None

    def at(self, samples: Rows) -> Drawn:
        """Return what happens to some of the samples."""
        return Drawn(self.strays and self.strays.at(samples),
                     self.motions and self.motions.at(samples))

    def apply(self, data: Data, ticks: int = 1) -> Data:
        """Return the samples as they might have been.

        Args:
            data: 'environment' (B * T, 7 * P); 'tool' (B * T, 12 A + G) and 'actions'
                (B * T, H, 12 A + G) as `ToolFrame.poses` has them.
            ticks: Rows of each sample, T, one after the other.
        """
        if self.strays:
            data = self.strays.apply(data)
        if self.motions:
            each = np.repeat(np.arange(len(self.motions.angle)), ticks)
            data = self.motions.at(each).apply(data)
        return data


@dataclass(frozen=True)
class SceneMotions:
    """One planar motion per sample: a turn about the vertical axis at the root, then a shift.

    Attributes:
        angle: Shape (B,) [rad].
        shift: Shape (B, 3) [m]; never up or down.
        arms: How many tools move along.
    """

    angle: Array
    shift: Array
    arms: int = 1

    @staticmethod
    def draw(count: int, random: np.random.Generator, arms: int = 1) -> SceneMotions:
        """Return motions that are uniform over all headings and `SHIFT` to each side."""
        angle = random.uniform(-np.pi, np.pi, count)
        shift = random.uniform(-SHIFT, SHIFT, (count, 3))
        shift[:, 2] = 0.0
        return SceneMotions(angle, shift, arms)

    def at(self, samples: Rows) -> SceneMotions:
        """Return the motions of some of the samples."""
        return replace(self, angle=self.angle[samples], shift=self.shift[samples])

    def apply(self, data: Data) -> Data:
        """Return the moved samples, see `Drawn`."""
        turns = rotations(self.angle[:, None] * [0.0, 0.0, 1.0])
        moved = dict(data)
        if 'environment' in data:
            poses = _poses(data['environment'])
            moved['environment'] = _flat(poses, _moved(poses[..., :3], turns, self.shift),
                                         _turned(poses[..., 3:], self.angle[:, None]
                                                 * [0.0, 0.0, 1.0]))
        if 'tool' in data:
            moved['tool'] = self._tools(data['tool'][:, None], turns)[:, 0]
        if 'actions' in data:
            moved['actions'] = self._tools(data['actions'], turns)
        return moved

    def _tools(self, rows: Array, turns: Array) -> Array:  # (B, n, 12 A + G)
        end = POSE * self.arms
        tools = [_moved_tool(tool, turns, self.shift)
                 for tool in np.split(rows[..., :end], self.arms, axis=-1)]
        return np.concatenate([*tools, rows[..., end:]], -1).astype(rows.dtype)


@dataclass(frozen=True)
class ToolStrays:
    """How far the tool of each sample is from where it was, and comes back from.

    Attributes:
        shift: Shape (B, 3) [m].
        turn: Rotation vectors in the root's axes. Shape (B, 3) [rad].
        tool: Where the tool's pose stands among those of the environment.
    """

    shift: Array
    turn: Array
    tool: int

    @staticmethod
    def draw(count: int, spread: tuple[float, float], tool: int,
             random: np.random.Generator) -> ToolStrays:
        """Return strays of half of the samples, normal along and about each axis [m], [rad]."""
        strays = (random.random(count) < STRAYING)[:, None]
        shift, turn = (strays * random.normal(0.0, size, (count, 3)) for size in spread)
        return ToolStrays(shift, turn, tool)

    def at(self, samples: Rows) -> ToolStrays:
        """Return the strays of some of the samples."""
        return replace(self, shift=self.shift[samples], turn=self.turn[samples])

    def apply(self, data: Data) -> Data:
        """Return the strayed samples, see `Drawn`; the way back takes `RETURN` rows."""
        environment, tool = data['environment'], data['tool']
        poses = _poses(environment).copy()
        at = poses[:, self.tool:self.tool + 1]
        at[..., :3] += self.shift[:, None]
        at[..., 3:] = _turned(at[..., 3:], self.turn)
        strayed = {'environment': poses.reshape(environment.shape),
                   'tool': _off(tool[:, None], self.shift[:, None], self.turn[:, None])[:, 0]}
        if 'actions' in data:
            rows = np.arange(1, data['actions'].shape[1] + 1)
            left = np.maximum(1 - rows / RETURN, 0.0)[:, None]  # (H, 1)
            strayed['actions'] = _off(data['actions'], left * self.shift[:, None],
                                      left * self.turn[:, None])
        return data | strayed


def _poses(environment: Array) -> Array:
    return environment.reshape(len(environment), -1, POSE_SIZE)


def _flat(like: Array, positions: Array, quaternions: Array) -> Array:
    return np.concatenate([positions, quaternions], -1).astype(like.dtype).reshape(len(like), -1)


def _moved(points: Array, turns: Array, shift: Array) -> Array:  # (B, n, 3), (B, 3, 3), (B, 3)
    turned: Array = np.einsum('bij,bnj->bni', turns, points)
    return turned + shift[:, None]


def _turned(quaternions: Array, vectors: Array) -> Array:
    """Return quaternions x y z w (B, n, 4) turned by rotation vectors (B, 3)."""
    angle = np.linalg.norm(vectors, axis=-1, keepdims=True)[:, None]  # (B, 1, 1)
    first = vectors[:, None] * np.sinc(angle / (2 * np.pi)) / 2  # sin(angle / 2) * axis
    w1, xyz, w = np.cos(angle / 2), quaternions[..., :3], quaternions[..., 3:]
    return np.concatenate([w1 * xyz + w * first + np.cross(first, xyz),
                           w1 * w - (first * xyz).sum(-1, keepdims=True)], -1)


def _moved_tool(tool: Array, turns: Array, shift: Array) -> Array:  # (B, n, 12)
    rotation = tool[..., 3:].reshape(*tool.shape[:2], 3, 3)
    turned = np.einsum('bij,bnjk->bnik', turns, rotation).reshape(*tool.shape[:2], 9)
    return np.concatenate([_moved(tool[..., :3], turns, shift), turned], -1)


def _off(tools: Array, shift: Array, turn: Array) -> Array:  # (B, n, 12 + G), twice (B, n, 3)
    rotation = rotations(turn) @ tools[..., 3:POSE].reshape(*tools.shape[:2], 3, 3)
    return np.concatenate([tools[..., :3] + shift, rotation.reshape(*tools.shape[:2], 9),
                           tools[..., POSE:]], -1).astype(tools.dtype)
