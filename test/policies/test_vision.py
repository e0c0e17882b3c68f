"""The image encoders: convolutions of small maps as products of matrices."""
from il_ros.policies.vision import Convolution, ResNet
import pytest
import torch
from torch import nn


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.mark.parametrize('kernel, stride, size', [(3, 1, 3), (3, 2, 6), (3, 2, 7), (3, 1, 4)])
@pytest.mark.parametrize('mixed, tolerance', [(False, 1e-5), (True, 2e-2)])
def test_a_product_of_matrices_is_the_convolution(kernel, stride, size, mixed, tolerance):
    torch.manual_seed(0)
    ours = Convolution(384, 384, kernel, stride, 1, bias=False)
    theirs = nn.Conv2d(384, 384, kernel, stride, 1, bias=False)
    theirs.load_state_dict(ours.state_dict())
    images = torch.randn(2, 384, size, size)
    found = []
    for layer, autocast in ((ours, mixed), (theirs, False)):
        x = images.clone().requires_grad_()
        with torch.autocast('cpu', torch.bfloat16, enabled=autocast):
            out = layer(x)
        out.float().square().sum().backward()
        found.append((out.float(), x.grad, layer.weight.grad))
        assert out.shape == (2, 384, -(-size // stride), -(-size // stride))
    for one, two in zip(*found, strict=True):
        assert (one - two).abs().max() <= tolerance * two.abs().max()
    names = {node.name() for node in _graph(ours(images).grad_fn)}
    assert not any('Convolution' in name for name in names), 'it took the usual way'


def test_inference_and_large_maps_take_the_usual_way():
    layer, images = Convolution(384, 384, 3, 1, 1, bias=False), torch.randn(1, 384, 5, 5)
    for mode, given in ((True, images), (False, images[..., :3, :3])):
        names = {node.name() for node in _graph(layer.train(mode)(given).grad_fn)}
        assert any('Convolution' in name for name in names)


def test_a_residual_network_is_the_same_in_training_and_inference():
    torch.manual_seed(0)
    network, images = ResNet((64, 128, 256, 512), 2), torch.rand(1, 3, 84, 84)
    with torch.no_grad():
        trained, inferred = network.train()(images), network.eval()(images)
    assert trained.shape == (1, 512, 3, 3)
    torch.testing.assert_close(trained, inferred, rtol=1e-4, atol=1e-4)


def _graph(node):
    yield node
    for before, _ in node.next_functions:
        if before is not None:
            yield from _graph(before)
