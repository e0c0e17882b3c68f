"""The networks that diffusion and flow ask what is noise in a chunk.

Two after Chi et al. 2023 (Diffusion Policy, arXiv:2303.04137, section 3.1): a U-Net along the
chunk, conditioned by FiLM, and a transformer that attends to the observation. Both see a noisy
chunk (B, H, A), its time in [0, 1] (B,) and one token per input of the observation (B, T, W).

Where this departs from the authors' code, on purpose:
- one observation unless `observation_steps` says more (theirs are two); the first row of a chunk
  is the next action whatever it says,
- each input enters through a linear layer of its own, which gives the transformer its tokens,
- the transformer's rows see each other both ways: a chunk is drawn as a whole,
- chunks of any length: the U-Net fills them up with rows of zeros inside.
"""
from __future__ import annotations

from collections.abc import Iterator

from il_ros.policies.act import sinusoid
from il_ros.policies.config import DenoiserConfig
from il_ros.policies.networks.network import Batch, see, Sizes
from il_ros.policies.networks.vision import KeypointEncoder
import torch
from torch import nn, Tensor
from torch.nn import functional as F

# The time code's fastest wave has a period of 2 pi / 100, about half an Euler step. Much faster
# ones, as of a sinusoid of time times 1000, would be noise: no two samples share them.
TIME_RATE = 100.0


class ObservationTokens(nn.Module):
    """One token per vector input and per camera, each of all ticks that are seen."""

    def __init__(self, config: DenoiserConfig, sizes: Sizes) -> None:
        super().__init__()
        self.vectors = nn.ModuleDict(
            {name: nn.Linear(sizes.steps * size, config.width)
             for name, size in sizes.inputs.items()})
        self.cameras = nn.ModuleDict(
            {name: KeypointEncoder(config.image_widths, config.keypoints)
             for name in sizes.images})
        self.from_keypoints = nn.ModuleDict(
            {name: nn.Linear(2 * sizes.steps * config.keypoints, config.width)
             for name in sizes.images})
        self.count = len(self.vectors) + len(self.cameras)

    def forward(self, batch: Batch) -> Tensor:
        """Return the tokens of an observation. Shape (B, T, W)."""
        tokens = [layer(batch[name].flatten(1)) for name, layer in self.vectors.items()]
        for name, encoder in self.cameras.items():
            tokens.append(self.from_keypoints[name](see(encoder, batch[f'images.{name}'])))
        return torch.stack(tokens, 1)


class TimeCode(nn.Module):
    """Sinusoids of the time and two layers."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        self.layers = nn.Sequential(nn.Linear(width, 4 * width), nn.Mish(),
                                    nn.Linear(4 * width, width))

    def forward(self, time: Tensor) -> Tensor:
        """Map times (B,) in [0, 1] to (B, W)."""
        return self.layers(sinusoid(TIME_RATE * time, self.width))  # type: ignore[no-any-return]


def _convolution(inputs: int, outputs: int, kernel: int) -> nn.Sequential:
    groups = next(g for g in (8, 4, 2, 1) if outputs % g == 0)
    return nn.Sequential(nn.Conv1d(inputs, outputs, kernel, padding=kernel // 2),
                         nn.GroupNorm(groups, outputs), nn.Mish())


class FilmBlock(nn.Module):
    """Two convolutions around a shortcut; the condition scales and shifts what is between them.

    Perez et al. 2018 (arXiv:1709.07871), equation 2, per channel.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int) -> None:
        super().__init__()
        self.outputs = outputs
        self.first = _convolution(inputs, outputs, kernel)
        self.second = _convolution(outputs, outputs, kernel)
        self.shortcut = (nn.Identity() if inputs == outputs
                         else nn.Conv1d(inputs, outputs, 1))

    def forward(self, x: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
        """Map (B, C, H) to (B, C', H) under a condition, (B, C', 1) each."""
        y = self.second(scale * self.first(x) + shift)
        return y + self.shortcut(x)  # type: ignore[no-any-return]


class UNet(nn.Module):
    """Down the levels and up again with a shortcut at each, after the authors' 1-D U-Net.

    What conditions its blocks is a linear map of the time and the observation side by side, so
    the observation's share of it is found once for all steps: `seen`.
    """

    def __init__(self, config: DenoiserConfig, sizes: Sizes, tokens: int) -> None:
        super().__init__()
        widths = config.unet_widths

        def blocks(inputs: int, outputs: int) -> nn.ModuleList:
            return nn.ModuleList([FilmBlock(inputs, outputs, config.kernel),
                                  FilmBlock(outputs, outputs, config.kernel)])

        self.time = TimeCode(config.width)
        self.down = nn.ModuleList(
            blocks(i, o) for i, o in zip((sizes.actions, *widths), widths, strict=False))
        self.shrink = nn.ModuleList(nn.Conv1d(w, w, 3, 2, 1) for w in widths[:-1])
        self.middle = blocks(widths[-1], widths[-1])
        upwards = list(zip(reversed(widths[1:]), reversed(widths[:-1]), strict=True))
        self.grow = nn.ModuleList(nn.ConvTranspose1d(low, low, 4, 2, 1) for low, _ in upwards)
        self.up = nn.ModuleList(blocks(low + high, high) for low, high in upwards)
        self.leave = nn.Sequential(_convolution(widths[0], widths[0], config.kernel),
                                   nn.Conv1d(widths[0], sizes.actions, 1))
        self.multiple = 2 ** (len(widths) - 1)
        self.films = [module.outputs for module in self.modules()
                      if isinstance(module, FilmBlock) for _ in ('scale', 'shift')]
        self.film_time = nn.Linear(config.width, sum(self.films))
        self.film_seen = nn.Linear(tokens * config.width, sum(self.films), bias=False)
        bound = ((1 + tokens) * config.width) ** -0.5  # as of one linear layer
        for layer in (self.film_time, self.film_seen):
            nn.init.uniform_(layer.weight, -bound, bound)

    def seen(self, tokens: Tensor) -> Tensor:
        """Return what the steps take of an observation's tokens (B, T, W). Shape (B, F)."""
        return self.film_seen(F.mish(tokens.flatten(1)))  # type: ignore[no-any-return]

    def forward(self, chunk: Tensor, time: Tensor, seen: Tensor) -> Tensor:
        """Return what is asked of each row. Shape (B, H, A)."""
        rows = chunk.shape[1]
        film = seen + self.film_time(F.mish(self.time(time)))  # (B, F)
        films = iter(torch.split(film[..., None], self.films, 1))
        x = F.pad(chunk.transpose(1, 2), (0, -rows % self.multiple))  # (B, A, H')
        kept = []
        for pair, shrink in zip(self.down, self.shrink, strict=False):
            x = _run(pair, x, films)
            kept.append(x)
            x = shrink(x)
        x = _run(self.middle, _run(self.down[-1], x, films), films)
        for grow, pair in zip(self.grow, self.up, strict=True):
            x = _run(pair, torch.cat([grow(x), kept.pop()], 1), films)
        out: Tensor = self.leave(x)
        return out[..., :rows].transpose(1, 2)


def _run(blocks: nn.Module, x: Tensor, films: Iterator[Tensor]) -> Tensor:
    for block in blocks.children():
        x = block(x, next(films), next(films))
    return x


class Transformer(nn.Module):
    """Rows of the chunk attend to each other and to the time and the observation."""

    def __init__(self, config: DenoiserConfig, sizes: Sizes, tokens: int) -> None:
        super().__init__()
        width = config.width
        self.time = TimeCode(width)
        self.enter = nn.Linear(sizes.actions, width)
        self.row_positions = nn.Parameter(torch.randn(1, sizes.horizon, width) * 0.02)
        self.token_positions = nn.Parameter(torch.randn(1, 1 + tokens, width) * 0.02)
        self.layers = nn.ModuleList(
            nn.TransformerDecoderLayer(width, config.heads, 4 * width, config.dropout, 'gelu',
                                       batch_first=True, norm_first=True)
            for _ in range(config.layers))
        self.leave = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, sizes.actions))

    def seen(self, tokens: Tensor) -> Tensor:
        """Return what the steps take of an observation: its tokens."""
        return tokens

    def forward(self, chunk: Tensor, time: Tensor, seen: Tensor) -> Tensor:
        """Return what is asked of each row. Shape (B, H, A)."""
        memory = torch.cat([self.time(time)[:, None], seen], 1) + self.token_positions
        x = self.enter(chunk) + self.row_positions  # (B, H, W)
        for layer in self.layers:
            x = layer(x, memory)
        out: Tensor = self.leave(x)
        return out


def make_denoiser(config: DenoiserConfig, sizes: Sizes, tokens: int) -> UNet | Transformer:
    """Return the network that the configuration names, for so many tokens."""
    return (UNet if config.denoiser == 'unet' else Transformer)(config, sizes, tokens)


def held(actions: Tensor, valid: Tensor) -> Tensor:
    """Return a chunk whose rows behind the last label repeat it. Shape (B, H, A).

    The network mixes rows, so what is no label must be something, and must not be read; a row
    before the first label is 0.
    """
    rows = torch.arange(actions.shape[1], device=actions.device)
    newest = torch.where(valid, rows, 0).cummax(1).values  # (B, H)
    labels = torch.where(valid[..., None], actions, 0.0)
    return labels.gather(1, newest[..., None].expand_as(labels))


def masked_square(predicted: Tensor, target: Tensor, valid: Tensor) -> Tensor:
    """Return the mean squared error over the rows that are labels."""
    error = torch.where(valid[..., None], predicted - target, 0.0).square()  # (B, H, A)
    return error.sum() / (valid.sum().clamp(min=1) * target.shape[-1])


def start(batch: Batch, shape: tuple[int, int], noise: Tensor | None) -> Tensor:
    """Return the noise to draw a chunk from: what was given, or new. Shape (B, H, A)."""
    some = next(iter(batch.values()))
    if noise is not None:
        return noise
    return torch.randn(len(some), *shape, device=some.device)
