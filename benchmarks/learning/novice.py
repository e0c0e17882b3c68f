"""The policy that the interactive methods teach: an ensemble of small networks, side by side.

One step of all members is one product of matrices, so that a run of many rounds takes seconds on
one thread. The ensemble that checkpoints hold is `il_ros.policies.networks.ensemble`.
"""
from __future__ import annotations

from dataclasses import dataclass
import math

import numpy as np
from numpy.typing import NDArray
import torch

Array = NDArray[np.float64]

MEMBERS, HIDDEN = 5, 64
LEAST_SCALE = 0.02


@dataclass(frozen=True)
class Novice:
    """Two hidden layers per member.

    Attributes:
        offset: Of the observation. Shape (D,).
        scale: Of the observation. Shape (D,).
        weights: Per layer (N, in, out).
        biases: Per layer (N, 1, out).
    """

    offset: Array
    scale: Array
    weights: tuple[Array, ...]
    biases: tuple[Array, ...]

    def __call__(self, observation: Array) -> Array:
        """Return each member's action. Shape (D,) -> (N, A)."""
        return self.each(observation[None])[:, 0]

    def each(self, observations: Array) -> Array:
        """Return each member's actions. Shape (n, D) -> (N, n, A)."""
        hidden = ((observations - self.offset) / self.scale).astype(np.float32)[None]
        for weight, bias in zip(self.weights[:-1], self.biases[:-1], strict=True):
            hidden = np.maximum(hidden @ weight + bias, 0)
        return np.clip(hidden @ self.weights[-1] + self.biases[-1], -1, 1).astype(np.float64)


def train(observations: Array, actions: Array, episode: NDArray[np.int64], seed: int, *,
          steps: int, rate: float = 3e-3, batch: int = 64, decay: float = 1e-3) -> Novice:
    """Return an ensemble, each member from its own bootstrap of the episodes.

    Args:
        observations: Shape (n, D).
        actions: Labels in [-1, 1]. Shape (n, A).
        episode: Which episode each row is of. Shape (n,).
        seed: Same seed and data, same weights.
        steps: Of AdamW under a cosine.
        rate: Learning rate at the start.
        batch: Rows per member and step.
        decay: Of the weights.
    """
    random = np.random.default_rng(seed)
    torch_random = torch.Generator().manual_seed(seed)
    offset, scale = observations.mean(0), np.maximum(observations.std(0), LEAST_SCALE)
    x = torch.from_numpy(((observations - offset) / scale).astype(np.float32))
    y = torch.from_numpy(actions.astype(np.float32))
    rows_of = [np.flatnonzero(episode == e) for e in np.unique(episode)]
    pools = [np.concatenate([rows_of[i] for i in random.integers(len(rows_of), size=len(rows_of))])
             for _ in range(MEMBERS)]
    sizes = (x.shape[1], HIDDEN, HIDDEN, y.shape[1])
    weights = [(torch.randn(MEMBERS, a, b, generator=torch_random) * math.sqrt(2 / a))
               .requires_grad_() for a, b in zip(sizes, sizes[1:], strict=False)]
    biases = [torch.zeros(MEMBERS, 1, b, requires_grad=True) for b in sizes[1:]]
    optimizer = torch.optim.AdamW([*weights, *biases], lr=rate, weight_decay=decay, fused=True)
    for step in range(steps):
        for group in optimizer.param_groups:
            group['lr'] = rate * 0.5 * (1 + math.cos(math.pi * step / steps))
        rows = np.stack([pool[random.integers(len(pool), size=batch)] for pool in pools])
        hidden, wanted = x[rows], y[rows]                        # (N, B, D), (N, B, A)
        for weight, bias in zip(weights[:-1], biases[:-1], strict=True):
            hidden = torch.relu(torch.baddbmm(bias, hidden, weight))
        out = torch.baddbmm(biases[-1], hidden, weights[-1])
        loss = (out - wanted).square().mean((1, 2)).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return Novice(offset, scale, tuple(w.detach().numpy() for w in weights),
                  tuple(b.detach().numpy() for b in biases))
