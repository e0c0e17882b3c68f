from dataclasses import replace

from checkpoint_factory import CONTRACT, SMALL, VARIANTS
from il_ros.policies.act import ACT, plane_sinusoid, sinusoid
from il_ros.policies.config import ACTConfig, KINDS
from il_ros.policies.load import make_network
from il_ros.policies.networks.network import Sizes
from il_ros.policies.networks.vision import Backbones, KeypointEncoder, ResNet
import numpy as np
import pytest
import torch

B = 4
# The decoder starts from zeros, so its first self-attention has nothing to tell apart (as in DETR
# and the authors' ACT).
IDLE = 'decoder.0.self_attention.attend.in_proj_weight'


def make_batch(config, seed=0):
    torch.manual_seed(seed)
    sizes = Sizes.of(config, CONTRACT)
    seen = (B,) if config.window == 1 else (B, config.window)
    rows = (*(seen if config.recurrent else (B,)), sizes.horizon)
    valid = torch.ones(rows, dtype=torch.bool)
    valid[1:, ..., 5:] = False
    return {**{k: torch.randn(*seen, n) for k, n in sizes.inputs.items()},
            **{f'images.{k}': torch.randint(0, 256, (*seen, *size, 3), dtype=torch.uint8)
               for k, size in sizes.images.items()},
            'actions': torch.randn(*rows, sizes.actions), 'valid': valid}


def draw(network, batch):
    """Return the chunk that the first seed gives, where chance has a part in it."""
    torch.manual_seed(0)
    return network(batch)


@torch.no_grad()
def stir(network):
    """Leave the special values of the initialisation."""
    for parameter in network.parameters():
        parameter.add_(0.05 * torch.randn_like(parameter))


@pytest.fixture(params=VARIANTS)
def made(request):
    torch.manual_seed(0)
    torch.set_num_threads(1)
    config = VARIANTS[request.param]
    return make_network(config, CONTRACT), make_batch(config)


class TestEveryNetwork:
    def test_shape_and_no_influence_of_labels(self, made):
        network, batch = made
        network.eval()
        chunk = draw(network, batch)
        assert chunk.shape == batch['actions'].shape
        without = {k: v for k, v in batch.items() if k not in ('actions', 'valid')}
        torch.testing.assert_close(draw(network, without), chunk)

    def test_loss_and_gradients_are_blind_to_what_is_no_label(self, made):
        network, batch = made

        def run(batch):
            network.zero_grad()
            torch.manual_seed(1)
            loss = network.loss(batch)[0]
            loss.backward()
            return loss, [p.grad.clone() for p in network.parameters()]

        other = dict(batch, actions=torch.where(batch['valid'][..., None], batch['actions'],
                                                torch.nan))
        (loss, gradients), (same, same_gradients) = run(batch), run(other)
        assert loss == same
        for one, two in zip(gradients, same_gradients, strict=True):
            torch.testing.assert_close(one, two, rtol=0, atol=0)

    def test_a_true_zero_is_a_label(self, made):
        network, batch = made
        network.eval()
        zero = dict(batch, actions=torch.zeros_like(batch['actions']))
        torch.manual_seed(1)
        assert network.loss(zero)[0] > 0.01

    def test_every_parameter_learns(self, made):
        network, batch = made
        stir(network)
        network.loss(batch)[0].backward()
        for name, parameter in network.named_parameters():
            assert parameter.grad is not None, name
            assert torch.isfinite(parameter.grad).all(), name
            assert parameter.grad.abs().sum() > 0 or name == IDLE, name

    def test_every_input_matters(self, made):
        network, batch = made
        network.eval()
        chunk = draw(network, batch)
        for key in set(batch) - {'actions', 'valid'}:
            changed = dict(batch, **{key: batch[key].flip(0)})
            assert (draw(network, changed) - chunk).abs().max() > 1e-6, key

    def test_it_can_learn(self, made):
        network, batch = made
        network.eval()  # no augmentation, no dropout: four samples by heart
        optimizer = torch.optim.Adam(network.parameters(), lr=3e-3)
        losses = []
        for _ in range(60):
            loss, _ = network.loss(batch)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        assert np.mean(losses[-5:]) < 0.8 * losses[0]


@pytest.mark.parametrize('kind', KINDS)
def test_every_kind_hears_the_instruction(kind):
    config = replace(SMALL, kind=kind, inputs=('state', 'task'), normalization='min_max')
    network, batch = make_network(config, CONTRACT).eval(), make_batch(config)
    stir(network)

    def answer(batch):
        torch.manual_seed(2)
        return network(batch).detach()

    other = dict(batch, task=batch['task'].flip(0))
    assert torch.equal(answer(batch), answer(dict(other, task=batch['task'])))
    assert (answer(other) - answer(batch)).abs().max() > 1e-6


@pytest.mark.parametrize('kind', [k for k in VARIANTS if 'history' in k])
def test_every_tick_matters_and_their_order(kind):
    network, batch = make_network(VARIANTS[kind], CONTRACT).eval(), make_batch(VARIANTS[kind])
    stir(network)
    chunk = draw(network, batch)
    for key in set(batch) - {'actions', 'valid'}:
        for tick in range(batch[key].shape[1]):
            other = batch[key].clone()
            other[:, tick] = other[:, tick].flip(0)
            assert (draw(network, {**batch, key: other}) - chunk).abs().max() > 1e-6, (key, tick)
        assert (draw(network, {**batch, key: batch[key].flip(1)}) - chunk).abs().max() > 1e-6, key


@pytest.mark.parametrize('kind', ['bc_rnn', 'bc_rnn camera'])
def test_a_recurrent_network_knows_the_past_and_not_the_future(kind):
    torch.manual_seed(0)
    network, batch = make_network(VARIANTS[kind], CONTRACT).eval(), make_batch(VARIANTS[kind])
    chunks = network(batch)
    changed = {key: value.clone() for key, value in batch.items()}
    changed['state'][:, 2] += 1
    apart = (network(changed) - chunks).abs().amax((0, 2, 3))
    assert (apart[:2] == 0).all() and (apart[2:] > 1e-6).all()
    memory = None
    for tick in range(chunks.shape[1]):
        chunk, memory = network.step({k: v[:, tick] for k, v in batch.items()}, memory)
        torch.testing.assert_close(chunk, chunks[:, tick], rtol=0, atol=1e-6)


@pytest.fixture
def act():
    torch.manual_seed(0)
    return make_network(VARIANTS['act'], CONTRACT).eval(), make_batch(VARIANTS['act'])


def test_act_every_decoder_layer_has_a_gradient(act):
    network, batch = act
    stir(network)
    network.loss(batch)[0].backward()
    assert len(network.decoder) == 2
    for name, parameter in network.decoder.named_parameters():
        assert parameter.grad.abs().sum() > 0 or f'decoder.{name}' == IDLE, name


def test_act_state_only_uses_z(act):
    network, batch = act
    z = torch.zeros(B, network.latent)
    assert (network.decode(batch, z + 1) - network.decode(batch, z)).abs().max() > 1e-4


def test_act_takes_z_0_at_test(act):
    network, batch = act
    torch.testing.assert_close(network(batch),
                               network.decode(batch, torch.zeros(B, network.latent)))
    torch.testing.assert_close(network(batch), network(batch), rtol=0, atol=0)


def test_act_kl_is_that_of_a_standard_normal(act):
    network, batch = act
    torch.manual_seed(3)
    loss, figures = network.loss(batch)
    mean, log_variance = network.encode_style(batch)
    expected = torch.distributions.kl_divergence(
        torch.distributions.Normal(mean, (0.5 * log_variance).exp()),
        torch.distributions.Normal(0.0, 1.0)).sum(-1).mean()
    torch.testing.assert_close(figures['kl'], expected.detach())
    torch.testing.assert_close(loss.detach(), figures['l1'] + 10 * figures['kl'])


def test_act_paper_has_the_sizes_of_the_paper():
    from il_ros.training.config import TrainConfig
    config = TrainConfig.preset('act_paper').policy
    assert config.horizon == 100
    with torch.device('meta'):
        network = ACT(config.act, Sizes({'state': 7}, {'top': (480, 640)}, 100, 7))
    assert len(network.decoder) == 7 and len(network.encoder) == 4
    backbone = sum(p.numel() for p in network.backbones.parameters())
    assert backbone == 11_176_512, 'ResNet-18 without its classifier'


def test_one_backbone_for_all_cameras_sees_each_by_itself():
    backbones = Backbones(['left', 'right'], True, (4, 8), 1).eval()
    planes = {name: torch.rand(2, 3, 32, 32) for name in ('left', 'right')}
    for name, found in backbones(planes).items():
        torch.testing.assert_close(found, backbones.shared(planes[name]))
    other = dict(planes, right=torch.rand(2, 3, 16, 48))
    assert {name: found.shape[2:] for name, found in backbones(other).items()} == {
        'left': (4, 4), 'right': (2, 6)}
    apart = Backbones(['left', 'right'], False, (4, 8), 1)
    assert sum(p.numel() for p in apart.parameters()) == 2 * sum(
        p.numel() for p in backbones.parameters())


def test_act_tells_cameras_apart_that_share_a_backbone():
    network = ACT(ACTConfig(width=16, heads=2, feedforward=16, image_widths=(4, 8)),
                  Sizes({'state': 7}, {'left': (32, 32), 'right': (32, 32)}, 4, 7)).eval()
    left, right = torch.randint(256, (2, 1, 32, 32, 3), dtype=torch.uint8)
    chunks = [network({'state': torch.zeros(1, 7), 'images.left': a, 'images.right': b})
              for a, b in ((left, right), (right, left))]
    assert (chunks[0] - chunks[1]).abs().max() > 1e-4


def test_resnet_18_divides_by_32():
    assert ResNet((4, 8, 8, 8), 2)(torch.zeros(1, 3, 96, 128)).shape == (1, 8, 3, 4)


def test_keypoints_are_found_where_they_are():
    encoder = KeypointEncoder((4,), 1)
    encoder.convolutions = torch.nn.AvgPool2d(1)  # the plane itself is the heat map
    plane = torch.zeros(1, 1, 5, 5)
    plane[0, 0, 0, 4] = 100.0
    torch.testing.assert_close(encoder(plane), torch.tensor([[-1.0, 1.0]]))


def test_sinusoids_tell_places_apart():
    codes = sinusoid(torch.arange(50), 16)
    assert codes.shape == (50, 16)
    assert torch.cdist(codes, codes).fill_diagonal_(1.0).min() > 0.1
    plane = plane_sinusoid(torch.zeros(1, 32, 4, 5))
    assert plane.shape == (20, 32)
    assert torch.cdist(plane, plane).fill_diagonal_(1.0).min() > 0.05
