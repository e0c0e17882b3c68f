"""Flow matching: its targets and times, that it chooses, and that its chunks continue others."""
from il_ros.policies.config import FlowConfig
from il_ros.policies.flow import draw_times, Flow
from il_ros.policies.networks.network import Sizes
import numpy as np
import pytest
import torch

from benchmarks.tasks import fork
from benchmarks.tasks.fitting import answer, fit
from benchmarks.tasks.replanning import DEVIATION, drive

SMALL = FlowConfig(denoiser='transformer', width=32, layers=2, heads=2)


@pytest.fixture(scope='module')
def trained():
    torch.set_num_threads(1)
    torch.manual_seed(0)
    observations, chunks = fork.windows(2000, 0)
    return fit(Flow(SMALL, fork.SIZES), observations, chunks / DEVIATION.numpy(), steps=800)


def test_times_are_of_the_beta_distribution():
    torch.manual_seed(0)
    times = draw_times(20_000, 1.5, torch.zeros(1))
    assert times.min() >= 0.001 and times.max() <= 1
    for t in (0.2, 0.5, 0.8):
        assert (times < 0.999 * t + 0.001).float().mean().item() == pytest.approx(t ** 1.5,
                                                                                 abs=0.012)


def test_the_network_is_asked_for_noise_minus_chunk_between_the_two():
    torch.manual_seed(0)
    network, seen = Flow(SMALL, fork.SIZES), {}

    def velocity(observed, x, time):
        seen.update(x=x, time=time)
        return torch.zeros_like(x)

    network.velocity = velocity
    actions = torch.randn(8, 20, 2)
    batch = {'state': torch.randn(8, 2), 'actions': actions,
             'valid': torch.ones(8, 20, dtype=torch.bool)}
    torch.manual_seed(5)
    loss, _ = network.loss(batch)
    torch.manual_seed(5)
    noise = torch.randn(8, 20, 2)
    t = seen['time'][:, None, None]
    torch.testing.assert_close(seen['x'], t * noise + (1 - t) * actions)
    torch.testing.assert_close(loss, (noise - actions).square().mean())


def test_ten_euler_steps_from_noise_to_the_chunk():
    network, times = Flow(SMALL, fork.SIZES), []

    def velocity(observed, x, time):
        times.append(round(time[0].item(), 6))
        return torch.full_like(x, 2.0)

    network.velocity = velocity
    noise = torch.randn(3, 20, 2)
    torch.testing.assert_close(network({'state': torch.zeros(3, 2)}, noise), noise - 2.0)
    assert times == [1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1]


@pytest.mark.slow
def test_two_targets_are_both_hit_and_nothing_between():
    torch.set_num_threads(1)
    torch.manual_seed(0)
    sizes = Sizes({'state': 1}, {}, fork.HORIZON, 1)
    sign = np.tile(np.array([1, -1], np.float32), 200)[:, None, None]
    network = Flow(FlowConfig(denoiser='transformer', width=16, layers=1, heads=2), sizes)
    average = fit(network, np.zeros((400, 1), np.float32), sign.repeat(fork.HORIZON, 1), steps=400)
    got = answer(average, np.zeros((400, 1), np.float32))
    assert (np.abs(np.abs(got) - 1) < 0.1).mean() >= 0.9
    assert 0.4 < (got[:, 0] > 0).mean() < 0.6


@pytest.mark.slow
def test_fork_chooses_a_side(trained):
    seen, _ = fork.demonstrations(200, 100)
    got = answer(trained, seen) * DEVIATION.numpy()
    assert fork.success(got, seen).mean() >= 0.85
    assert 0.25 < np.mean(fork.side(got) == 1) < 0.75


@pytest.mark.slow
def test_fork_late_chunks_continue_the_previous_ones(trained):
    torch.manual_seed(1)

    def draw(observations, previous):
        with torch.inference_mode():  # as where policies run
            batch = {'state': observations}
            return (trained(batch) if previous is None else trained.continued(batch, previous))

    starts = torch.from_numpy(fork.demonstrations(200, 7)[0])
    naive, naive_leap = drive(draw, starts, guided=False)
    guided, leap = drive(draw, starts, guided=True)
    assert fork.success(naive).mean() <= 0.8
    assert fork.success(guided).mean() >= 0.85
    assert leap.mean() <= 0.5 * naive_leap.mean()
    assert 0.25 < np.mean(fork.side(guided) == 1) < 0.75
