"""A Gaussian mixture over whole chunks: behaviour cloning that chooses where people differ.

Mixture density networks (Bishop 1994) as robomimic's BC-GMM has them (Mandlekar et al. 2021,
arXiv:2108.03298, appendix D): 5 modes, tanh means, a floor under sigma, almost no noise at
inference, negative log likelihood as the loss.

Where this departs from robomimic's code, on purpose:
- one mode speaks for the whole chunk, not for one step: no change of mind within a chunk,
- the floor of sigma is 0.01 in place of 0.0001: over all values of a chunk the likelihood would
  otherwise grow with sigma's collapse and drown the choice of modes,
- modes start nearly alike: likelihoods of whole chunks differ by so much that otherwise the mode
  that happens to be nearest takes all labels and the rest never learn,
- the loss is divided by the number of labelled values, so that its scale is that of one value.
"""
from __future__ import annotations

from dataclasses import replace
import math
from typing import NamedTuple

from il_ros.policies.bc import BC
from il_ros.policies.config import BCConfig, GMMConfig
from il_ros.policies.networks.denoisers import start
from il_ros.policies.networks.network import Batch, masked_l1, Network, Sizes
import torch
from torch import Tensor
from torch.nn import functional as F

HEAD_SCALE = 0.1  # of the head's initial weights: how far modes are apart at the start


class Mixture(NamedTuple):
    """M chunks per observation, how sure each is, and how likely."""

    means: Tensor   # within (-1, 1). Shape (B, M, H, J)
    sigmas: Tensor  # Shape (B, M, H, J)
    logits: Tensor  # Shape (B, M)


class GMM(Network):
    """The trunk of `BC` with the parameters of a mixture as its output."""

    def __init__(self, config: GMMConfig, trunk: BCConfig, sizes: Sizes) -> None:
        super().__init__()
        self.config = config
        self.shape = (config.modes, sizes.horizon, sizes.actions)
        self.noise: tuple[int, int] = (1 + sizes.horizon, sizes.actions)
        self.values = config.modes * sizes.horizon * sizes.actions
        self.trunk = BC(trunk, replace(sizes, horizon=1, actions=2 * self.values + config.modes))
        head = self.trunk.trunk[-1]
        with torch.no_grad():
            for parameter in head.parameters():
                parameter.mul_(HEAD_SCALE)

    def forward(self, batch: Batch, noise: Tensor | None = None) -> Tensor:
        """Return the chunk of a mode drawn by its likelihood. Shape (B, H, J).

        Args:
            batch: The observation.
            noise: The first value of the first row decides the mode, the other rows are what is
                added to its chunk. Shape (B, 1 + H, J).
        """
        mixture = self.mixture(batch)
        noise = start(batch, self.noise, noise)
        below = torch.special.ndtr(noise[:, 0, :1])  # uniform: the share of modes before this one
        mode = (mixture.logits.softmax(-1).cumsum(-1)[:, :-1] < below).sum(-1)
        chunk = mixture.means[torch.arange(len(mode), device=mode.device), mode]
        return chunk + self.config.eval_sigma * noise[:, 1:]

    def loss(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the negative log likelihood of the labelled rows, per value."""
        mixture, valid = self.mixture(batch), batch['valid']
        target = torch.where(valid[..., None], batch['actions'], 0.0)  # (B, H, J)
        rows = _log_density(mixture, target[:, None]).sum(-1)  # (B, M, H)
        modes = torch.where(valid[:, None], rows, 0.0).sum(-1)  # (B, M)
        likelihood = torch.logsumexp(F.log_softmax(mixture.logits, -1) + modes, -1)
        loss = -likelihood.sum() / (valid.sum().clamp(min=1) * target.shape[-1])
        likeliest = mixture.means[torch.arange(len(target), device=target.device),
                                  mixture.logits.argmax(-1)]
        return loss, {'nll': loss.detach(), 'l1': masked_l1(likeliest, target, valid).detach(),
                      'sigma': mixture.sigmas.detach().mean()}

    def mixture(self, batch: Batch) -> Mixture:
        """Return the distribution over chunks."""
        means, sigmas, logits = self.trunk(batch)[:, 0].float().split(
            [self.values, self.values, self.shape[0]], -1)
        return Mixture(means.view(-1, *self.shape).tanh(),
                       F.softplus(sigmas).view(-1, *self.shape) + self.config.least_sigma, logits)


def _log_density(mixture: Mixture, values: Tensor) -> Tensor:
    off = (values - mixture.means) / mixture.sigmas
    return -0.5 * off.square() - mixture.sigmas.log() - 0.5 * math.log(2 * math.pi)
