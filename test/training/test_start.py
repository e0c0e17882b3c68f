"""Training goes on from a checkpoint: its weights and the normalisation that they belong to."""
from dataclasses import replace
import json

from checkpoint_factory import CONTRACT, make_checkpoint, SMALL
from il_ros.errors import CheckpointError, ConfigError
from il_ros.policies.checkpoint import read, read_weights
from il_ros.training.config import TrainConfig
from il_ros.training.samples import ArraySource
from il_ros.training.train import fit
import numpy as np
import pytest

POLICY = replace(SMALL, inputs=('state',))
CONFIG = TrainConfig(POLICY, steps=1, batch_size=8, warmup_steps=1, validation_share=0.0,
                     learning_rate=1e-9, weight_decay=0.0, loaders=0)


@pytest.fixture(scope='module')
def source():
    random, joints = np.random.default_rng(0), len(CONTRACT.joints)
    states = random.uniform(CONTRACT.lower, CONTRACT.upper, (40, joints))
    return ArraySource(CONTRACT, [20, 20], {
        'observation.state': states, 'action': states, 'control_source': np.ones(40, int),
        'intervention': np.zeros(40, int)})


def test_weights_and_normalisation_are_those_of_the_checkpoint(source, tmp_path):
    first = make_checkpoint(tmp_path / 'first', POLICY, seed=5)
    best = fit(source, tmp_path / 'run', replace(CONFIG, start=str(first)))
    before, after = (read_weights(folder / 'model.safetensors') for folder in (first, best))
    for name, values in before.items():
        np.testing.assert_allclose(after[name], values, atol=1e-6, err_msg=name)
    for key, values in read(first).normalize.scale.items():
        np.testing.assert_array_equal(read(best).normalize.scale[key], values)
    scratch = fit(source, tmp_path / 'scratch', CONFIG)
    assert not np.array_equal(read(scratch).normalize.offset['state'],
                              read(best).normalize.offset['state'])
    assert json.loads((best / 'training.json').read_text())['config']['start'] == str(first)


def test_another_policy_is_refused(source, tmp_path):
    first = make_checkpoint(tmp_path / 'first', replace(POLICY, horizon=8))
    with pytest.raises(ConfigError, match='is of another policy .bc.; expected the same kind'):
        fit(source, tmp_path / 'run', replace(CONFIG, start=str(first)))


def test_a_missing_one_is_named(source, tmp_path):
    with pytest.raises(CheckpointError, match='nothing: no checkpoint: missing config.json'):
        fit(source, tmp_path / 'run', replace(CONFIG, start=str(tmp_path / 'nothing')))
