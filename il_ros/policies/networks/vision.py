"""Convolutional image encoders: none with batch norm, which breaks under EMA weights."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
import math

from il_ros.policies.config import IMAGE_NORMS
from il_ros.policies.networks.convolution import Convolution
import torch
from torch import nn, Tensor
from torch.nn import functional as F

GROUP, FOLDED = IMAGE_NORMS


def _norm(channels: int, norm: str) -> nn.Module:
    if norm == FOLDED:
        return nn.Identity()
    groups = next(g for g in (16, 8, 4, 2, 1) if channels % g == 0)
    return nn.GroupNorm(groups, channels)


def arranged(planes: Tensor, norm: str) -> Tensor:
    """Return planes in the order in memory that their convolutions are fastest in.

    That is channels last, as images come, but for group norms in 16 bit on a CPU, whose gradient
    takes ten times as long in it.
    """
    if norm == GROUP and planes.device.type == 'cpu' and torch.is_autocast_enabled('cpu'):
        return planes.contiguous()
    return planes


class BasicBlock(nn.Module):
    """Two 3x3 convolutions around a shortcut (He et al. 2015, arXiv:1512.03385, figure 2)."""

    def __init__(self, inputs: int, outputs: int, stride: int, norm: str) -> None:
        super().__init__()
        bias = norm == FOLDED
        self.first = Convolution(inputs, outputs, 3, stride, 1, bias=bias)
        self.first_norm = _norm(outputs, norm)
        self.second = Convolution(outputs, outputs, 3, 1, 1, bias=bias)
        self.second_norm = _norm(outputs, norm)
        self.shortcut = nn.Identity() if stride == 1 and inputs == outputs else nn.Sequential(
            nn.Conv2d(inputs, outputs, 1, stride, bias=bias), _norm(outputs, norm))

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, C, H, W) to (B, C', H / stride, W / stride)."""
        y = F.relu(self.first_norm(self.first(x)), inplace=True)
        y = self.second_norm(self.second(y)) + self.shortcut(x)
        return F.relu(y, inplace=True)


class ResNet(nn.Module):
    """A residual network without its classifier.

    Widths (64, 128, 256, 512) with 2 blocks each are ResNet-18; its stem divides the image by 4
    and every stage but the first by 2.

    The norm is `group`, or `folded`: none, as of a frozen batch norm whose factors and offsets
    have been taken into the convolutions, which makes each step a third shorter. What has no
    pretrained weights then starts as in Fixup (Zhang et al. 2019, arXiv:1901.09321, section 3):
    every block as its shortcut, its first convolution divided by the square root of their number.
    """

    def __init__(self, widths: Sequence[int], blocks: int, norm: str = GROUP) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, widths[0], 7, 2, 3, bias=norm == FOLDED), _norm(widths[0], norm),
            nn.MaxPool2d(3, 2, 1), nn.ReLU(inplace=True))  # the same as in the other order
        layers: list[BasicBlock] = []
        inputs = widths[0]
        for stage, width in enumerate(widths):
            for block in range(blocks):
                layers.append(BasicBlock(inputs, width, 2 if stage and not block else 1, norm))
                inputs = width
        self.stages = nn.Sequential(*layers)
        self.channels = inputs
        self.norm = norm
        if norm == FOLDED:
            for convolution in (m for m in self.modules() if isinstance(m, nn.Conv2d)):
                nn.init.kaiming_normal_(convolution.weight, nonlinearity='relu')
                convolution.bias.data.zero_()  # type: ignore[union-attr]
            for layer in layers:
                layer.first.weight.data /= math.sqrt(len(layers))
                nn.init.zeros_(layer.second.weight)
            self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, planes: Tensor) -> Tensor:
        """Map (B, 3, H, W) to (B, channels, H', W')."""
        return self.stages(self.stem(arranged(planes, self.norm)))  # type: ignore[no-any-return]


class Backbones(nn.Module):
    """The ResNets of some cameras: one for all of them, as in ACT's code, or one each."""

    def __init__(self, cameras: Sequence[str], share: bool, widths: Sequence[int],
                 blocks: int, norm: str = GROUP) -> None:
        super().__init__()
        self.shared = ResNet(widths, blocks, norm) if share and cameras else None
        self.each = nn.ModuleDict({} if share else {
            name: ResNet(widths, blocks, norm) for name in cameras})

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
            layers += [nn.Conv2d(inputs, width, 3, 2, 1), _norm(width, GROUP), nn.ReLU()]
            inputs = width
        self.convolutions = nn.Sequential(*layers, nn.Conv2d(inputs, keypoints, 1, bias=False))
        self.outputs = 2 * keypoints

    def forward(self, planes: Tensor) -> Tensor:
        """Return the expected image coordinates of every keypoint in [-1, 1]. Shape (B, 2 K)."""
        maps = self.convolutions(arranged(planes, GROUP))  # (B, K, H', W')
        share = maps.flatten(2).softmax(-1).view_as(maps)
        rows = torch.linspace(-1, 1, maps.shape[2], device=maps.device)
        columns = torch.linspace(-1, 1, maps.shape[3], device=maps.device)
        return torch.cat([share.sum(3) @ rows, share.sum(2) @ columns], -1)
