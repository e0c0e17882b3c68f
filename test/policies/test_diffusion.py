"""Diffusion Policy: schedules, repeatable sampling, and that it chooses; the shared denoisers."""
from checkpoint_factory import SMALL
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from il_ros.policies.config import DiffusionConfig, FlowConfig
from il_ros.policies.diffusion import Diffusion
from il_ros.policies.networks.denoisers import held, make_denoiser
from il_ros.policies.networks.network import Sizes
from il_ros.policies.networks.realtime_chunking import Previous, soft_mask
import numpy as np
import pytest
import torch
from torch import nn

from benchmarks.tasks import fork
from benchmarks.tasks.fitting import answer, fit
from benchmarks.tasks.replanning import DEVIATION, drive

SIZES = fork.SIZES


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)
    torch.manual_seed(0)


@pytest.fixture
def network():
    return Diffusion(SMALL.diffusion, SIZES).eval()


def test_the_schedule_is_the_squared_cosine(network):
    at = np.arange(101) / 100
    cosine = np.cos((at + 0.008) / 1.008 * np.pi / 2) ** 2
    kept = np.cumprod(1 - np.minimum(1 - cosine[1:] / cosine[:-1], 0.999))
    np.testing.assert_allclose(network.noising.alphas_cumprod, kept, atol=1e-5)


def test_sampling_is_repeatable_from_the_same_noise(network):
    config = DiffusionConfig(width=8, unet_widths=(8, 8))
    network = Diffusion(config, SIZES).eval()
    assert network.timesteps == [90, 80, 70, 60, 50, 40, 30, 20, 10, 0]
    batch, noise = {'state': torch.randn(3, 2)}, torch.randn(3, 20, 2)
    with torch.no_grad():
        chunk = network(batch, noise)
        assert torch.equal(network(batch, noise), chunk)
        assert not torch.equal(network(batch), chunk)
        torch.manual_seed(4)
        drawn = network(batch)
        torch.manual_seed(4)
        assert torch.equal(network(batch), drawn)
    assert chunk.abs().max() <= 1, 'each estimate is clipped'


def test_a_network_that_knows_the_noise_gets_the_chunk_back(network):
    actions = torch.rand(4, 20, 2) * 2 - 1
    network.denoiser.forward = lambda x, time, seen: exact_noise(network, actions, x, time)
    with torch.no_grad():
        got = network({'state': torch.zeros(4, 2)}, torch.randn(4, 20, 2))
    torch.testing.assert_close(got, actions, rtol=0, atol=1e-3)


def exact_noise(network, actions, x, time):
    kept = network.noising.alphas_cumprod[(time * 100).round().long()][:, None, None]
    return (x - kept.sqrt() * actions) / (1 - kept).sqrt()


def test_the_noised_chunk_is_that_of_the_paper(network):
    seen = {}

    def denoise(x, time, observed):
        seen.update(x=x, time=time)
        return torch.zeros_like(x)

    network.denoiser.forward = denoise
    actions = torch.randn(16, 20, 2)
    torch.manual_seed(2)
    loss, _ = network.loss({'state': torch.zeros(16, 2), 'actions': actions,
                            'valid': torch.ones(16, 20, dtype=torch.bool)})
    torch.manual_seed(2)
    noise = torch.randn(16, 20, 2)
    torch.testing.assert_close(loss, noise.square().mean())
    torch.testing.assert_close(exact_noise(network, actions, seen['x'], seen['time']), noise,
                               rtol=0, atol=2e-3)
    assert isinstance(network.denoising, DDIMScheduler)


def test_without_weight_a_continued_chunk_is_a_free_one(network):
    batch, noise = {'state': torch.randn(3, 2)}, torch.randn(3, 20, 2)
    previous = Previous(torch.randn(3, 20, 2), soft_mask(20, 5, 6))
    with torch.inference_mode():
        free = network(batch, noise)
        torch.testing.assert_close(network.continued(batch, previous, noise, largest=0.0), free,
                                   rtol=0, atol=1e-5)
        guided = network.continued(batch, previous, noise)
        assert (guided - free)[:, :5].abs().max() > 0.01
    assert guided.abs().max() < 2


def test_a_continued_chunk_meets_the_previous_one_where_the_noise_is_known_exactly(network):
    """Data are N(0, 0.3^2) per value: then E[a | x_k] is linear in x_k."""
    def denoise(x, time, observed):
        kept = network.noising.alphas_cumprod[(time * 100).round().long()][:, None, None]
        chunk = kept.sqrt() * 0.09 * x / (kept * 0.09 + 1 - kept)
        return (x - kept.sqrt() * chunk) / (1 - kept).sqrt()

    network.denoiser.forward = denoise
    network.denoising.set_timesteps(50)
    network.timesteps = network.denoising.timesteps.tolist()
    noise = torch.randn(64, 20, 2)
    previous = Previous(0.3 * torch.randn(64, 20, 2), soft_mask(20, 5, 6))
    batch = {'state': torch.zeros(64, 2)}
    free = network.continued(batch, previous, noise, largest=0.0)
    guided = network.continued(batch, previous, noise)
    before, after = ((chunk - previous.chunk)[:, :5].abs().mean() for chunk in (free, guided))
    assert after < 0.4 * before
    torch.testing.assert_close(guided[:, 14:], free[:, 14:])


@pytest.mark.slow
def test_fork_chooses_a_side():
    config = DiffusionConfig(denoiser='transformer', width=32, layers=2, heads=2)
    average = fit(Diffusion(config, SIZES), *fork.demonstrations(400, 0), steps=1000)
    seen, _ = fork.demonstrations(200, 100)
    got = answer(average, seen)
    assert fork.success(got, seen).mean() > 0.85
    assert 0.25 < np.mean(fork.side(got) == 1) < 0.75


def test_fork_late_chunks_continue_the_previous_ones(network):
    """With the exact noise of the demonstrations; see test_flow for a trained network."""
    config = DiffusionConfig(width=8, unet_widths=(8, 8))
    network = Diffusion(config, SIZES).eval()
    seen, chunks = (torch.from_numpy(values).double() for values in fork.windows(2000, 0))
    known = chunks.flatten(1)

    def draw(observations, previous):
        near = -torch.cdist(observations.double(), seen).square() / (2 * 0.02 ** 2)

        def denoise(x, time, observed):
            kept = network.noising.alphas_cumprod[(time[0] * 100).round().long()].double()
            likely = -torch.cdist(x.double().flatten(1), kept.sqrt() * known).square()
            chunk = (near + likely / (2 * (1 - kept))).softmax(1) @ known  # E[a | x_k, observed]
            return ((x - kept.sqrt() * chunk.view(x.shape)) / (1 - kept).sqrt()).float()

        network.denoiser.forward = denoise
        batch = {'state': observations}
        with torch.inference_mode():  # as where policies run
            found = network(batch) if previous is None else network.continued(
                batch, previous._replace(chunk=previous.chunk * DEVIATION))
        return found / DEVIATION

    starts = torch.from_numpy(fork.demonstrations(100, 7)[0])
    naive, naive_leap = drive(draw, starts, guided=False)
    guided, leap = drive(draw, starts, guided=True)
    assert fork.success(naive).mean() <= 0.75
    assert fork.success(guided).mean() >= 0.85
    assert leap.mean() <= 0.5 * naive_leap.mean()
    assert 0.25 < np.mean(fork.side(guided) == 1) < 0.75


@pytest.mark.parametrize('horizon', [1, 7, 12])
@pytest.mark.parametrize('denoiser', ['unet', 'transformer'])
def test_denoisers_take_any_length_and_see_time_tokens_and_all_rows(denoiser, horizon):
    config = FlowConfig(denoiser=denoiser, width=8, heads=2, layers=2, unet_widths=(8, 16, 8))
    network = make_denoiser(config, Sizes({'state': 3}, {}, horizon, 3), 2).eval()
    chunk, tokens = torch.randn(2, horizon, 3), torch.randn(2, 2, 8)
    time = torch.tensor([0.2, 0.7])
    seen = network.seen(tokens)
    got = network(chunk, time, seen)
    assert got.shape == chunk.shape
    assert (network(chunk, time.flip(0), seen) - got).abs().max() > 1e-5
    assert (network(chunk, time, network.seen(tokens.flip(0))) - got).abs().max() > 1e-5
    other = chunk.clone()
    other[:, -1] += 1
    assert (network(other, time, seen) - got)[:, 0].abs().max() > 1e-6
    assert not any(isinstance(m, nn.modules.batchnorm._BatchNorm) for m in network.modules())


def test_rows_that_are_no_labels_repeat_the_last_label():
    actions = torch.tensor([[[1.0], [2.0], [torch.nan], [9.0]], [[3.0], [4.0], [5.0], [6.0]]])
    valid = torch.tensor([[True, True, False, False], [False, False, False, False]])
    assert held(actions, valid)[..., 0].tolist() == [[1.0, 2.0, 2.0, 2.0], [0.0] * 4]
