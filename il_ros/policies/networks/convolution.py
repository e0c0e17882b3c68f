"""Convolutions that train on a CPU by products of matrices where oneDNN is slow."""
from __future__ import annotations

from typing import Any

import torch
from torch import nn, Tensor
from torch.nn import functional as F

SMALL_MAP = 36           # values of a channel
LEAST_MAP = 16
MANY_WEIGHTS = 1 << 18   # of a convolution


class Patches(torch.autograd.Function):
    """The square patches of maps (B, H, W, C) under a kernel: (B, H', W', kernel^2 * C)."""

    @staticmethod
    def forward(ctx: Any, maps: Tensor, kernel: int, stride: int, padding: int) -> Tensor:
        """Put the values under each place of the kernel side by side."""
        ctx.shape, ctx.at = maps.shape, (kernel, stride, padding)
        padded = F.pad(maps, (0, 0, *[padding] * 4))
        return torch.cat([padded[place] for place in _places(padded.shape, kernel, stride)], -1)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None, None]:
        """Add up what each value of a map contributed to."""
        batch, height, width, channels = ctx.shape
        kernel, stride, padding = ctx.at
        padded = gradients[0].new_zeros(batch, height + 2 * padding, width + 2 * padding, channels)
        parts = torch.split(gradients[0], channels, -1)
        for place, part in zip(_places(padded.shape, kernel, stride), parts, strict=True):
            padded[place].add_(part)
        found = padded[:, padding:padding + height, padding:padding + width]
        return found.contiguous(), None, None, None


def _places(shape: torch.Size, kernel: int, stride: int) -> list[tuple[slice, slice, slice]]:
    rows, columns = ((size - kernel) // stride * stride + 1 for size in shape[1:3])
    return [(slice(None), slice(i, i + rows, stride), slice(j, j + columns, stride))
            for i in range(kernel) for j in range(kernel)]


class WeightsByProduct(torch.autograd.Function):
    """A convolution; the gradient of its weights is a product of two matrices."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, stride: int,
                padding: int) -> Tensor:
        """Convolve (B, C, H, W)."""
        ctx.save_for_backward(x, weight)
        ctx.at, ctx.biased = (weight.shape[-1], stride, padding), bias is not None
        return F.conv2d(x, weight, bias, stride, padding)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        """Multiply the patches by the gradients of what was made of them."""
        x, weight = ctx.saved_tensors
        kernel, stride, padding = ctx.at
        of_x, _, _ = torch.ops.aten.convolution_backward(
            gradients[0], x, weight, None, [stride] * 2, [padding] * 2, [1, 1], False, [0, 0], 1,
            (True, False, False))
        patches = Patches.apply(x.permute(0, 2, 3, 1), *ctx.at)  # type: ignore[no-untyped-call]
        rows = gradients[0].permute(0, 2, 3, 1).flatten(0, 2)  # (B H' W', C')
        of_weight = (rows.t() @ patches.flatten(0, 2)).view(-1, kernel, kernel, x.shape[1])
        of_bias = rows.sum(0) if ctx.biased else None
        return of_x, of_weight.permute(0, 3, 1, 2), of_bias, None, None


class Convolution(nn.Conv2d):
    """A square convolution; in training, of small maps on a CPU, by products of matrices.

    oneDNN takes two to ten times as long for the gradient of many weights from maps of 6 x 6 and
    less as the product of the patches and the gradients does, in 32 and in 16 bit, and for all of
    the convolution where the maps are 4 x 4 and less.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to (B, C', H', W')."""
        kernel, stride, padding = self.kernel_size[0], self.stride[0], int(self.padding[0])
        rows, columns = ((size + 2 * padding - kernel) // stride + 1 for size in x.shape[2:])
        if (not self.training or x.device.type != 'cpu' or rows * columns > SMALL_MAP
                or self.weight.numel() < MANY_WEIGHTS):
            return super().forward(x)
        weight, bias = self.weight, self.bias
        if torch.is_autocast_enabled('cpu'):
            kind = torch.get_autocast_dtype('cpu')
            x, weight, bias = x.to(kind), weight.to(kind), None if bias is None else bias.to(kind)
        if rows * columns > LEAST_MAP:
            return WeightsByProduct.apply(  # type: ignore[no-untyped-call, no-any-return]
                x, weight, bias, stride, padding)
        patches = Patches.apply(  # type: ignore[no-untyped-call]
            x.permute(0, 2, 3, 1), kernel, stride, padding)
        found = F.linear(patches, weight.permute(0, 2, 3, 1).flatten(1), bias).permute(0, 3, 1, 2)
        return found.contiguous() if x.is_contiguous() else found  # in the order of x
