"""Between a policy's numbers and a network's: pairs that unwind in reverse.

`forward` runs in training and at inference with the same code, `backward` turns the network's
actions into joint targets. A sample is a mapping of arrays with a leading batch dimension:
'state' (B, J), 'environment' (B, E), 'task' (B, 64), 'images.<camera>' (B, H, W, 3) uint8 or
distances (B, H, W, 1) float32 and, in training and on the way back, 'actions' (B, H, J). After the
pattern of openpi's transforms.
"""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Protocol

from il_ros.contract import Contract, Depth, FAR_CODE, POSE_SIZE
from il_ros.images.depth import resized
from il_ros.policies.config import PolicyConfig, VECTORS
from il_ros.policies.inputs.data import Array, Data
from il_ros.policies.inputs.joint_actions import RelativeActions
from il_ros.policies.inputs.language import embed
from il_ros.policies.inputs.tool_actions import ToolActions
from il_ros.policies.inputs.tool_frame import ToolFrame
from il_ros.types import Observation
import numpy as np
from numpy.typing import NDArray

# Least scale of a feature and of an action [rad], [m] or 1: what hardly moves in the data must not
# become a large number when it moves a little more on the robot. The values of a task's vector are
# about 0.125, mostly constant in the data: another text stays an ordinary input.
LEAST_SCALE = {'gripper': 0.005, 'actions': 0.003, 'task': 0.1}
LEAST_INPUT_SCALE = 0.05


class Transform(Protocol):
    """One step on the way into the network, and the same step back."""

    def forward(self, data: Data) -> Data:
        """Return the sample one step nearer to the network."""
        ...

    def backward(self, data: Data) -> Data:
        """Return the sample one step nearer to the robot."""
        ...


@dataclass(frozen=True)
class Chain:
    """Transforms in order; the way back runs them in reverse."""

    steps: tuple[Transform, ...]

    def forward(self, data: Data) -> Data:
        """Return what the network sees."""
        for step in self.steps:
            data = step.forward(data)
        return data

    def backward(self, data: Data) -> Data:
        """Return what the robot is told."""
        for step in reversed(self.steps):
            data = step.backward(data)
        return data


@dataclass(frozen=True)
class WithinLimits:
    """Clips joint targets on the way out to the contract's limits less its margin.

    A regression that hovers around an open gripper would be refused by the gate in half of its
    commands otherwise. Bounds have shape (J,).
    """

    lower: Array
    upper: Array

    @staticmethod
    def of(contract: Contract) -> WithinLimits:
        """Return the limits of a contract."""
        margin = contract.position_margin * contract.span
        return WithinLimits(contract.lower + margin, contract.upper - margin)

    def forward(self, data: Data) -> Data:
        """Return the sample as it is."""
        return data

    def backward(self, data: Data) -> Data:
        """Clip the actions."""
        return data | {'actions': np.clip(data['actions'], self.lower, self.upper)}


@dataclass(frozen=True)
class PoseFeatures:
    """Poses as a network learns them best; one way only, nothing reads poses on the way back.

    Each quaternion becomes the first two columns of its rotation matrix, which, unlike q and -q,
    are continuous and unique (Zhou et al. 2019, arXiv:1812.07035). With `differences`, for every
    two poses the difference of their positions and the rotation of the first as the second sees
    it follow: 9 P + 9 P (P - 1) / 2 values. With `heights_only` the positions themselves lose x
    and y: 2 P values fewer. Each of the `scales` [m] adds tanh(difference / scale) for every two
    poses, 3 P (P - 1) / 2 values.
    """

    differences: bool
    heights_only: bool = False
    scales: tuple[float, ...] = ()

    @staticmethod
    def of(config: PolicyConfig) -> PoseFeatures:
        """Return the features of a policy."""
        return PoseFeatures(config.pose_differences, config.heights_only, config.difference_scales)

    def forward(self, data: Data) -> Data:
        """Return the sample with features in place of poses."""
        if 'environment' not in data:
            return data
        environment = data['environment']
        poses = environment.reshape(len(environment), -1, POSE_SIZE)  # (B, P, 7)
        x, y, z, w = np.moveaxis(poses[..., 3:], -1, 0)
        columns = np.stack([1 - 2 * (y * y + z * z), 2 * (x * y + z * w), 2 * (x * z - y * w),
                            2 * (x * y - z * w), 1 - 2 * (x * x + z * z), 2 * (y * z + x * w),
                            2 * (x * z + y * w), 2 * (y * z - x * w), 1 - 2 * (x * x + y * y)], -1)
        rotation = np.swapaxes(columns.reshape(*columns.shape[:2], 3, 3), -1, -2)
        first = 2 if self.heights_only else 0
        features = [np.concatenate([poses[..., first:3], columns[..., :6]], -1)
                    .reshape(len(poses), -1)]
        if self.differences:
            for a, b in combinations(range(poses.shape[1]), 2):
                turned = np.swapaxes(rotation[:, b], -1, -2) @ rotation[:, a]  # of a, seen from b
                difference = poses[:, a, :3] - poses[:, b, :3]
                features += [difference, *(np.tanh(difference / s) for s in self.scales),
                             np.swapaxes(turned, -1, -2)[:, :2].reshape(len(poses), 6)]
        return data | {'environment': np.concatenate(features, -1)}

    def backward(self, data: Data) -> Data:
        """Return the sample as it is."""
        return data


@dataclass(frozen=True)
class GripperFeature:
    """The grippers' positions as an input of their own, 'gripper' (B, G)."""

    indices: tuple[int, ...]

    def forward(self, data: Data) -> Data:
        """Add it."""
        return data | {'gripper': data['state'][:, list(self.indices)]}

    def backward(self, data: Data) -> Data:
        """Return the sample as it is."""
        return data


@dataclass(frozen=True)
class TurningState:
    """Cosine and sine in place of the angle of joints that turn without end; one way only.

    The cosine stands where the angle stood, the sines follow behind. 'state' (B, J + C).
    """

    joints: NDArray[np.intp]

    def forward(self, data: Data) -> Data:
        """Return the sample with a state that leaps nowhere."""
        state, angle = data['state'].copy(), data['state'][:, self.joints]
        state[:, self.joints] = np.cos(angle)
        return data | {'state': np.concatenate([state, np.sin(angle)], -1)}

    def backward(self, data: Data) -> Data:
        """Return the sample as it is."""
        return data


@dataclass(frozen=True)
class ResizeImages:
    """Images of a height and width; those that have it pass untouched.

    Colours by area averaging; of distances, which have no mean at an edge, the nearest pixel.
    """

    height: int
    width: int

    def forward(self, data: Data) -> Data:
        """Resize every image."""
        return {key: self.resize(value) if key.startswith('images.') else value
                for key, value in data.items()}

    def backward(self, data: Data) -> Data:
        """Return the sample as it is."""
        return data

    def resize(self, images: Array) -> Array:
        """Return images of the size. Shape (B, H, W, 3) uint8, or (B, H, W, 1) of distances."""
        if images.shape[1:3] == (self.height, self.width):
            return images
        if images.dtype != np.uint8:
            return resized(images, self.height, self.width)
        import torch
        planes = torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2).float()
        small = torch.nn.functional.interpolate(planes, (self.height, self.width), mode='area')
        return np.asarray(small.round().byte().permute(0, 2, 3, 1).contiguous().numpy())


@dataclass(frozen=True)
class DepthShares:
    """Distances as shares of the contract's range; one way only.

    0 is what is unknown, 1 / 4095 the nearest and 1 the farthest distance.

    Attributes:
        cameras: Those that see distances.
    """

    cameras: Mapping[str, Depth]

    @staticmethod
    def of(config: PolicyConfig, contract: Contract) -> DepthShares:
        """Return the cameras of a policy that see distances."""
        seen = {name: contract.camera(name).depth for name in config.cameras}
        return DepthShares({name: depth for name, depth in seen.items() if depth})

    def forward(self, data: Data) -> Data:
        """Return the sample with shares, float32."""
        return data | {key: self._shares(data[key], depth) for name, depth in self.cameras.items()
                       if (key := f'images.{name}') in data}

    def backward(self, data: Data) -> Data:
        """Return the sample as it is."""
        return data

    @staticmethod
    def _shares(metres: Array, depth: Depth) -> Array:
        shares = (metres - depth.zero_m) / (depth.range_m[1] - depth.zero_m)
        return np.where(metres > 0, np.clip(shares, 1 / FAR_CODE, 1), 0).astype(np.float32)


@dataclass(frozen=True)
class Normalize:
    """(x - offset) / scale for each key that has statistics.

    Attributes:
        offset: Shape (D,) per key, or (H, D) for actions.
        scale: The same shape, never 0.
    """

    offset: Mapping[str, Array]
    scale: Mapping[str, Array]

    @staticmethod
    def fit(data: Data, method: str, valid: Array | None = None) -> Normalize:
        """Return the normalisation that the training data need.

        Args:
            data: Features of the training split, leading dimension N.
            method: 'mean_std', or 'min_max' to [-1, 1].
            valid: Which entries of 'actions' count. Shape (N, H).
        """
        offset, scale = {}, {}
        for key, values in data.items():
            weight = np.ones(values.shape[:-1], bool)
            if key == 'actions' and valid is not None:
                weight = valid
            kept = np.ma.masked_array(values.astype(np.float64), np.broadcast_to(
                ~weight[..., None], values.shape))
            if method == 'mean_std':
                centre, spread = kept.mean(0), kept.std(0)
            else:
                low, high = kept.min(0), kept.max(0)
                centre, spread = (high + low) / 2, (high - low) / 2
            centre, spread = centre.filled(0.0), spread.filled(0.0)
            offset[key] = centre
            scale[key] = np.maximum(spread, LEAST_SCALE.get(key, LEAST_INPUT_SCALE))
        return Normalize(offset, scale)

    def forward(self, data: Data) -> Data:
        """Normalise."""
        return data | {key: ((data[key] - self.offset[key]) / self.scale[key]).astype(np.float32)
                       for key in self.offset if key in data}

    def backward(self, data: Data) -> Data:
        """Undo it, in float64."""
        return data | {key: data[key].astype(np.float64) * self.scale[key] + self.offset[key]
                       for key in self.offset if key in data}


def features(config: PolicyConfig, contract: Contract, frame: ToolFrame | None = None) -> Chain:
    """Return what comes before the normalisation; the statistics are those of its output.

    Args:
        config: The policy.
        contract: The robot.
        frame: Needed for actions where tools are among them.
    """
    steps: list[Transform] = [WithinLimits.of(contract)]
    space = config.space(contract)
    if not space.tools:
        if space.mask.any():
            steps.append(RelativeActions.of(space))
    elif frame:
        steps.append(ToolActions(frame, space))
    steps.append(PoseFeatures.of(config))
    if 'gripper' in config.inputs and contract.grippers:
        steps.append(GripperFeature(tuple(contract.grippers)))
    if config.image_size:
        steps.append(ResizeImages(*config.image_size))
    if (shares := DepthShares.of(config, contract)).cameras:
        steps.append(shares)
    if contract.continuous.any():
        steps.append(TurningState(np.flatnonzero(contract.continuous)))
    return Chain(tuple(steps))


def to_data(observation: Observation, inputs: tuple[str, ...], task: str = '') -> Data:
    """Return an observation as a sample of batch size 1. The state is always there.

    Args:
        observation: What the robot knows.
        inputs: Of the policy.
        task: The instruction, where the observation has none.
    """
    data: Data = {'state': observation.state[None]}
    if 'environment' in inputs:
        data['environment'] = observation.environment[None]
    if 'task' in inputs:
        data['task'] = embed(observation.task or task)[None]
    return data | {f'images.{name}': observation.images[name][None]
                   for name in inputs if name not in VECTORS}
