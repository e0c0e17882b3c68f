"""Guidance towards the previous chunk, with velocities that are known exactly."""
import math

from il_ros.errors import ConfigError
from il_ros.policies.networks.realtime_chunking import (
    correction,
    guidance,
    integrate,
    Previous,
    soft_mask,
)
import numpy as np
import pytest
import torch

from benchmarks.tasks import fork
from benchmarks.tasks.replanning import DELAY, DEVIATION, drive, EXECUTED


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)
    torch.manual_seed(0)


def test_soft_mask():
    mask = soft_mask(20, 5, 6)
    assert mask[:5].tolist() == [1.0] * 5
    assert mask[14:].tolist() == [0.0] * 6
    share = (20 - 6 - 8) / (20 - 6 - 5 + 1)
    assert mask[8].item() == pytest.approx(share * (math.exp(share) - 1) / (math.e - 1))
    assert (mask[4:15].diff() < 0).all()
    assert soft_mask(4, 0, 4).tolist() == [0.0] * 4


@pytest.mark.parametrize(('horizon', 'delay', 'executed'), [(20, 7, 6), (20, 6, 15), (20, -1, 3)])
def test_a_previous_chunk_that_ends_too_early_is_refused(horizon, delay, executed):
    with pytest.raises(ConfigError, match=(
            f'expected 0 <= delay <= executed rows <= horizon - delay, got delay {delay}, '
            f'executed {executed}, horizon {horizon}; take a longer horizon or infer faster')):
        soft_mask(horizon, delay, executed)


def test_guidance_is_that_of_the_paper_with_its_time_reversed():
    for tau in (0.1, 0.3, 0.5, 0.8, 0.99):
        r2 = (1 - tau) ** 2 / (tau ** 2 + (1 - tau) ** 2)
        assert guidance(1 - tau, 100.0) == pytest.approx(min(100.0, (1 - tau) / (tau * r2)))
    assert guidance(0.5) == pytest.approx(2.0)
    assert guidance(1.0) == guidance(0.0) == guidance(0.05) == 5.0


def test_correction_is_the_product_through_the_network_and_not_the_error():
    mix = torch.randn(12, 12) / 4  # a velocity that couples all rows and actions

    def velocity(x, time):
        return (x.flatten(1) @ mix.T).view_as(x)

    x, time = torch.randn(2, 4, 3), torch.full((2,), 0.6)
    weight = torch.tensor([1.0, 0.5, 0.2, 0.0])
    previous = Previous(torch.randn(2, 4, 3), weight)
    v, found = correction(velocity, x, time, previous)
    error = (previous.chunk - (x - 0.6 * v)) * weight[:, None]
    expected = error.flatten(1) @ (torch.eye(12) - 0.6 * mix)  # W e times da/dx
    torch.testing.assert_close(found.flatten(1), expected)
    assert (found - error).norm() > 0.2 * error.norm()
    assert found[:, 3].abs().max() > 0.01, 'rows without a weight follow the others'
    with torch.inference_mode():
        torch.testing.assert_close(correction(velocity, x.clone(), time, previous)[1], found)


def test_the_guided_chunk_meets_the_previous_one():
    """Data are N(0, 1) per value: then E[a | x] = (1 - t) x / (t^2 + (1 - t)^2)."""
    def velocity(x, time):
        t = time[:, None, None]
        return (x - (1 - t) * x / (t ** 2 + (1 - t) ** 2)) / t

    noise, previous = torch.randn(64, 20, 2), Previous(torch.randn(64, 20, 2), soft_mask(20, 5, 6))
    free = integrate(velocity, noise, 50)
    torch.testing.assert_close(integrate(velocity, noise, 50, previous, 0.0), free)
    guided = integrate(velocity, noise, 50, previous)
    assert (free[:, :5] - previous.chunk[:, :5]).abs().mean() > 0.9
    assert (guided[:, :5] - previous.chunk[:, :5]).abs().mean() < 0.2
    torch.testing.assert_close(guided[:, 14:], free[:, 14:])
    backward = integrate(velocity, noise, 50, previous, -5.0)
    assert (backward[:, :5] - previous.chunk[:, :5]).abs().mean() > 0.9


def test_fork_with_the_exact_velocity_of_the_demonstrations():
    seen, chunks = (torch.from_numpy(values) for values in fork.windows(2000, 3))
    known = (chunks / DEVIATION).flatten(1)

    def draw(observations, previous):
        near = -torch.cdist(observations, seen).square() / (2 * 0.02 ** 2)

        def velocity(x, time):
            t = time[0].item()
            likely = torch.cdist(x.flatten(1), (1 - t) * known).square() / (-2 * t ** 2)
            chunk = (near + likely).softmax(1) @ known  # E[a | x_t, observation]
            return (x - chunk.view_as(x)) / t

        return integrate(velocity, torch.randn(len(observations), 20, 2), 10, previous)

    assert (DELAY, EXECUTED) == (5, 6)
    starts = torch.from_numpy(fork.demonstrations(100, 7)[0])
    naive, naive_leap = drive(draw, starts, guided=False)
    guided, leap = drive(draw, starts, guided=True)
    assert fork.success(naive).mean() <= 0.8
    assert fork.success(guided).mean() >= 0.95
    assert leap.mean() <= 0.5 * naive_leap.mean()
    assert 0.25 < np.mean(fork.side(guided) == 1) < 0.75
