"""A network on arrays in memory: what `il_ros.training.train` does around its loss, no more."""
from __future__ import annotations

import copy

from il_ros.policies.bc import BC
from il_ros.policies.networks.network import Batch, Network
from il_ros.training.config import TrainConfig
from il_ros.training.schedule import averaging, schedule, update_average
import numpy as np
from numpy.typing import NDArray
import torch
from torch import Tensor

Array = NDArray[np.float32]


class Squared(BC):
    """The regression that papers compare with: `BC` with a squared error."""

    def loss(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the mean squared error."""
        loss = (self(batch) - batch['actions']).square().mean()
        return loss, {'mse': loss.detach()}


def fit(network: Network, observations: Array, chunks: Array, *, steps: int,
        learning_rate: float = 4e-3, batch: int = 64, decay: float = 0.99) -> Network:
    """Train with a cosine, clipped gradients and averaged weights.

    Args:
        network: Its one input is 'state'.
        observations: Shape (N, S).
        chunks: What was demonstrated after each. Shape (N, H, A).
        steps: Optimiser steps.
        learning_rate: At its peak.
        batch: Samples per step, drawn by torch's own seed.
        decay: Of the average of the weights.

    Returns:
        The network with the average of the weights.
    """
    config = TrainConfig(steps=steps, learning_rate=learning_rate, warmup_steps=0, ema_decay=decay)
    average = copy.deepcopy(network).eval()
    optimizer = torch.optim.AdamW(network.parameters(), lr=learning_rate)
    states, actions = torch.from_numpy(observations), torch.from_numpy(chunks)
    valid = torch.ones(batch, chunks.shape[1], dtype=torch.bool)
    for step in range(steps):
        for group in optimizer.param_groups:
            group['lr'] = learning_rate * schedule(step, config)
        rows = torch.randint(len(states), (batch,))
        loss, _ = network.loss({'state': states[rows], 'actions': actions[rows], 'valid': valid})
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        update_average(average, network, averaging(step, config))
    return average


def answer(network: Network, observations: Array) -> Array:
    """Return the network's chunks. Shape (N, H, A)."""
    with torch.inference_mode():
        chunks: Array = network({'state': torch.from_numpy(observations)}).numpy()
    return chunks
