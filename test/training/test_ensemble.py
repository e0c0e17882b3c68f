from dataclasses import replace
import json

from checkpoint_factory import CONTRACT, SMALL
from il_ros.policies.load import load
from il_ros.training.config import TrainConfig
from il_ros.training.samples import ArraySource, Samples
from il_ros.training.train import fit
from il_ros.types import Observation
import numpy as np
import pytest
from safetensors.numpy import load_file
import torch

POLICY = replace(SMALL, inputs=('state',), horizon=2, bc=replace(SMALL.bc, hidden=32), members=5)
CONFIG = TrainConfig(POLICY, steps=400, batch_size=64, warmup_steps=20, learning_rate=3e-3,
                     validate_every=400, validation_share=0.0)
LENGTHS = [20] * 20
MIDDLE = (CONTRACT.lower + CONTRACT.upper) / 2
REACH = (CONTRACT.upper - CONTRACT.lower) / 2 * [1, 1, 1, 0, 0, 0, 0]  # three joints move


@pytest.fixture(scope='module')
def source():
    """Episodes within a tenth of three joints' range; the demonstrator moves to the middle."""
    torch.set_num_threads(1)
    random = np.random.default_rng(0)
    rows = sum(LENGTHS)
    state = MIDDLE + REACH * random.uniform(-0.1, 0.1, (rows, 7))
    return ArraySource(CONTRACT, LENGTHS, {
        'observation.state': state, 'action': state + 0.3 * (MIDDLE - state),
        'control_source': np.ones(rows, int), 'intervention': np.zeros(rows)})


@pytest.mark.slow
def test_doubt_is_large_where_there_were_no_data(source, tmp_path):
    policy = load(fit(source, tmp_path / 'run', CONFIG))
    random = np.random.default_rng(1)

    def doubt(reach):
        state = MIDDLE + REACH * random.choice([-1, 1], 7) * random.uniform(*reach, 7)
        return policy.spread(Observation(0, state, np.zeros(0))).mean()

    known = np.mean([doubt((0.0, 0.1)) for _ in range(50)])
    unknown = np.mean([doubt((0.5, 1.0)) for _ in range(50)])
    assert unknown > 10 * known
    weights = load_file(tmp_path / 'run/best/model.safetensors')
    assert {name.split('.')[1] for name in weights} == set('01234')
    assert json.loads((tmp_path / 'run/best/config.json').read_text())['members'] == 5


def test_bootstraps_draw_whole_episodes_with_replacement(source):
    samples = Samples.of(source, CONFIG, {})
    assert samples.bootstraps(1, 0) == [samples]
    parts = samples.bootstraps(5, 0)
    drawn = []
    for part in parts:
        counts = np.bincount(part.training, minlength=400).reshape(20, 20)
        assert (counts == counts[:, :1]).all(), 'whole episodes'
        assert counts[:, 0].sum() == 20
        assert 0 in counts and counts.max() > 1, 'with replacement'
        drawn.append(tuple(counts[:, 0]))
    assert len(set(drawn)) == 5
    assert [p.training.tolist() for p in samples.bootstraps(5, 0)] == [
        p.training.tolist() for p in parts]
    assert samples.bootstraps(5, 1)[0].training.tolist() != parts[0].training.tolist()


def test_a_resumed_ensemble_equals_the_uninterrupted_one(source, tmp_path):
    config = replace(CONFIG, steps=20, validate_every=10)
    fit(source, tmp_path / 'whole', config)

    class Killed(BaseException):
        pass

    def die(report):
        if report.step == 20:
            raise Killed

    with pytest.raises(Killed):
        fit(source, tmp_path / 'parts', config, progress=die)
    fit(source, tmp_path / 'parts', config, resume=True)
    one, two = (load_file(tmp_path / run / 'last/model.safetensors') for run in ('whole', 'parts'))
    assert all(np.array_equal(one[name], two[name]) for name in one)
