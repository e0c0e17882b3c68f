"""What training and inference ask of every network."""
from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

from il_ros.contract import Contract
from il_ros.policies.config import PolicyConfig
from il_ros.policies.inputs.language import SIZE
from il_ros.policies.transforms import features
import numpy as np
import torch
from torch import nn, Tensor

Batch = dict[str, Tensor]


@dataclass(frozen=True)
class Sizes:
    """Sizes of a network's inputs and outputs.

    Attributes:
        inputs: Length of each vector input ('state', 'environment', 'gripper', 'task').
        images: Height and width per camera.
        horizon: Rows of a chunk, H.
        actions: Values of a row, A; see `policies.action_space`.
        steps: Ticks that are seen at once, T.
    """

    inputs: dict[str, int]
    images: dict[str, tuple[int, int]]
    horizon: int
    actions: int
    steps: int = 1

    @staticmethod
    def of(config: PolicyConfig, contract: Contract) -> Sizes:
        """Return the sizes that a policy has on a robot."""
        config.check_inputs(contract)
        sample = features(config, contract).forward({
            'state': np.zeros((1, len(contract.joints))),
            'environment': np.zeros((1, contract.environment_size)),
            'task': np.zeros((1, SIZE))})
        vectors = {key: value.shape[1] for key, value in sample.items() if key in config.inputs}
        images = {}
        for name in config.cameras:
            camera = contract.camera(name)
            images[name] = config.image_size or (camera.height, camera.width)
        return Sizes(vectors, images, config.horizon, config.space(contract).size,
                     config.observation_steps)


class Network(nn.Module, ABC):
    """Normalised features in, normalised actions out.

    A batch holds 'state' (B, J), 'environment' (B, E), 'task' (B, 64), 'images.<camera>'
    (B, H, W, 3) uint8, or (B, H, W, 1) of `transforms.DepthShares`, and, in training, 'actions'
    (B, H, J) and 'valid' (B, H), true where a row is a label. Of several ticks, T > 1, every input
    has them behind B: 'state' (B, T, J).

    Attributes:
        unimodal: The chunk is one answer, not one drawn of several: members of an ensemble may be
            averaged.
        noise: Shape of the standard normal values that follow an observation in `forward`, as
            (B, *noise), and decide its chunk; None where the observation decides it alone, or
            where more than such values are drawn. (H, A) or more rows.
    """

    unimodal = False
    noise: tuple[int, int] | None = None

    @abstractmethod
    def forward(self, batch: Batch) -> Tensor:
        """Return the chunk. Shape (B, H, J)."""

    @abstractmethod
    def loss(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the training loss and the named figures to log."""


def masked_l1(predicted: Tensor, target: Tensor, valid: Tensor) -> Tensor:
    """Return the mean absolute error over the rows that are labels.

    What stands in the other rows has no influence, be it NaN.
    """
    error = torch.where(valid[..., None], predicted - target, 0.0).abs()  # (B, H, J)
    return error.sum() / (valid.sum().clamp(min=1) * target.shape[-1])


def see(encode: Callable[[Tensor], Tensor], images: Tensor) -> Tensor:
    """Return what an encoder of planes (B, 3, H, W) finds in images, ticks side by side.

    Args:
        encode: Returns (B, F).
        images: Of one tick, (B, H, W, 3) uint8 or (B, H, W, 1) shares, or of several, with T
            behind B.

    Returns:
        Shape (B, F) or (B, T * F).
    """
    found = encode(to_planes(images.flatten(0, -4)))  # (B * T, F)
    return found.reshape(len(images), -1)


def to_planes(images: Tensor) -> Tensor:
    """Return images as floats in [-1, 1]. Shape (B, 3, H, W).

    Colours (B, H, W, 3) uint8 keep their order in memory, channels last. Shares of a range of
    distances (B, H, W, 1) are two planes from -1 (near) to 1 (far), 0 where unknown, and one of
    what is known, 1 or -1: as many as of colours, so that cameras may share a backbone.
    """
    planes = images.permute(0, 3, 1, 2).float()
    if images.shape[-1] == 3:
        return planes / 127.5 - 1.0
    known = (planes > 0).float()
    distance = (2.0 * planes - 1.0) * known
    return torch.cat([distance, distance, 2.0 * known - 1.0], 1)
