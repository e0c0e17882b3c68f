"""Diffusion Policy, Chi et al. 2023 (arXiv:2303.04137): chunks drawn out of noise.

Training adds noise to a demonstrated chunk a and asks the network which (Ho et al. 2020, DDPM,
arXiv:2006.11239, equations 4 and 14; k of K steps, alpha_k from the squared cosine of Nichol and
Dhariwal 2021):

    x_k = sqrt(alpha_k) a + sqrt(1 - alpha_k) eps,    loss = |eps - network(x_k, k, observation)|^2

Inference starts at noise and takes a few of the K steps back without new noise (Song et al. 2020,
DDIM, arXiv:2010.02502, equation 12 with sigma = 0), clipping each estimate of a to [-1, 1]. Where
people do the same in several ways, a drawn chunk takes one of them.

Departs from the paper in the networks as said in `policies.networks.denoisers`; rows that are no
labels are left out of the loss, where the authors' code learns to repeat the last one.
"""
from __future__ import annotations

import math

from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from diffusers.schedulers.scheduling_ddpm import DDPMScheduler
from il_ros.policies.config import DiffusionConfig
from il_ros.policies.networks.denoisers import (
    held,
    make_denoiser,
    masked_square,
    ObservationTokens,
    start,
)
from il_ros.policies.networks.network import Batch, Network, Sizes
from il_ros.policies.networks.realtime_chunking import (
    correction,
    guidance,
    LARGEST_GUIDANCE,
    Previous,
)
import torch
from torch import Tensor

BOUND = 1.0  # of normalised actions


class Diffusion(Network):
    """The observation's tokens, the denoiser and the two noise schedules."""

    def __init__(self, config: DiffusionConfig, sizes: Sizes) -> None:
        super().__init__()
        self.tokens = ObservationTokens(config, sizes)
        self.denoiser = make_denoiser(config, sizes, self.tokens.count)
        self.noise: tuple[int, int] = (sizes.horizon, sizes.actions)
        self.noise_steps = config.noise_steps
        self.noising = DDPMScheduler(config.noise_steps, beta_schedule='squaredcos_cap_v2')
        self.denoising = DDIMScheduler(
            config.noise_steps, beta_schedule='squaredcos_cap_v2', prediction_type='epsilon',
            clip_sample=True, clip_sample_range=BOUND)
        self.denoising.set_timesteps(config.sample_steps)
        self.timesteps: list[int] = self.denoising.timesteps.tolist()

    def seen(self, batch: Batch) -> Tensor:
        """Return what every step takes of an observation; see `denoisers`. Shape (B, ...)."""
        return self.denoiser.seen(self.tokens(batch))

    def forward(self, batch: Batch, noise: Tensor | None = None) -> Tensor:
        """Return a chunk drawn from `noise` (B, H, A), or from new noise. Shape (B, H, A)."""
        seen = self.seen(batch)
        x = start(batch, self.noise, noise)
        for k in self.timesteps:
            x = self.denoising.step(self._noise(x, x.new_full((len(x),), k), seen), k,
                                    x).prev_sample
        return x

    def continued(self, batch: Batch, previous: Previous, noise: Tensor | None = None,
                  largest: float = LARGEST_GUIDANCE) -> Tensor:
        """Return a chunk that continues the previous one; see `realtime_chunking.Continuing`.

        Divided by s = sqrt(alpha_k) + sqrt(1 - alpha_k), x_k lies on the straight line of a flow
        at t = sqrt(1 - alpha_k) / s, and a DDIM step is an Euler step of that flow. So the
        guidance is that of the flow, through this denoiser; where a DDIM step clips its estimate
        of the chunk, the error counts from the clipped one.

        Args:
            batch: The observation.
            previous: What the chunk shall continue.
            noise: As in `forward`.
            largest: Bound of the guidance weight.
        """
        with torch.inference_mode(False), torch.no_grad():
            batch = {key: value.clone() for key, value in batch.items()}
            seen = self.seen(batch)
            x = start(batch, self.noise, noise)
            kept = self.denoising.alphas_cumprod[self.timesteps].tolist()
            for k, now, after in zip(self.timesteps, kept, [*kept[1:], 1.0], strict=True):
                (t, scale), (t_after, scale_after) = _on_the_line(now), _on_the_line(after)
                step = torch.full((len(x),), k, device=x.device)

                def velocity(x: Tensor, time: Tensor, step: Tensor = step, t: float = t,
                             scale: float = scale) -> Tensor:
                    noise = self._noise(scale * x, step, seen)
                    return (noise - x) / (1 - t)  # noise - chunk, of x = (1 - t) chunk + t noise

                v, towards = correction(velocity, x / scale, x.new_full((len(x),), t), previous,
                                        BOUND)
                x = self.denoising.step(x / scale + (1 - t) * v, k, x).prev_sample
                x = x + scale_after * (t - t_after) * guidance(t, largest) * towards
        return x

    def loss(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the squared error of the noise over labelled rows."""
        actions = held(batch['actions'], batch['valid'])
        noise = torch.randn_like(actions)
        k = torch.randint(self.noise_steps, (len(actions),), device=actions.device)
        noisy = self.noising.add_noise(actions, noise, k)
        loss = masked_square(self._noise(noisy, k, self.seen(batch)), noise, batch['valid'])
        return loss, {'noise_error': loss.detach()}

    def _noise(self, x: Tensor, k: Tensor, seen: Tensor) -> Tensor:
        found: Tensor = self.denoiser(x, k / self.noise_steps, seen)
        return found.to(x.dtype)  # lower under mixed precision, where the schedule needs it full


def _on_the_line(kept: float) -> tuple[float, float]:
    """Return the time of a flow and what divides x_k, for alpha_k."""
    scale = math.sqrt(kept) + math.sqrt(1 - kept)
    return math.sqrt(1 - kept) / scale, scale
