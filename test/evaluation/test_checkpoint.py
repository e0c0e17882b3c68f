"""Rollouts of a checkpoint: the same whatever runs them, and filmed as they happened."""
from checkpoint_factory import make_checkpoint
from il_ros.datasets.files.frames import read_frames
from il_ros.evaluation import checkpoint
from il_ros.evaluation.checkpoint import _pieces, evaluate_all, evaluate_checkpoint, film, Trial
from il_ros.evaluation.faults import Faults
from il_ros.evaluation.rollout import Conditions
from il_ros.sim.variation import Variation
import pytest
import torch

torch.set_num_threads(1)
SEEDS = range(40, 43)


@pytest.fixture(scope='module')
def trials(tmp_path_factory):
    trial = Trial(make_checkpoint(tmp_path_factory.mktemp('c') / 'bc'), 'Reach')
    hard = Conditions(False, 0.01, Variation(beyond=0.05),
                      Faults(joint_noise=0.01, dropped=0.4, latency_ticks=2))
    return {'hard': Trial(trial.checkpoint, trial.task, hard),
            'long': Trial(trial.checkpoint, trial.task, Conditions(False), repeats=2)}


def test_results_do_not_depend_on_the_number_of_processes(trials):
    done = []
    alone = evaluate_all(trials, SEEDS, workers=0, progress=done.append)
    assert done[-1] == 6 and sorted(done) == done
    assert evaluate_all(trials, SEEDS, workers=2) == alone
    assert evaluate_checkpoint(trials['hard'], SEEDS, workers=0) == alone['hard']
    assert [r.seed for r in alone['long']] == list(SEEDS)


def test_runs_are_never_cut():
    assert _pieces(range(7), 1, 3) == [[0, 3, 6], [1, 4], [2, 5]]
    assert _pieces(range(7), 3, 2) == [[0, 1, 2, 6], [3, 4, 5]]
    assert _pieces(range(2), 1, 8) == [[0], [1]]


def test_a_film_shows_the_rollout_that_was_counted(trials, tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, 'FILM_SIZE', (48, 64))
    trial = trials['long']
    first, second = evaluate_checkpoint(trial, [7, 8], workers=0)
    assert film(trial, 8, tmp_path / 'failure.mp4', before=[7]) == second
    frames = read_frames(tmp_path / 'failure.mp4', [0, round(second.duration_s * 30) - 1])
    assert frames.shape == (2, 48, 64, 3) and (frames[0] != frames[1]).any()
