"""Implicit behavioural cloning, Florence et al. 2021 (arXiv:2109.00137).

The policy is argmin_a E(o, a): an energy over observation and chunk that can change at once where
a regression would have to be smooth. Training tells the demonstrated chunk from counter-examples
(InfoNCE, equation 2); inference searches for the lowest energy, without derivatives (algorithm 1)
or by Langevin dynamics (appendix B.3). Candidates stay within the range of the training data and
5 % of it on either side, which the min_max normalisation makes [-1.1, 1.1].

Counter-examples that are drawn uniformly hardly ever lie where the energy is low and wrong.
`found_share` of them comes from a round of the search itself (`fraction_dfo_samples` in the
authors' code); Langevin dynamics finds all of them, at many times the cost.

The search is over all H * J values of a chunk at once and finds nothing in many dimensions:
robomimic reports 0.00 on Can and Square. Take a short horizon, and watch the validation error,
which is that of the argmin; the loss says little.

Where this departs from the authors' code, on purpose:
- the energy sees state and poses beside the candidate, as theirs does, and an encoding of the
  whole observation, too; both are computed once for all candidates. Without the first, a setpoint
  that is a place in the observation comes out blurred; without the second, the moment at which
  the choice changes (docs/learning.md has figures),
- rows without a label are drawn at random, alike in all candidates, so that nothing is learned
  from them,
- Langevin negatives carry no gradient of their chain, and inference takes the lowest energy of
  the last candidates where the authors' derivative-free policy draws one.
"""
from __future__ import annotations

from dataclasses import replace

from il_ros.policies.bc import BC, Block
from il_ros.policies.config import BCConfig, IBCConfig
from il_ros.policies.networks.network import Batch, Network, Sizes
import torch
from torch import nn, Tensor
from torch.nn import functional as F

# Langevin dynamics, in units of [-1, 1] (appendix B.3.3): step sizes fall from the first to the
# last with power 2, no step of a value is longer than STEP_CLIP.
STEP_SIZES = (1e-1, 1e-5)
STEP_CLIP = 0.1
GRADIENT_MARGIN = 1.0
CANDIDATES = 65_536  # evaluated at a time at inference, which bounds its memory


class IBC(Network):
    """The encoder of the observation, the energy and both ways down it."""

    def __init__(self, config: IBCConfig, trunk: BCConfig, sizes: Sizes) -> None:
        super().__init__()
        self.config = config
        self.chunk = (sizes.horizon, sizes.actions)
        self.bound = 1 + 2 * config.bound_margin
        self.trunk = BC(trunk, replace(sizes, horizon=1, actions=config.hidden))
        self.vectors = list(sizes.inputs)
        seen = sizes.steps * sum(sizes.inputs.values())
        self.beside = nn.Linear(seen, config.hidden) if seen else None
        self.candidates = nn.Linear(sizes.horizon * sizes.actions, config.hidden, bias=False)
        self.blocks = nn.Sequential(
            *(Block(config.hidden, 0.0) for _ in range(config.layers)),
            nn.LayerNorm(config.hidden), nn.Linear(config.hidden, 1, bias=False))

    def encode(self, batch: Batch) -> Tensor:
        """Return what the energy sees of the observation. Shape (B, W)."""
        encoding: Tensor = self.trunk(batch)[:, 0]
        if self.beside:
            encoding = encoding + self.beside(
                torch.cat([batch[key].flatten(1) for key in self.vectors], -1))
        return encoding

    def energy(self, encoding: Tensor, candidates: Tensor) -> Tensor:
        """Return the energy of each candidate; the lowest is the policy's choice.

        Args:
            encoding: Of the observation. Shape (B, W).
            candidates: Chunks. Shape (B, N, H, J).

        Returns:
            Shape (B, N).
        """
        hidden = encoding[:, None] + self.candidates(candidates.flatten(2))  # (B, N, W)
        out: Tensor = self.blocks(hidden)
        return out[..., 0].float()

    def forward(self, batch: Batch) -> Tensor:
        """Return the chunk of the lowest energy that the search finds. Shape (B, H, J)."""
        encoding = self.encode(batch)
        search = (self.langevin if self.config.sampler == 'langevin' else self.derivative_free)
        rows = max(1, CANDIDATES // self.config.samples)
        return torch.cat([self._lowest(part, search(part, self.uniform(
            part, self.config.samples))) for part in torch.split(encoding, rows)])

    def loss(self, batch: Batch) -> tuple[Tensor, dict[str, Tensor]]:
        """Return InfoNCE, with the gradient penalty where negatives are Langevin's."""
        encoding, valid = self.encode(batch), batch['valid'][:, None, :, None]
        negatives = self.uniform(encoding, self.config.negatives)  # (B, N, H, J)
        filler = negatives[:, :1]
        positive = torch.where(valid, batch['actions'][:, None], filler)
        negatives = torch.where(valid, negatives, filler)
        langevin = self.config.sampler == 'langevin'
        if langevin:
            negatives = torch.where(valid, self.langevin(encoding.detach(), negatives), filler)
        elif found := round(self.config.found_share * self.config.negatives):
            near = torch.where(valid, self.near_low(encoding.detach(), negatives, found), filler)
            negatives = torch.cat([negatives[:, found:], near], 1)
        energies = self.energy(encoding, torch.cat([positive, negatives], 1))  # (B, 1 + N)
        loss = F.cross_entropy(-energies, torch.zeros_like(energies[:, 0], dtype=torch.long))
        figures = {'info_nce': loss.detach(),
                   'found': (energies.argmin(1) == 0).float().mean()}
        if langevin:
            penalty = self.gradient_penalty(encoding, negatives)
            figures['penalty'] = penalty.detach()
            loss = loss + penalty
        return loss, figures

    def uniform(self, encoding: Tensor, count: int) -> Tensor:
        """Return candidates anywhere within the bounds. Shape (B, N, H, J)."""
        return torch.empty(len(encoding), count, *self.chunk,
                           device=encoding.device).uniform_(-self.bound, self.bound)

    def derivative_free(self, encoding: Tensor, candidates: Tensor) -> Tensor:
        """Draw candidates by their likelihood and spread them, ever less (algorithm 1)."""
        sigma = self.config.sigma
        for _ in range(self.config.iterations):
            candidates = self._drawn(encoding, candidates, candidates.shape[1], sigma)
            sigma *= 0.5
        return candidates

    @torch.no_grad()
    def near_low(self, encoding: Tensor, candidates: Tensor, count: int) -> Tensor:
        """Return counter-examples near low energies: one round of `derivative_free`.

        It draws from the candidates and as many new ones, and spreads them by half of `sigma`.

        Returns:
            Shape (B, count, H, J).
        """
        more = torch.cat([candidates, self.uniform(encoding, candidates.shape[1])], 1)
        return self._drawn(encoding, more, count, self.config.sigma / 2)

    def langevin(self, encoding: Tensor, candidates: Tensor) -> Tensor:
        """Move candidates down the energy with noise that vanishes (equation 4)."""
        first, last = STEP_SIZES
        steps = self.config.langevin_steps
        for step in range(steps):
            size = last + (first - last) * (1 - step / (steps - 1)) ** 2
            slope = self._slope(encoding, candidates, learn=False)
            move = size * (0.5 * slope + torch.randn_like(slope))
            candidates = (candidates - move.clamp(-STEP_CLIP, STEP_CLIP)).clamp(
                -self.bound, self.bound)
        return candidates

    def gradient_penalty(self, encoding: Tensor, candidates: Tensor) -> Tensor:
        """Return what keeps the energy smooth enough for Langevin dynamics (equation 5)."""
        slope = self._slope(encoding, candidates, learn=True)
        steepest = slope.flatten(2).abs().amax(-1)  # (B, N)
        return F.relu(steepest - GRADIENT_MARGIN).square().mean()

    def _drawn(self, encoding: Tensor, candidates: Tensor, count: int, sigma: float) -> Tensor:
        row = torch.arange(len(encoding), device=encoding.device)[:, None]
        share = (-self.energy(encoding, candidates)).softmax(-1)
        drawn = candidates[row, torch.multinomial(share, count, replacement=True)]
        return (drawn + sigma * torch.randn_like(drawn)).clamp(-self.bound, self.bound)

    def _slope(self, encoding: Tensor, candidates: Tensor, learn: bool) -> Tensor:
        # Inference mode would refuse gradients, and its tensors with it: clones are plain.
        with torch.inference_mode(False), torch.enable_grad():
            if not learn:
                encoding = encoding.detach().clone()
            candidates = candidates.detach().clone().requires_grad_()
            energy = self.energy(encoding, candidates).sum()
            slope, = torch.autograd.grad(energy, candidates, create_graph=learn)
        return slope

    def _lowest(self, encoding: Tensor, candidates: Tensor) -> Tensor:
        best = self.energy(encoding, candidates).argmin(1)
        return candidates[torch.arange(len(best), device=best.device), best]
