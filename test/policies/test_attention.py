"""Attention and dropout beside torch's own."""
from il_ros.policies.networks.attention import Attention, Dropout
import pytest
import torch
from torch import nn

WIDTH, HEADS = 32, 4


@pytest.fixture(autouse=True)
def start():
    torch.set_num_threads(1)
    torch.manual_seed(0)


@pytest.mark.parametrize('training', [True, False])
@pytest.mark.parametrize('padded', [True, False])
def test_attention_is_that_of_torch(training, padded):
    ours = Attention(WIDTH, HEADS, 0.0).train(training)
    theirs = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True)
    theirs.in_proj_weight.data = ours.project.weight.data
    theirs.in_proj_bias.data = nn.init.normal_(ours.project.bias).data
    theirs.out_proj.load_state_dict(ours.out.state_dict())
    queries, tokens = torch.randn(2, 5, WIDTH), torch.randn(2, 7, WIDTH)
    here, there = torch.randn(5, WIDTH), torch.randn(7, WIDTH)
    padding = torch.arange(7).expand(2, -1) > 4 if padded else None
    found = []
    for out, weight in ((ours(queries, here, tokens, there, padding), ours.project.weight),
                        (theirs(queries + here, tokens + there, tokens, padding)[0],
                         theirs.in_proj_weight)):
        found.append((out, *torch.autograd.grad(out.square().sum(), weight)))
    for one, two in zip(*found, strict=True):
        torch.testing.assert_close(one, two, rtol=1e-4, atol=1e-4)


def test_attention_in_16_bit_stays_near():
    attend = Attention(WIDTH, HEADS, 0.0)
    tokens, places = torch.randn(2, 7, WIDTH), torch.randn(7, WIDTH)
    exact = attend(tokens, places, tokens, places)
    with torch.autocast('cpu', torch.bfloat16):
        near = attend(tokens, places, tokens, places)
    assert near.dtype == torch.bfloat16
    assert (near - exact).abs().max() < 0.03 * exact.abs().max()


@pytest.mark.parametrize('kind', [torch.float32, torch.bfloat16])
@pytest.mark.parametrize('share', [0.1, 0.5, 0.9])
def test_dropout_leaves_out_its_share_and_keeps_the_mean(kind, share):
    x = torch.ones(7, 143, 999, dtype=kind, requires_grad=True)
    out = Dropout(share)(x)
    gone = (out == 0).float()
    five_sigma = 5 * (share * (1 - share) / x.numel()) ** 0.5
    assert abs(gone.mean() - share) < five_sigma
    by_place = gone.flatten()[:x.numel() // 8 * 8].view(-1, 8).mean(0)
    assert (by_place - share).abs().max() < 3 * five_sigma, 'the places of a draw are alike'
    assert set(out.unique().tolist()) == {0.0, torch.tensor(1 / (1 - share), dtype=kind).item()}
    out.float().sum().backward()
    assert torch.equal(x.grad, out.detach())


def test_dropout_depends_on_the_seed_alone_and_is_none_at_inference():
    x, layer = torch.randn(3, 50), Dropout(0.3)
    drawn = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        drawn.append(layer(x))
    assert torch.equal(drawn[0], drawn[1]) and not torch.equal(drawn[0], drawn[2])
    assert torch.equal(layer.eval()(x), x)
    assert torch.equal(Dropout(0.0)(x), x)
