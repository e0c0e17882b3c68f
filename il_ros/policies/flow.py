"""Flow matching as in pi0 (Black et al. 2024, arXiv:2410.24164): noise flows to a chunk.

Training draws noise eps and a time t and asks the network for the velocity on the straight line
between a demonstrated chunk a and the noise (Lipman et al. 2022, arXiv:2210.02747):

    x_t = t eps + (1 - t) a,    u = eps - a,    loss = |u - network(x_t, t, observation)|^2

with t = 1 noise and t = 0 the chunk, as in pi0's code; the paper counts the other way. t is drawn
from Beta(1.5, 1) on [0.001, 1], mostly noise: the observation says little about which chunk it is
there, and much of the decision falls there. Inference takes Euler steps from t = 1 to t = 0.

Departs from pi0 in the network: no language model, but those of `policies.networks.denoisers`.
"""
from __future__ import annotations

from functools import partial

from il_ros.policies.config import FlowConfig
from il_ros.policies.networks.denoisers import (
    held,
    make_denoiser,
    masked_square,
    ObservationTokens,
    start,
)
from il_ros.policies.networks.network import Batch, Network, Sizes
from il_ros.policies.networks.realtime_chunking import integrate, Previous
import torch
from torch import Tensor

LEAST_TIME = 0.001


class Flow(Network):
    """The observation's tokens and the network that knows velocities."""

    def __init__(self, config: FlowConfig, sizes: Sizes) -> None:
        super().__init__()
        self.tokens = ObservationTokens(config, sizes)
        self.denoiser = make_denoiser(config, sizes, self.tokens.count)
        self.noise: tuple[int, int] = (sizes.horizon, sizes.actions)
        self.sample_steps = config.sample_steps
        self.noise_emphasis = config.noise_emphasis

    def seen(self, batch: Batch) -> Tensor:
        """Return what every step takes of an observation; see `denoisers`. Shape (B, ...)."""
        return self.denoiser.seen(self.tokens(batch))

    def forward(self, batch: Batch, noise: Tensor | None = None) -> Tensor:
        """Return a chunk drawn from `noise` (B, H, A), or from new noise. Shape (B, H, A)."""
        return integrate(partial(self.velocity, self.seen(batch)),
                         start(batch, self.noise, noise), self.sample_steps)

    def continued(self, batch: Batch, previous: Previous, noise: Tensor | None = None) -> Tensor:
        """Return a chunk that continues the previous one; see `realtime_chunking.Continuing`."""
        with torch.inference_mode(False), torch.no_grad():
            batch = {key: value.clone() for key, value in batch.items()}
            return integrate(partial(self.velocity, self.seen(batch)),
                             start(batch, self.noise, noise), self.sample_steps, previous)

    def velocity(self, seen: Tensor, x: Tensor, time: Tensor) -> Tensor:
        """Return the velocity of chunks (B, H, A) at times (B,), differentiable in x."""
        found: Tensor = self.denoiser(x, time, seen)
        return found.to(x.dtype)  # lower under mixed precision, where the steps need it full

    def loss(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the squared error of the velocity over labelled rows."""
        actions = held(batch['actions'], batch['valid'])
        noise = torch.randn_like(actions)
        time = draw_times(len(actions), self.noise_emphasis, actions)
        t = time[:, None, None]
        found = self.velocity(self.seen(batch), t * noise + (1 - t) * actions, time)
        loss = masked_square(found, noise - actions, batch['valid'])
        return loss, {'velocity_error': loss.detach()}


def draw_times(count: int, emphasis: float, like: Tensor) -> Tensor:
    """Return times of Beta(emphasis, 1) * 0.999 + 0.001, by inverting its distribution t^a."""
    uniform = torch.rand(count, device=like.device, dtype=like.dtype)
    return uniform ** (1 / emphasis) * (1 - LEAST_TIME) + LEAST_TIME
