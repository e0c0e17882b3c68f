"""The mixture: its likelihood, how it draws, and that it chooses where regression averages."""
from il_ros.policies.config import BCConfig, GMMConfig
from il_ros.policies.gmm import GMM
from il_ros.policies.networks.network import Sizes
import pytest
import torch
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from benchmarks.tasks import fork
from benchmarks.tasks.fitting import answer, fit

H, A = 6, 3
SIZES = Sizes({'state': 4}, {}, H, A)


@pytest.fixture
def network():
    torch.set_num_threads(1)
    torch.manual_seed(0)
    network = GMM(GMMConfig(modes=3, least_sigma=0.02), BCConfig(hidden=16, layers=1), SIZES)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
    return network.eval()


def test_the_loss_is_the_likelihood_of_a_mixture_over_chunks(network):
    batch = {'state': torch.randn(5, 4), 'actions': torch.rand(5, H, A) - 0.5,
             'valid': torch.ones(5, H, dtype=torch.bool)}
    means, sigmas, logits = network.mixture(batch)
    reference = MixtureSameFamily(Categorical(logits=logits),
                                  Independent(Normal(means, sigmas), 2))
    expected = -reference.log_prob(batch['actions']).mean() / (H * A)
    torch.testing.assert_close(network.loss(batch)[0], expected)
    batch['valid'][:, 4:] = False
    short = MixtureSameFamily(Categorical(logits=logits),
                              Independent(Normal(means[:, :, :4], sigmas[:, :, :4]), 2))
    expected = -short.log_prob(batch['actions'][:, :4]).mean() / (4 * A)
    torch.testing.assert_close(network.loss(batch)[0], expected)


def test_means_are_bounded_and_sigma_has_a_floor(network):
    with torch.no_grad():
        network.trunk.trunk[-1].weight.mul_(100)
    means, sigmas, _ = network.mixture({'state': 10 * torch.randn(50, 4)})
    assert means.abs().max() <= 1 and means.abs().max() > 0.99
    assert sigmas.min() >= 0.02 and sigmas.min() < 0.03


def test_a_mode_is_drawn_by_its_weight_and_speaks_for_the_whole_chunk(network):
    count = 4000
    state = torch.randn(1, 4).expand(count, 4)
    means, _, logits = network.mixture({'state': state[:1]})
    torch.manual_seed(1)
    chunks = network({'state': state})
    torch.manual_seed(1)
    torch.testing.assert_close(network({'state': state}), chunks, rtol=0, atol=0)
    distance = (chunks[:, None] - means).abs().amax((2, 3))  # (N, M)
    assert distance.min(1).values.max() < 6e-4, 'nothing but the noise of evaluation, 1e-4'
    share = torch.bincount(distance.argmin(1), minlength=3) / count
    torch.testing.assert_close(share, logits[0].softmax(0), rtol=0, atol=0.03)
    assert share.min() > 0.05, 'the draw is between modes that differ'
    noise = (chunks - means[0, distance.argmin(1)]).std()
    assert noise.item() == pytest.approx(1e-4, rel=0.05)


def test_fork_is_passed_on_either_side():
    torch.set_num_threads(1)
    torch.manual_seed(0)
    network = fit(GMM(GMMConfig(), BCConfig(hidden=64, layers=1), fork.SIZES),
                  *fork.demonstrations(400, 0), steps=500, learning_rate=2e-3)
    seen, _ = fork.demonstrations(200, 1)
    got = answer(network, seen)
    assert fork.success(got, seen).mean() >= 0.95
    assert 0.25 <= (fork.side(got) == 1).mean() <= 0.75
