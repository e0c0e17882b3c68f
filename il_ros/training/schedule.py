"""How the learning rate and the average of the weights move over a run."""
from __future__ import annotations

import math

from il_ros.policies.networks.network import Network
from il_ros.training.config import TrainConfig
import torch


def schedule(step: int, config: TrainConfig) -> float:
    """Return the share of the learning rate at a step: linear warm-up, then a cosine to 0."""
    if step < config.warmup_steps:
        return (step + 1) / config.warmup_steps
    left = max(config.steps - config.warmup_steps, 1)
    return 0.5 * (1 + math.cos(math.pi * (step - config.warmup_steps) / left))


def averaging(step: int, config: TrainConfig) -> float:
    """Return the share of the average that stays at a step: less in the first steps.

    `ema_power` is the rise of Diffusion Policy's code (Chi et al. 2023), with inverse gamma 1.
    """
    rising = (1 - (1 + step) ** -config.ema_power if config.ema_power
              else (1 + step) / (10 + step))
    return min(config.ema_decay, rising)


@torch.no_grad()
def update_average(average: Network, network: Network, decay: float) -> None:
    """Move the average towards the weights."""
    torch._foreach_lerp_(list(average.parameters()), list(network.parameters()), 1 - decay)
