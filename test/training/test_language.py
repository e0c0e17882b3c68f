"""One checkpoint, two tasks from the same start: the robot does what the words say."""
from dataclasses import replace

from checkpoint_factory import CONTRACT, SMALL
from il_ros.errors import DatasetError
from il_ros.policies.inputs.language import embed
from il_ros.policies.load import load
from il_ros.training.config import TrainConfig
from il_ros.training.samples import Samples
from il_ros.training.train import fit
from il_ros.types import Observation
import numpy as np
import pytest
import torch

from benchmarks.tasks.reaching import (
    arrives,
    demonstrations,
    LEFT,
    OFFSETS,
    RIGHT,
    START,
    start,
    STEPS,
    STRIDE,
    TEXTS,
)

CONFIG = TrainConfig(
    replace(SMALL, inputs=('state', 'task'), horizon=4, bc=replace(SMALL.bc, hidden=64)),
    steps=500, batch_size=64, warmup_steps=20, learning_rate=3e-3, validate_every=500,
    validation_share=0.0)


@pytest.mark.parametrize(('kind', 'steps'), [
    ('bc', 500), *(pytest.param(*more, marks=pytest.mark.slow)
                   for more in (('act', 150), ('flow', 400), ('diffusion', 800)))])
def test_the_goal_follows_the_instruction(tmp_path, kind, steps):
    torch.set_num_threads(1)
    config = replace(CONFIG, steps=steps, ema_decay=0.98, policy=replace(
        CONFIG.policy, kind=kind, normalization='min_max',
        diffusion=replace(SMALL.diffusion, width=64, unet_widths=(32, 64), kernel=3)))
    policy = load(fit(demonstrations(), tmp_path / 'run', config))
    random = np.random.default_rng(1)
    trials = [(text, start(random)) for text in TEXTS for _ in range(10)]
    done = [arrives(policy, state, OFFSETS[text], text=text) for text, state in trials]
    assert np.mean(done) >= 0.9
    apart = [policy.infer(Observation(0, s, np.zeros(0), task=LEFT))[0, 0]
             - policy.infer(Observation(0, s, np.zeros(0), task=RIGHT))[0, 0] for _, s in trials]
    assert np.mean(np.array(apart) > STRIDE) >= 0.9, 'from the same start the words alone decide'


def test_other_words_for_the_same_thing(tmp_path):
    torch.set_num_threads(1)
    policy = load(fit(demonstrations(), tmp_path / 'run', CONFIG))
    said = {'go to the left box': LEFT, 'drive to the right boxes': RIGHT}
    random = np.random.default_rng(2)
    for text, meant in said.items():
        steps = [policy.infer(Observation(0, state, np.zeros(0), task=text))[0, 0] - state[0]
                 for state in (start(random) for _ in range(10))]
        assert np.mean(np.sign(steps) == np.sign(OFFSETS[meant])) >= 0.9, text


def test_without_words_the_contract_says_what_to_do(tmp_path):
    torch.set_num_threads(1)
    best = fit(demonstrations(), tmp_path / 'run', replace(CONFIG, steps=20))
    seen = Observation(0, START, np.zeros(0))
    for text in TEXTS:
        told = load(best).infer(replace(seen, task=text))
        np.testing.assert_array_equal(load(best, replace(CONTRACT, task=text)).infer(seen), told)
    own = load(best).infer(seen)
    np.testing.assert_array_equal(own, load(best).infer(replace(seen, task=CONTRACT.task)))
    assert np.abs(own - told).max() > 1e-6


def test_each_row_has_the_text_of_its_task():
    source = demonstrations()
    samples = Samples.of(source, CONFIG, {})
    rows = np.array([STEPS, 0, 3 * STEPS + 1])
    np.testing.assert_array_equal(samples.batch(rows)[0]['task'],
                                  [embed(LEFT), embed(RIGHT), embed(LEFT)])
    plain = Samples.of(source, replace(CONFIG, policy=replace(SMALL, inputs=('state',))), {})
    assert 'task' not in plain.batch(rows)[0]
    alone = Samples.of(replace(source, tasks=()), CONFIG, {})
    np.testing.assert_array_equal(alone.batch(rows)[0]['task'], [embed(CONTRACT.task)] * 3)


def test_a_task_that_does_not_exist_is_refused():
    source = demonstrations()
    with pytest.raises(DatasetError, match="column 'task_index': expected 0 to 0, got 0 to 1; "
                                           'convert the bags again'):
        Samples.of(replace(source, tasks=(LEFT,)), CONFIG, {})


def test_one_task_alone_leaves_other_texts_harmless(tmp_path):
    torch.set_num_threads(1)
    source = demonstrations((LEFT,))
    best = fit(source, tmp_path / 'run', replace(CONFIG, steps=20))
    policy = load(best)
    known = policy._window(Observation(0, START, np.zeros(0), task=LEFT))['task']
    other = policy._window(Observation(0, START, np.zeros(0), task='open a drawer'))['task']
    np.testing.assert_allclose(known, 0, atol=1e-6)
    assert 1 < np.abs(other).max() < 6
