"""Action chunking with transformers, Zhao et al. 2023 (arXiv:2304.13705), section 4 and figure 4.

A conditional variational autoencoder: the CVAE encoder sees the demonstrated chunk and squeezes
its style into z; the policy, a transformer encoder and decoder, predicts the chunk from the
observation and z. At test time z is 0, the mean of its prior.

Where this departs from the authors' code, on purpose:
- all decoder layers are used; there, a wrong index takes the output of the first one,
- labels are masked by `valid`; there, by comparison with zero, which drops true zeros,
- z is a token also where there are no cameras; there, the state-only branch ignores it,
- group norm in the backbone in place of frozen batch norm; pretrained weights only on request,
  where `image_norm: folded` takes the batch norms, too, whose factors and offsets then train,
- each camera has its own projection of the backbone's features, which tells the cameras apart.
"""
from __future__ import annotations

import math

from il_ros.policies.config import ACTConfig
from il_ros.policies.networks.attention import Attention, Dropout
from il_ros.policies.networks.network import Batch, masked_l1, Network, Sizes, to_planes
from il_ros.policies.networks.vision import Backbones
import torch
from torch import nn, Tensor
from torch.nn import functional as F


class FeedForward(nn.Sequential):
    """Two linear layers around a ReLU."""

    def __init__(self, config: ACTConfig) -> None:
        super().__init__(nn.Linear(config.width, config.feedforward), nn.ReLU(),
                         Dropout(config.dropout), nn.Linear(config.feedforward, config.width))


class EncoderLayer(nn.Module):
    """Self-attention and feed-forward, each normalised after its shortcut."""

    def __init__(self, config: ACTConfig) -> None:
        super().__init__()
        self.attention = Attention(config.width, config.heads, config.dropout)
        self.feedforward = FeedForward(config)
        self.norms = nn.ModuleList(nn.LayerNorm(config.width) for _ in range(2))
        self.dropout = Dropout(config.dropout)

    def forward(self, tokens: Tensor, positions: Tensor, padding: Tensor | None = None) -> Tensor:
        """Map (B, T, W) to (B, T, W)."""
        found = self.attention(tokens, positions, tokens, positions, padding)
        tokens = self.norms[0](tokens + self.dropout(found))
        out: Tensor = self.norms[1](tokens + self.dropout(self.feedforward(tokens)))
        return out


class DecoderLayer(nn.Module):
    """Self-attention of the queries, attention to the memory, feed-forward."""

    def __init__(self, config: ACTConfig) -> None:
        super().__init__()
        self.self_attention = Attention(config.width, config.heads, config.dropout)
        self.cross_attention = Attention(config.width, config.heads, config.dropout)
        self.feedforward = FeedForward(config)
        self.norms = nn.ModuleList(nn.LayerNorm(config.width) for _ in range(3))
        self.dropout = Dropout(config.dropout)

    def forward(self, x: Tensor, queries: Tensor, memory: Tensor, positions: Tensor) -> Tensor:
        """Map (B, H, W) to (B, H, W)."""
        x = self.norms[0](x + self.dropout(self.self_attention(x, queries, x, queries)))
        x = self.norms[1](x + self.dropout(self.cross_attention(x, queries, memory, positions)))
        out: Tensor = self.norms[2](x + self.dropout(self.feedforward(x)))
        return out


class ACT(Network):
    """The CVAE encoder, the encoder over the observation and the decoder of chunk queries."""

    unimodal = True  # z is 0, the mean of its prior

    def __init__(self, config: ACTConfig, sizes: Sizes) -> None:
        super().__init__()
        width = config.width
        self.kl_weight = config.kl_weight
        self.latent = config.latent
        self.horizon = sizes.horizon
        self.vectors = sizes.inputs
        # CVAE encoder: [class token, state, actions] -> mean and log variance of z.
        self.style_token = nn.Parameter(torch.randn(1, 1, width) * 0.02)
        self.style_state = (nn.Linear(sizes.steps * sizes.inputs['state'], width)
                            if 'state' in sizes.inputs else None)
        self.style_actions = nn.Linear(sizes.actions, width)
        self.style_encoder = nn.ModuleList(
            EncoderLayer(config) for _ in range(config.encoder_layers))
        self.style_head = nn.Linear(width, 2 * config.latent)
        # Encoder: [z, each vector input, each patch of each image].
        self.from_latent = nn.Linear(config.latent, width)
        self.from_vectors = nn.ModuleDict(
            {name: nn.Linear(sizes.steps * size, width) for name, size in sizes.inputs.items()})
        self.vector_positions = nn.Parameter(torch.randn(1, 1 + len(sizes.inputs), width) * 0.02)
        self.cameras = list(sizes.images)
        self.backbones = Backbones(self.cameras, config.share_backbone, config.image_widths,
                                   config.image_blocks, config.image_norm)
        self.from_patches = nn.ModuleDict({
            name: nn.Conv2d(config.image_widths[-1], width, 1) for name in sizes.images})
        self.tick_positions = (nn.Parameter(torch.randn(sizes.steps, width) * 0.02)
                               if sizes.images and sizes.steps > 1 else None)
        self.encoder = nn.ModuleList(EncoderLayer(config) for _ in range(config.encoder_layers))
        # Decoder: one learned query per row of the chunk.
        self.queries = nn.Parameter(torch.randn(1, sizes.horizon, width))
        self.decoder = nn.ModuleList(DecoderLayer(config) for _ in range(config.decoder_layers))
        self.head = nn.Linear(width, sizes.actions)
        for parameter in [*self.style_encoder.parameters(), *self.encoder.parameters(),
                          *self.decoder.parameters()]:
            if parameter.dim() > 1:
                nn.init.xavier_uniform_(parameter)

    def forward(self, batch: Batch) -> Tensor:
        """Return the chunk for z = 0. Shape (B, H, J)."""
        some = next(batch[name] for name in [*self.vectors, *self._image_keys()])
        return self.decode(batch, torch.zeros(
            len(some), self.latent, device=some.device, dtype=self.head.weight.dtype))

    def loss(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """Return L1 + kl_weight * KL, with z drawn from the CVAE encoder."""
        mean, log_variance = self.encode_style(batch)
        z = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
        l1 = masked_l1(self.decode(batch, z), batch['actions'], batch['valid'])
        kl = -0.5 * (1 + log_variance - mean.square() - log_variance.exp()).sum(-1).mean()
        return l1 + self.kl_weight * kl, {'l1': l1.detach(), 'kl': kl.detach()}

    def encode_style(self, batch: Batch) -> tuple[Tensor, Tensor]:
        """Return mean and log variance of z for a demonstrated chunk. Shape (B, Z) each."""
        valid = batch['valid']  # (B, H)
        actions = torch.where(valid[..., None], batch['actions'], 0.0)
        tokens = [self.style_token.expand(len(actions), -1, -1)]
        if self.style_state is not None:
            tokens.append(self.style_state(batch['state'].flatten(1))[:, None])
        padding = F.pad(~valid, (len(tokens), 0), value=False)
        x = torch.cat([*tokens, self.style_actions(actions)], 1)  # (B, T, W)
        positions = sinusoid(torch.arange(x.shape[1], device=x.device), x.shape[2])
        for layer in self.style_encoder:
            x = layer(x, positions, padding)
        mean, log_variance = self.style_head(x[:, 0]).chunk(2, -1)
        return mean, log_variance

    def decode(self, batch: Batch, z: Tensor) -> Tensor:
        """Return the chunk for an observation and z. Shape (B, H, J)."""
        tokens = [self.from_latent(z)[:, None]]
        tokens += [layer(batch[name].flatten(1))[:, None]
                   for name, layer in self.from_vectors.items()]
        positions: list[Tensor] = [self.vector_positions]
        planes = {name: to_planes(batch[f'images.{name}'].flatten(0, -4))
                  for name in self.cameras}
        for name, features in self.backbones(planes).items():
            maps = self.from_patches[name](features)
            places = plane_sinusoid(maps)[None]  # (1, H' W', W)
            if self.tick_positions is not None:
                places = (places + self.tick_positions[:, None]).flatten(0, 1)[None]
            positions.append(places)
            tokens.append(maps.flatten(2).transpose(1, 2).reshape(
                len(z), -1, maps.shape[1]))  # (B, T H' W', W)
        memory, where = torch.cat(tokens, 1), torch.cat(positions, 1)
        for layer in self.encoder:
            memory = layer(memory, where)
        x = torch.zeros_like(self.queries).expand(len(z), -1, -1)
        for layer in self.decoder:
            x = layer(x, self.queries, memory, where)
        chunk: Tensor = self.head(x)
        return chunk

    def _image_keys(self) -> list[str]:
        return [f'images.{name}' for name in self.cameras]


def sinusoid(positions: Tensor, width: int) -> Tensor:
    """Return sinusoidal encodings (Vaswani et al. 2017, section 3.5). Shape (..., width)."""
    rates = torch.exp(torch.arange(0, width, 2, device=positions.device)
                      * (-math.log(10000.0) / width))
    angles = positions[..., None] * rates
    return torch.stack([angles.sin(), angles.cos()], -1).flatten(-2)


def plane_sinusoid(maps: Tensor) -> Tensor:
    """Return encodings of row and column, half of the width each. Shape (H' W', W)."""
    width, rows, columns = maps.shape[1:]
    scale = 2 * math.pi  # as in DETR: coordinates run over one turn
    y = sinusoid(torch.arange(1, rows + 1, device=maps.device) / rows * scale, width // 2)
    x = sinusoid(torch.arange(1, columns + 1, device=maps.device) / columns * scale, width // 2)
    return torch.cat([y[:, None].expand(-1, columns, -1), x[None].expand(rows, -1, -1)],
                     -1).flatten(0, 1)
