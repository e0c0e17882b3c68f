"""The task that tells averaging from choosing, and that behaviour cloning averages."""
from il_ros.policies.bc import BC
from il_ros.policies.config import BCConfig
import numpy as np
import pytest
import torch

from benchmarks.tasks import fork
from benchmarks.tasks.fitting import answer, fit, Squared


@pytest.mark.parametrize('cut', [fork.demonstrations, fork.windows])
def test_demonstrations_are_repeatable_and_within_one(cut):
    observations, chunks = cut(100, 3)
    assert observations.shape == (100, 2) and chunks.shape == (100, 20, 2)
    assert observations.dtype == chunks.dtype == np.float32
    assert np.abs(chunks).max() <= 1
    np.testing.assert_array_equal(cut(100, 3)[1], chunks)
    assert np.abs(cut(100, 4)[1] - chunks).max() > 0.1


def test_demonstrations_pass_half_on_either_side():
    observations, chunks = fork.demonstrations(1000, 0)
    assert fork.success(chunks, observations).all()
    assert (fork.side(chunks) == 1).sum() == 500


def test_windows_of_one_passage_overlap():
    observations, chunks = fork.windows(1000, 0)
    step = np.linalg.norm(chunks[:, 0] - observations, axis=-1)
    assert step.max() < 0.2
    late = observations[:, 0] > 0.3  # behind the obstacle
    assert (np.sign(chunks[late, 0, 1]) == np.sign(observations[late, 1])).mean() > 0.95


def test_the_middle_hits_and_so_does_a_change_of_mind():
    _, chunks = fork.demonstrations(40, 0)
    left, right = (chunks[fork.side(chunks) == s] for s in (1, -1))
    assert not fork.success((left + right) / 2).any()
    assert not fork.success(np.concatenate([left[:, :11], right[:, 11:]], 1)).any()


def test_stopping_short_leaping_and_wide_detours_fail():
    path = fork.demonstrations(1, 0)[1]
    assert fork.success(path).all()
    assert not fork.success(path[:, :18]).any()
    assert not fork.success(np.delete(path, [5, 6, 7], 1)).any()
    assert not fork.success(path + np.sign(path[:, :, 1:]) * [0, 0.6]).any()
    assert not fork.success(path, np.array([[-1, 0.5]])).any()


@pytest.mark.parametrize('kind', [Squared, BC])
def test_behaviour_cloning_does_not_choose(kind):
    torch.set_num_threads(1)
    torch.manual_seed(0)
    network = fit(kind(BCConfig(hidden=64, layers=1), fork.SIZES), *fork.demonstrations(400, 0),
                  steps=400, learning_rate=1e-3, batch=128)
    seen, expected = fork.demonstrations(200, 1)
    got = answer(network, seen)
    assert np.abs(got - expected)[..., 0].max() < 0.1, 'it learned the way forward'
    if kind is Squared:
        assert fork.success(got, seen).mean() <= 0.05
        assert np.abs(got[..., 1]).max() < 0.25, 'the mean of both ways'
    else:  # any median between the ways is as good: by luck it may lie on one of them, never both
        left = (fork.success(got, seen) & (fork.side(got) == 1)).mean()
        right = (fork.success(got, seen) & (fork.side(got) == -1)).mean()
        assert min(left, right) <= 0.05
