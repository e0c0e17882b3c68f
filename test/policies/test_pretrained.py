from dataclasses import replace

from checkpoint_factory import CONTRACT, VARIANTS
from il_ros.errors import CheckpointError
from il_ros.policies.config import ACTConfig
from il_ros.policies.load import make_network
from il_ros.policies.networks.pretrained import load_backbones
from il_ros.policies.networks.vision import ResNet
import numpy as np
import pytest
from safetensors.numpy import save_file
import torch
from torch.nn import functional as F

RESNET_18 = ACTConfig(width=16, heads=2, feedforward=16, encoder_layers=1, decoder_layers=1,
                      image_widths=(64, 128, 256, 512), image_blocks=2)


def torchvision_shapes():
    """Return the names and shapes of `torchvision.models.resnet18().state_dict()`."""
    shapes = {'conv1.weight': (64, 3, 7, 7), 'fc.weight': (1000, 512), 'fc.bias': (1000,)}
    norms = [('bn1', 64)]
    inputs = 64
    for layer, width in enumerate((64, 128, 256, 512), 1):
        for block in range(2):
            at = f'layer{layer}.{block}'
            shapes[f'{at}.conv1.weight'] = (width, inputs, 3, 3)
            shapes[f'{at}.conv2.weight'] = (width, width, 3, 3)
            norms += [(f'{at}.bn1', width), (f'{at}.bn2', width)]
            if inputs != width:
                shapes[f'{at}.downsample.0.weight'] = (width, inputs, 1, 1)
                norms.append((f'{at}.downsample.1', width))
            inputs = width
    for name, width in norms:
        shapes |= {f'{name}.{part}': (width,)
                   for part in ('weight', 'bias', 'running_mean', 'running_var')}
    return shapes


@pytest.fixture(scope='module')
def weights():
    random = np.random.default_rng(0)
    return {name: random.normal(size=shape).astype(np.float32)
            for name, shape in torchvision_shapes().items()}


@pytest.fixture(scope='module')
def path(weights, tmp_path_factory):
    path = tmp_path_factory.mktemp('weights') / 'resnet18.safetensors'
    save_file(weights, path)
    return path


@pytest.mark.parametrize('share, count', [(True, 1), (False, 2)])
def test_every_backbone_starts_from_the_file(weights, path, share, count):
    network = make_network(replace(VARIANTS['act camera'], act=replace(
        RESNET_18, share_backbone=share)), CONTRACT)
    load_backbones(network, path)
    backbones = [module for module in network.modules() if isinstance(module, ResNet)]
    assert len(backbones) == count
    for backbone in backbones:
        # As torchvision runs it, up to the norms: its own input is (x - mean) / std.
        planes = torch.rand(1, 3, 32, 32) * 2 - 1
        std = torch.tensor([0.229, 0.224, 0.225])[:, None, None]
        theirs = torch.nn.functional.conv2d(
            planes / (2 * std), torch.from_numpy(weights['conv1.weight']), stride=2, padding=3)
        torch.testing.assert_close(backbone.stem[0](planes), theirs, rtol=1e-4, atol=1e-4)
        for ours, name in (
                (backbone.stem[1].bias, 'bn1.bias'),
                (backbone.stages[1].second.weight, 'layer1.1.conv2.weight'),
                (backbone.stages[2].shortcut[0].weight, 'layer2.0.downsample.0.weight'),
                (backbone.stages[2].shortcut[1].weight, 'layer2.0.downsample.1.weight'),
                (backbone.stages[7].first_norm.weight, 'layer4.1.bn1.weight')):
            np.testing.assert_array_equal(ours.detach().numpy(), weights[name])
        assert torch.isfinite(backbone(planes)).all()
        used = sum(p.numel() for p in backbone.parameters())
        assert used == sum(v.size for k, v in weights.items()
                           if 'running' not in k and 'fc' not in k)


def convolution(x, weights, name, norm, stride=1):
    """Convolve and normalise as torchvision does in inference."""
    kernel = weights[f'{name}.weight']
    x = F.conv2d(x, kernel, stride=stride, padding=kernel.shape[-1] // 2)
    return F.batch_norm(x, *(weights[f'{norm}.{part}'] for part in (
        'running_mean', 'running_var', 'weight', 'bias')))


def layer_of(weights, layer, x):
    """Return what a layer of torchvision's ResNet-18 makes of x."""
    for block in range(2):
        at, stride = f'layer{layer}.{block}', 2 if layer > 1 and not block else 1
        y = convolution(x, weights, f'{at}.conv1', f'{at}.bn1', stride).relu()
        y = convolution(y, weights, f'{at}.conv2', f'{at}.bn2')
        short = (convolution(x, weights, f'{at}.downsample.0', f'{at}.downsample.1', stride)
                 if f'{at}.downsample.0.weight' in weights else x)
        x = (y + short).relu()
    return x


def test_with_folded_norms_a_backbone_computes_what_torchvisions_does(weights, tmp_path):
    trained = {name: value / np.float32(np.sqrt(value[0].size)) if value.ndim == 4
               else np.abs(value) + np.float32(0.1) if 'var' in name else value
               for name, value in weights.items()}
    save_file(trained, path := tmp_path / 'resnet18.safetensors')
    network = make_network(replace(VARIANTS['act camera'], act=replace(
        RESNET_18, image_norm='folded')), CONTRACT)
    load_backbones(network, path)
    backbone = network.backbones.shared.eval()
    trained = {name: torch.from_numpy(value) for name, value in trained.items()}
    torch.manual_seed(0)
    image = torch.rand(1, 3, 96, 96)
    mean, std = (torch.tensor(values)[:, None, None] for values in (
        [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]))
    with torch.no_grad():
        ours = backbone.stem[0](image * 2 - 1)
        theirs = convolution((image - mean) / std, trained, 'conv1', 'bn1', 2)
        inner = (..., slice(2, -2), slice(2, -2))  # what is around an image differs
        torch.testing.assert_close(ours[inner], theirs[inner], rtol=1e-4, atol=1e-3)
        assert not torch.allclose(ours, theirs, rtol=1e-4, atol=1e-3)
        x = theirs.relu()
        for layer in range(1, 5):
            ours = backbone.stages[2 * layer - 2:2 * layer](x)
            x = layer_of(trained, layer, x)
            torch.testing.assert_close(ours, x, rtol=1e-4, atol=1e-3 * float(x.max()))
    assert x.std() > 0.1


def test_a_file_without_what_a_batch_norm_has_seen_is_refused(weights, tmp_path):
    save_file({k: v for k, v in weights.items() if k != 'bn1.running_var'},
              path := tmp_path / 'resnet18.safetensors')
    network = make_network(replace(VARIANTS['act camera'], act=replace(
        RESNET_18, image_norm='folded')), CONTRACT)
    with pytest.raises(CheckpointError, match=r'bn1.running_var: expected \(64,\), got none'):
        load_backbones(network, path)


def test_a_backbone_of_other_sizes_is_refused(path):
    narrow = replace(RESNET_18, image_widths=(32, 128, 256, 512))
    network = make_network(replace(VARIANTS['act camera'], act=narrow), CONTRACT)
    with pytest.raises(CheckpointError, match=(
            r'resnet18.safetensors does not fit the backbone: conv1.weight: '
            r'expected \(32, 3, 7, 7\), got \(64, 3, 7, 7\); .* and \d+ more; give a ResNet-18 of '
            r'torchvision, and the policy image_widths \[64, 128, 256, 512\] and image_blocks 2')):
        load_backbones(network, path)


def test_a_policy_without_a_backbone_and_a_missing_file_are_refused(tmp_path):
    with pytest.raises(CheckpointError, match='expected a policy with a ResNet, got one without'):
        load_backbones(make_network(VARIANTS['bc camera'], CONTRACT), tmp_path / 'none')
    with pytest.raises(CheckpointError, match='expected a safetensors file, found no .*none'):
        load_backbones(make_network(VARIANTS['act camera'], CONTRACT), tmp_path / 'none')
