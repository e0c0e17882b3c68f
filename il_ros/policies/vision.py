"""Convolutional image encoders. Group norm throughout: batch norm breaks under EMA weights."""
from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import nn, Tensor
from torch.nn import functional as F

SMALL_MAP = 16           # values of a channel
MANY_WEIGHTS = 1 << 20   # of a convolution


def _norm(channels: int) -> nn.GroupNorm:
    groups = next(g for g in (16, 8, 4, 2, 1) if channels % g == 0)
    return nn.GroupNorm(groups, channels)


class Convolution(nn.Conv2d):
    """A square convolution without a bias; in training, of small maps, a product of two matrices.

    oneDNN makes the gradient of 512 x 512 x 3 x 3 weights from maps of 3 x 3 in three times the
    time of the product of the patches and the weights, in 32 and in 16 bit.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to (B, C', H', W')."""
        kernel, stride, padding = self.kernel_size[0], self.stride[0], int(self.padding[0])
        rows, columns = ((size + 2 * padding - kernel) // stride + 1 for size in x.shape[2:])
        if (not self.training or x.device.type != 'cpu' or rows * columns > SMALL_MAP
                or self.weight.numel() < MANY_WEIGHTS):
            return super().forward(x)
        padded = F.pad(x.permute(0, 2, 3, 1), (0, 0, *[padding] * 4))  # (B, H, W, C)
        patches = torch.stack(
            [padded[:, i:i + stride * (rows - 1) + 1:stride,
                    j:j + stride * (columns - 1) + 1:stride]
             for i in range(kernel) for j in range(kernel)], -1)  # (B, H', W', C, kernel^2)
        found = F.linear(patches.flatten(0, 2).flatten(1), self.weight.flatten(1))
        return found.view(len(x), rows, columns, -1).permute(0, 3, 1, 2).contiguous()


class BasicBlock(nn.Module):
    """Two 3x3 convolutions around a shortcut (He et al. 2015, arXiv:1512.03385, figure 2)."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.first = Convolution(inputs, outputs, 3, stride, 1, bias=False)
        self.first_norm = _norm(outputs)
        self.second = Convolution(outputs, outputs, 3, 1, 1, bias=False)
        self.second_norm = _norm(outputs)
        self.shortcut = nn.Identity() if stride == 1 and inputs == outputs else nn.Sequential(
            nn.Conv2d(inputs, outputs, 1, stride, bias=False), _norm(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to (B, C', H / stride, W / stride)."""
        y = F.relu(self.first_norm(self.first(x)))
        return F.relu(self.second_norm(self.second(y)) + self.shortcut(x))


class ResNet(nn.Module):
    """A residual network without its classifier.

    Widths (64, 128, 256, 512) with 2 blocks each are ResNet-18; its stem divides the image by 4
    and every stage but the first by 2.
    """

    def __init__(self, widths: Sequence[int], blocks: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, widths[0], 7, 2, 3, bias=False), _norm(widths[0]),
                                  nn.ReLU(), nn.MaxPool2d(3, 2, 1))
        layers: list[nn.Module] = []
        inputs = widths[0]
        for stage, width in enumerate(widths):
            for block in range(blocks):
                layers.append(BasicBlock(inputs, width, 2 if stage and not block else 1))
                inputs = width
        self.stages = nn.Sequential(*layers)
        self.channels = inputs

    def forward(self, planes: Tensor) -> Tensor:
        """Map (B, 3, H, W) to (B, channels, H', W')."""
        return self.stages(self.stem(planes))  # type: ignore[no-any-return]


class Backbones(nn.Module):
    """The ResNets of some cameras: one for all of them, as in ACT's code, or one each."""

    def __init__(self, cameras: Sequence[str], share: bool, widths: Sequence[int],
                 blocks: int) -> None:
        super().__init__()
        self.shared = ResNet(widths, blocks) if share and cameras else None
        self.each = nn.ModuleDict({} if share else {
            name: ResNet(widths, blocks) for name in cameras})

    def forward(self, planes: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Map each camera's (B, 3, H, W) to (B, channels, H', W')."""
        if self.shared is None:
            return {name: backbone(planes[name]) for name, backbone in self.each.items()}
        if len({images.shape for images in planes.values()}) > 1:
            return {name: self.shared(images) for name, images in planes.items()}
        found = self.shared(torch.cat(list(planes.values())))
        return dict(zip(planes, found.chunk(len(planes)), strict=True))


class KeypointEncoder(nn.Module):
    """Strided convolutions and a spatial softmax: where in the image, as numbers.

    Levine et al. 2016 (arXiv:1504.00702), section 5.2.
    """

    def __init__(self, widths: Sequence[int], keypoints: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inputs = 3
        for width in widths:
            layers += [nn.Conv2d(inputs, width, 3, 2, 1), _norm(width), nn.ReLU()]
            inputs = width
        self.convolutions = nn.Sequential(*layers, nn.Conv2d(inputs, keypoints, 1, bias=False))
        self.outputs = 2 * keypoints

    def forward(self, planes: Tensor) -> Tensor:
        """Return the expected image coordinates of every keypoint in [-1, 1]. Shape (B, 2 K)."""
        maps = self.convolutions(planes)  # (B, K, H', W')
        share = maps.flatten(2).softmax(-1).view_as(maps)
        rows = torch.linspace(-1, 1, maps.shape[2], device=maps.device)
        columns = torch.linspace(-1, 1, maps.shape[3], device=maps.device)
        return torch.cat([share.sum(3) @ rows, share.sum(2) @ columns], -1)
