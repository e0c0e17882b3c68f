"""Weights of ResNet-18 as torchvision names them, put into the image backbones of a network."""
from __future__ import annotations

from pathlib import Path
import re

from il_ros.errors import CheckpointError
from il_ros.policies.checkpoint import read_weights, Weights
from il_ros.policies.networks.vision import FOLDED, ResNet
from il_ros.types import Floats
import numpy as np
import torch
from torch import nn

IMAGENET_MEAN = np.array([0.485, 0.456, 0.406], np.float32)  # of red, green, blue in [0, 1]
IMAGENET_STD = np.array([0.229, 0.224, 0.225], np.float32)
BLOCKS = 2                                                   # of each stage of ResNet-18
EPSILON = 1e-5                                               # of torchvision's batch norms
NORM = ('weight', 'bias', 'running_mean', 'running_var')
NAMES = {'first': 'conv1', 'first_norm': 'bn1', 'second': 'conv2', 'second_norm': 'bn2',
         'shortcut.0': 'downsample.0', 'shortcut.1': 'downsample.1'}


def load_backbones(network: nn.Module, path: Path) -> None:
    """Start every ResNet in a network from the weights of a local file.

    Images are in [-1, 1] here, less ImageNet's mean and divided by its deviation there, which the
    first convolution takes in. Where the backbone has `folded` norms, the batch norms are taken
    into the convolutions and it computes what torchvision's does, but for the outermost pixels:
    what is around an image is grey here, ImageNet's mean there. Where it has group norms, these
    begin with the batch norms' factors and offsets.

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
    given = _checked(backbone, weights, path)
    offset = (given['conv1.weight'] * ((0.5 - IMAGENET_MEAN) / IMAGENET_STD)[:, None, None]
              ).sum((1, 2, 3))  # what it makes of our 0
    given['conv1.weight'] = given['conv1.weight'] / (2 * IMAGENET_STD[:, None, None])
    found = {}
    for name in backbone.state_dict():
        theirs = torchvision_name(name)
        if backbone.norm != FOLDED:
            found[name] = given[theirs]
            continue
        factor, shift = _factor_and_shift(given, norm := _norm_of(theirs))
        found[name] = (given[theirs] * factor[:, None, None, None] if name.endswith('.weight')
                       else shift + (offset * factor if norm == 'bn1' else 0.0))
    backbone.load_state_dict(
        {name: torch.from_numpy(value).float() for name, value in found.items()})


def _checked(backbone: ResNet, weights: Weights, path: Path) -> Weights:
    """Return what the backbone takes of the file, which has all of it."""
    wanted: dict[str, tuple[int, ...]] = {}
    for name, value in backbone.state_dict().items():
        theirs = torchvision_name(name)
        names = ([f'{_norm_of(theirs)}.{part}' for part in NORM]
                 if backbone.norm == FOLDED and name.endswith('.bias') else [theirs])
        wanted |= dict.fromkeys(names, tuple(value.shape))
    wrong = [f'{name}: expected {shape}, got {weights[name].shape if name in weights else "none"}'
             for name, shape in wanted.items()
             if name not in weights or weights[name].shape != shape]
    if wrong:
        raise CheckpointError(
            f'pretrained: {path} does not fit the backbone: {"; ".join(wrong[:3])}'
            + (f'; and {len(wrong) - 3} more' if len(wrong) > 3 else '')
            + '; give a ResNet-18 of torchvision, and the policy image_widths [64, 128, 256, 512] '
            'and image_blocks 2')
    return {name: weights[name].astype(np.float32) for name in wanted}


def _factor_and_shift(given: Weights, norm: str) -> tuple[Floats, Floats]:
    """Return what a batch norm multiplies by and adds, as it runs in inference."""
    weight, bias, mean, variance = (given[f'{norm}.{part}'] for part in NORM)
    factor = weight / np.sqrt(variance + EPSILON)
    return factor, bias - mean * factor


def _norm_of(convolution: str) -> str:
    """Return the batch norm behind a convolution.

    Example: 'layer2.0.conv1.weight' has 'layer2.0.bn1', 'layer2.0.downsample.0.weight' has
    'layer2.0.downsample.1'.
    """
    layer = convolution.rpartition('.')[0]
    return layer.replace('conv', 'bn').replace('downsample.0', 'downsample.1')
