"""Policies that see more than one tick: live as in training, and that it helps."""
from dataclasses import replace
import json

from checkpoint_factory import CONTRACT, make_checkpoint, observation, SMALL, VARIANTS
from il_ros.errors import ConfigError
from il_ros.policies.config import PolicyConfig
from il_ros.policies.inputs.history import History
from il_ros.policies.load import load
from il_ros.policies.transforms import Chain
from il_ros.training.batches import to_batch
from il_ros.training.config import TrainConfig
from il_ros.training.samples import ArraySource, Samples
from il_ros.training.train import fit
from il_ros.training.windows import histories, sequences
import numpy as np
import pytest
import torch

from benchmarks.tasks import cue, reaching

LENGTHS = [4, 6]
KINDS = {**{kind: config for kind, config in VARIANTS.items()
            if ('history' in kind or config.recurrent) and config.kind != 'flow'},
         'bc_rnn ensemble': replace(VARIANTS['bc_rnn'], members=2),
         'bc history task': replace(SMALL, inputs=('state', 'task'), observation_steps=2)}


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope='module')
def source():
    seen = [observation(seed) for seed in range(sum(LENGTHS))]
    states = np.stack([o.state for o in seen])
    rows = len(seen)
    return ArraySource(CONTRACT, LENGTHS, {
        'observation.state': states, 'action': 0.9 * states,
        'observation.environment_state': np.stack([o.environment for o in seen]),
        'control_source': np.ones(rows, int), 'intervention': np.zeros(rows),
        'task_index': np.zeros(rows, int)}, tasks=(CONTRACT.task,))


@pytest.mark.parametrize('kind', KINDS)
def test_live_and_training_see_the_same(source, tmp_path, kind):
    config = KINDS[kind]
    policy = load(make_checkpoint(tmp_path / 'c', config))
    small = {name: np.stack([policy._features.forward(
        {f'images.{name}': observation(seed).images[name][None]})[f'images.{name}'][0]
        for seed in range(sum(LENGTHS))]) for name in config.cameras}
    samples = Samples.of(source, TrainConfig(config, validation_share=0.0), small)
    transforms = Chain((policy._features, policy._normalize))
    row = 0
    for length in LENGTHS:
        policy.reset()
        for tick in range(length):
            rows = np.array([row])
            if config.recurrent:  # in training its sequence begins with the episode
                batch = to_batch(samples, transforms, np.array([row - tick]))
            else:
                batch = to_batch(samples, transforms, rows)
            with torch.no_grad():
                chunk = policy.network({k: v for k, v in batch.items()
                                        if k not in ('actions', 'valid')})
            if config.recurrent:
                chunk = chunk[:, tick]
            expected = policy._features.backward({
                'state': source.columns['observation.state'][rows],
                'actions': policy._normalize.backward({'actions': chunk.numpy()})['actions']})
            got = policy.infer(replace(observation(row), task=CONTRACT.task))
            np.testing.assert_allclose(got, expected['actions'][0], rtol=0, atol=1e-5)
            row += 1


@pytest.mark.parametrize('kind', KINDS)
def test_the_past_counts_until_reset(tmp_path, kind):
    policy = load(make_checkpoint(tmp_path / 'c', KINDS[kind]))
    one, two, three = (observation(seed) for seed in range(3))
    alone = policy.infer(three)
    policy.reset()
    chunks = [policy.infer(seen) for seen in (one, two, three)]
    assert np.abs(chunks[2] - alone).max() > 1e-7
    np.testing.assert_array_equal(policy.infer(three), chunks[2], 'asked again')
    policy.motions(three)
    if policy.description.config.members > 1:
        assert policy.spread(three).max() > 0
    np.testing.assert_array_equal(policy.infer(three), chunks[2], 'asked again')
    policy.reset()
    np.testing.assert_array_equal(policy.infer(three), alone)
    policy.reset()
    np.testing.assert_array_equal(policy.infer(replace(three, past=(one, two))), chunks[2],
                                  'ticks for which no chunk was asked')


def test_what_was_seen_stays_when_the_caller_reuses_its_arrays():
    history = History(2, ('state', 'wrist'))
    seen = observation(0)
    kept = seen.state.copy(), seen.images['wrist'].copy()
    history.window(seen, '')
    seen.state[:] = 9
    seen.images['wrist'][:] = 9
    window = history.window(replace(seen), '')
    np.testing.assert_array_equal(window['state'][0], kept[0])
    np.testing.assert_array_equal(window['images.wrist'][0], kept[1])
    assert (window['state'][1] == 9).all()


def test_windows_by_hand():
    episode = np.repeat([0, 1], LENGTHS)
    rows = np.array([0, 2, 4, 9])
    assert histories(rows, episode, 3).tolist() == [[0, 0, 0], [0, 1, 2], [4, 4, 4], [7, 8, 9]]
    ticks, inside = sequences(rows, episode, 5)
    assert ticks.tolist() == [[0, 1, 2, 3, 3], [0, 1, 2, 3, 3], [4, 5, 6, 7, 8], [5, 6, 7, 8, 9]]
    assert inside.all(1).tolist() == [False, False, True, True]
    assert inside[:2].tolist() == [[True] * 4 + [False]] * 2


@pytest.mark.parametrize('kind', ['bc history task', 'bc_rnn'])
def test_no_window_of_training_spans_a_gap(source, kind):
    config = TrainConfig(replace(KINDS[kind], horizon=3), validation_share=0.0)
    gap = replace(source, columns={**source.columns,
                                   'tick': np.array([0, 1, 5, 6, 0, 1, 2, 3, 4, 9])})
    apart = replace(source, lengths=[2, 2, 5, 1])
    rows = np.arange(10)
    batches = [to_batch(Samples.of(one, config, {}), Chain(()), rows) for one in (gap, apart)]
    for name, values in batches[1].items():     # as if each stretch were an episode
        assert torch.equal(batches[0][name], values), name


def test_a_recurrent_sample_has_the_labels_of_every_tick(source):
    config = TrainConfig(replace(VARIANTS['bc_rnn'], horizon=3), validation_share=0.0)
    samples = Samples.of(source, config, {})
    rows = np.array([1, 9])
    batch = to_batch(samples, Chain(()), rows)
    assert batch['valid'].shape == (2, 6, 3) and batch['actions'].shape == (2, 6, 3, 7)
    assert batch['valid'][0].int().tolist() == [
        [1, 1, 1], [1, 1, 1], [1, 1, 0], [1, 0, 0], [0, 0, 0], [0, 0, 0]]
    assert int(batch['valid'].sum()) == samples.labels(rows) == 9 + 15
    np.testing.assert_allclose(batch['actions'][0, 1, :, 0],
                               source.columns['action'][1:4, 0], rtol=1e-6)


@pytest.mark.parametrize('kind', ['bc', 'act camera', 'flow'])
def test_a_checkpoint_from_before_there_were_histories_loads(tmp_path, kind):
    folder = make_checkpoint(tmp_path / 'c', VARIANTS[kind])
    settings = json.loads((folder / 'config.json').read_text())
    for key in ('observation_steps', 'bc_rnn'):
        del settings[key]
    torch.manual_seed(0)
    expected = load(folder).infer(observation())
    (folder / 'config.json').write_text(json.dumps(settings))
    torch.manual_seed(0)
    np.testing.assert_array_equal(load(folder).infer(observation()), expected)


def test_a_memory_and_a_history_exclude_each_other():
    with pytest.raises(ConfigError, match="observation_steps: kind 'bc_rnn' remembers by itself, "
                                          'expected 1, got 2; bc_rnn.window is how far back'):
        PolicyConfig(kind='bc_rnn', observation_steps=2)


@pytest.mark.parametrize(('kind', 'seen', 'steps', 'solved'), [
    ('bc', 1, 400, False), ('bc', cue.STEPS, 400, True), ('bc_rnn', 1, 300, True)])
def test_what_was_shown_before_is_remembered(tmp_path, kind, seen, steps, solved):
    policy = replace(SMALL, kind=kind, horizon=4, observation_steps=seen, bc=replace(
        SMALL.bc, hidden=64), bc_rnn=replace(SMALL.bc_rnn, hidden=64, layers=1, window=cue.STEPS))
    config = TrainConfig(policy, steps=steps, batch_size=64, warmup_steps=20, learning_rate=3e-3,
                         ema_decay=0.98, validation_share=0.0, validate_every=steps)
    trained = load(fit(cue.demonstrations(40, 0), tmp_path / 'run', config))
    random = np.random.default_rng(7)
    done = np.mean([cue.solves(trained, reaching.start(random), goal)
                    for _ in range(10) for goal in cue.GOALS])
    assert done >= 0.9 if solved else done <= 0.5
