"""Behaviour cloning with action chunks: a residual MLP over state, poses and image keypoints.

The chunk follows Zhao et al. 2023 (arXiv:2304.13705); the L1 loss keeps the crisp opening and
closing of a gripper that a mean would smear. One mode only: where people solve the same scene in
different ways, take `act`.
"""
from __future__ import annotations

from il_ros.policies.config import BCConfig
from il_ros.policies.networks.network import Batch, masked_l1, Network, see, Sizes
from il_ros.policies.networks.vision import KeypointEncoder
import torch
from torch import nn, Tensor


class Block(nn.Module):
    """A pre-normalised residual block."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width), nn.SiLU(),
                                    nn.Dropout(dropout), nn.Linear(width, width))

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, W) to (B, W)."""
        return x + self.layers(x)  # type: ignore[no-any-return]


class BC(Network):
    """The chunked MLP."""

    unimodal = True

    def __init__(self, config: BCConfig, sizes: Sizes) -> None:
        super().__init__()
        self.vectors = list(sizes.inputs)
        self.encoders = nn.ModuleDict({
            name: KeypointEncoder(config.image_widths, config.keypoints) for name in sizes.images})
        inputs = sizes.steps * (sum(sizes.inputs.values())
                                + 2 * config.keypoints * len(sizes.images))
        self.trunk = nn.Sequential(
            nn.Linear(inputs, config.hidden), nn.SiLU(),
            *(Block(config.hidden, config.dropout) for _ in range(config.layers)),
            nn.LayerNorm(config.hidden),
            nn.Linear(config.hidden, sizes.horizon * sizes.actions))
        self.chunk = (sizes.horizon, sizes.actions)

    def forward(self, batch: Batch) -> Tensor:
        """Return the chunk. Shape (B, H, J)."""
        parts = [batch[key].flatten(1) for key in self.vectors]
        parts += [see(encoder, batch[f'images.{name}'])
                  for name, encoder in self.encoders.items()]
        out: Tensor = self.trunk(torch.cat(parts, -1))  # (B, H * J)
        return out.view(-1, *self.chunk)

    def loss(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the L1 loss over labelled rows."""
        loss = masked_l1(self(batch), batch['actions'], batch['valid'])
        return loss, {'l1': loss.detach()}
