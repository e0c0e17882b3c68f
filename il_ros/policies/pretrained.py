"""Weights of ResNet-18 as torchvision names them, put into the image backbones of a network."""
from __future__ import annotations

from pathlib import Path
import re

from il_ros.errors import CheckpointError
from il_ros.policies.checkpoint import read_weights, Weights
from il_ros.policies.vision import ResNet
import numpy as np
import torch
from torch import nn

IMAGENET_STD = np.array([0.229, 0.224, 0.225], np.float32)  # of red, green, blue in [0, 1]
BLOCKS = 2                                                  # of each stage of ResNet-18
NAMES = {'first': 'conv1', 'first_norm': 'bn1', 'second': 'conv2', 'second_norm': 'bn2',
         'shortcut.0': 'downsample.0', 'shortcut.1': 'downsample.1'}


def load_backbones(network: nn.Module, path: Path) -> None:
    """Start every ResNet in a network from the weights of a local file.

    A batch norm's factor and offset become those of the group norm in its place. Images are in
    [-1, 1] here and divided by ImageNet's deviation there, which the first convolution takes in;
    its offset is left to the norm behind it.

    Args:
        network: At least one `ResNet` in it.
        path: safetensors with torchvision's names; what stands there besides is not read.

    Raises:
        CheckpointError: The file cannot be read, the network has no ResNet, or the file has not
            each of a ResNet's weights in its shape.
    """
    backbones = [module for module in network.modules() if isinstance(module, ResNet)]
    if not backbones:
        raise CheckpointError('pretrained: expected a policy with a ResNet, got one without; '
                              'take a kind with a ResNet (act) and name its cameras')
    if not path.is_file():
        raise CheckpointError(f'pretrained: expected a safetensors file, found no {path}')
    weights = read_weights(path)
    for backbone in backbones:
        _fill(backbone, weights, path)


def torchvision_name(name: str) -> str:
    """Return torchvision's name of a weight of `ResNet`.

    Example: 'stages.3.first_norm.bias' is 'layer2.1.bn1.bias'.
    """
    if name.startswith('stem.'):
        return name.replace('stem.0', 'conv1').replace('stem.1', 'bn1')
    found = re.fullmatch(r'stages\.(\d+)\.(.+)\.(weight|bias)', name)
    assert found, name
    index = int(found[1])
    return f'layer{index // BLOCKS + 1}.{index % BLOCKS}.{NAMES[found[2]]}.{found[3]}'


def _fill(backbone: ResNet, weights: Weights, path: Path) -> None:
    ours = backbone.state_dict()
    wrong = []
    for name, value in ours.items():
        theirs = torchvision_name(name)
        got = weights[theirs].shape if theirs in weights else 'none'
        if got != tuple(value.shape):
            wrong.append(f'{theirs}: expected {tuple(value.shape)}, got {got}')
    if wrong:
        raise CheckpointError(
            f'pretrained: {path} does not fit the backbone: {"; ".join(wrong[:3])}'
            + (f'; and {len(wrong) - 3} more' if len(wrong) > 3 else '')
            + '; give a ResNet-18 of torchvision, and the policy image_widths [64, 128, 256, 512] '
            'and image_blocks 2')
    found = {name: weights[torchvision_name(name)].astype(np.float32) for name in ours}
    found['stem.0.weight'] = found['stem.0.weight'] / (2 * IMAGENET_STD[:, None, None])
    backbone.load_state_dict({name: torch.from_numpy(value) for name, value in found.items()})
