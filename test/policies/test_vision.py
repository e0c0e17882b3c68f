"""The image encoders: convolutions of small maps as products of matrices."""
from il_ros.policies.networks.convolution import Convolution, Patches
from il_ros.policies.networks.vision import ResNet
import pytest
import torch
from torch import nn


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.mark.parametrize('kernel, stride, size', [
    (3, 1, 3), (3, 2, 6), (3, 2, 7), (3, 1, 4), (3, 1, 5), (3, 2, 11)])
@pytest.mark.parametrize('bias', [False, True])
@pytest.mark.parametrize('mixed, tolerance', [(False, 1e-5), (True, 2e-2)])
def test_a_product_of_matrices_is_the_convolution(kernel, stride, size, bias, mixed, tolerance):
    torch.manual_seed(0)
    ours = Convolution(384, 384, kernel, stride, 1, bias=bias)
    theirs = nn.Conv2d(384, 384, kernel, stride, 1, bias=bias)
    theirs.load_state_dict(ours.state_dict())
    images = torch.randn(2, 384, size, size)
    found = []
    for layer, autocast in ((ours, mixed), (theirs, False)):
        x = images.clone().requires_grad_()
        with torch.autocast('cpu', torch.bfloat16, enabled=autocast):
            out = layer(x)
        out.float().square().sum().backward()
        found.append((out.float(), x.grad, *(p.grad for p in layer.parameters())))
        assert out.shape == (2, 384, -(-size // stride), -(-size // stride))
    for one, two in zip(*found, strict=True):
        assert (one - two).abs().max() <= tolerance * two.abs().max()
    names = {node.name() for node in _graph(ours(images).grad_fn)}
    assert not any('Convolution' in name for name in names), 'it took the usual way'


def test_inference_and_large_maps_take_the_usual_way():
    layer, images = Convolution(384, 384, 3, 1, 1, bias=False), torch.randn(1, 384, 7, 7)
    for mode, given in ((True, images), (False, images[..., :3, :3])):
        names = {node.name() for node in _graph(layer.train(mode)(given).grad_fn)}
        assert any('Convolution' in name for name in names)


@pytest.mark.parametrize('kernel, stride, padding', [(3, 1, 1), (3, 2, 1), (1, 2, 0), (2, 1, 0)])
@pytest.mark.parametrize('size', [(5, 4), (6, 7)])
def test_patches_are_those_of_torch_with_their_gradient(kernel, stride, padding, size):
    maps = torch.randn(2, *size, 3, dtype=torch.float64, requires_grad=True)
    theirs = nn.functional.unfold(maps.permute(0, 3, 1, 2), kernel, 1, padding, stride)
    ours = Patches.apply(maps, kernel, stride, padding)
    channels_first = ours.unflatten(-1, (-1, 3)).transpose(-1, -2).flatten(3)
    assert torch.equal(channels_first.flatten(1, 2).transpose(1, 2), theirs)
    assert torch.autograd.gradcheck(
        lambda given: Patches.apply(given, kernel, stride, padding), maps)


def test_without_a_norm_every_block_starts_as_its_shortcut():
    torch.manual_seed(0)
    network = ResNet((16, 32, 64), 3, 'folded')
    x = torch.rand(2, 16, 24, 24)
    for block in network.stages:
        assert torch.equal(block(x), block.shortcut(x).relu())
        x = block(x)
    deep = network(torch.rand(2, 3, 96, 96) * 2 - 1)
    assert 0.1 < deep.std() < 10, 'what it sees neither fades nor explodes'
    deep.square().mean().backward()
    assert all(block.second.weight.grad.abs().max() > 0 for block in network.stages)


@pytest.mark.parametrize('norm', ['group', 'folded'])
def test_a_residual_network_is_the_same_in_training_and_inference(norm):
    torch.manual_seed(0)
    network, images = ResNet((64, 128, 256, 512), 2, norm), torch.rand(1, 3, 84, 84)
    for block in network.stages:
        nn.init.normal_(block.second.weight, std=0.02)
    with torch.no_grad():
        trained, inferred = network.train()(images), network.eval()(images)
    assert trained.shape == (1, 512, 3, 3)
    torch.testing.assert_close(trained, inferred, rtol=1e-4, atol=1e-4)


def _graph(node):
    yield node
    for before, _ in node.next_functions:
        if before is not None:
            yield from _graph(before)
