from dataclasses import replace
import json

from checkpoint_factory import CONTRACT, SMALL, VARIANTS
from il_ros.errors import CheckpointError, ContractMismatchError
from il_ros.policies.load import load
from il_ros.training import train as training
from il_ros.training.config import TrainConfig
from il_ros.training.image_cache import cached_images
from il_ros.training.samples import ArraySource, Samples
from il_ros.training.schedule import averaging, schedule, update_average
from il_ros.types import Observation
import numpy as np
import pytest
from safetensors.numpy import load_file
import torch

CONFIG = TrainConfig(SMALL, steps=40, batch_size=32, validate_every=20, warmup_steps=5,
                     learning_rate=3e-3, validation_share=0.25)
LENGTHS = [30, 20, 25, 25]
SIZE = 32


def target(state, environment):
    """What the demonstrator does: towards the first pose, by a tenth of the way."""
    return state + 0.1 * (np.tile(environment[..., :3], 3)[..., :7] - state)


@pytest.fixture(scope='module')
def source():
    random = np.random.default_rng(0)
    rows = sum(LENGTHS)
    environment = random.uniform(-0.5, 0.5, (rows, 21))
    environment[:, 3:7] = environment[:, 10:14] = environment[:, 17:] = [0, 0, 0, 1]
    state = np.clip(random.uniform(-1, 1, (rows, 7)), CONTRACT.lower, CONTRACT.upper)
    wrist = np.repeat(np.arange(rows, dtype=np.uint8), 128 * 128 * 3).reshape(rows, 128, 128, 3)
    return ArraySource(CONTRACT, LENGTHS, {
        'observation.state': state, 'observation.environment_state': environment,
        'action': np.clip(target(state, environment), CONTRACT.lower, CONTRACT.upper),
        'control_source': np.ones(rows, int), 'intervention': np.zeros(rows)}, {'wrist': wrist})


def weights(folder):
    return load_file(folder / 'model.safetensors')


def same(one, two):
    return all(np.array_equal(one[k], two[k]) for k in one.keys() | two.keys())


def test_it_learns_and_says_so(source, tmp_path):
    reports = []
    config = replace(CONFIG, steps=300, policy=replace(SMALL, horizon=1), validate_every=100)
    best = training.fit(source, tmp_path / 'run', config, progress=reports.append)
    assert best == tmp_path / 'run/best'
    assert [r.step for r in reports] == list(range(10, 301, 10))
    assert reports[-1].loss < 0.4 * reports[0].loss
    record = json.loads((best / 'training.json').read_text())
    assert record['validation'] < 0.6
    assert (record['rows'], record['episodes']) == (75, 4)
    policy = load(best, CONTRACT)
    errors, still = [], []
    for state, environment, action in zip(*(source.columns[k] for k in (
            'observation.state', 'observation.environment_state', 'action')), strict=True):
        got = policy.infer(Observation(0, state, environment))[0]
        errors.append(np.abs(got - action)[:6].mean())
        still.append(np.abs(state - action)[:6].mean())
    assert np.mean(errors) < 0.5 * np.mean(still)
    assert list((tmp_path / 'run/logs').glob('events.out.tfevents.*'))


def test_the_seed_decides(source, tmp_path):
    runs = [training.fit(source, tmp_path / name, replace(CONFIG, seed=seed))
            for name, seed in (('a', 0), ('b', 0), ('c', 1))]
    a, b, c = (weights(run.parent / 'last') for run in runs)
    assert same(a, b)
    assert not same(a, c)


@pytest.mark.parametrize('kind', ['bc', 'act folded', 'flow', *(
    pytest.param(kind, marks=pytest.mark.slow) for kind in ('act', 'diffusion'))])
def test_a_resumed_run_equals_the_uninterrupted_one(source, tmp_path, kind):
    config = replace(CONFIG, policy=replace(VARIANTS[kind], bc=replace(SMALL.bc, dropout=0.2)))
    training.fit(source, tmp_path / 'whole', config)

    class Killed(BaseException):
        pass

    def die(report):
        if report.step == 30:  # after the checkpoint of step 20
            raise Killed

    with pytest.raises(Killed):
        training.fit(source, tmp_path / 'parts', config, progress=die)
    assert json.loads((tmp_path / 'parts/state/state.json').read_text())['step'] == 20
    training.fit(source, tmp_path / 'parts', config, resume=True)
    for name in ('best', 'last'):
        assert same(weights(tmp_path / 'whole' / name), weights(tmp_path / 'parts' / name)), name
    state = [load_file(tmp_path / run / 'state/state.safetensors') for run in ('whole', 'parts')]
    assert same(*state)


def test_resume_refuses_what_is_not_the_same_run(source, tmp_path):
    with pytest.raises(CheckpointError, match='run: no training run to resume; leave out --resum'):
        training.fit(source, tmp_path / 'run', CONFIG, resume=True)
    training.fit(source, tmp_path / 'run', replace(CONFIG, steps=5))
    with pytest.raises(CheckpointError, match='run: holds a training run; give another folder'):
        training.fit(source, tmp_path / 'run', CONFIG)
    with pytest.raises(ContractMismatchError, match=(
            'was started with other settings, rows or robot: config.batch_size: 32, now 16; '
            'config.steps: 5, now 40; start a new run')):
        training.fit(source, tmp_path / 'run', replace(CONFIG, batch_size=16), resume=True)


def test_the_checkpoint_holds_the_average_of_the_weights(source, tmp_path):
    training.fit(source, tmp_path / 'run', CONFIG)
    state = load_file(tmp_path / 'run/state/state.safetensors')
    saved = weights(tmp_path / 'run/last')
    for name, value in saved.items():
        np.testing.assert_array_equal(value, state[f'average.{name}'])
    assert any(not np.array_equal(v, state[f'network.{k}']) for k, v in saved.items())


def test_statistics_are_those_of_the_training_split(source, tmp_path):
    best = training.fit(source, tmp_path / 'run', replace(CONFIG, steps=5))
    statistics = json.loads((best / 'statistics.json').read_text())
    rows = Samples.of(source, CONFIG, {}).training
    states = source.columns['observation.state'][rows]
    np.testing.assert_allclose(statistics['state']['offset'], states.mean(0), atol=1e-6)
    np.testing.assert_allclose(statistics['state']['scale'], np.maximum(states.std(0), 0.05),
                               atol=1e-6)
    assert np.abs(states.mean(0) - source.columns['observation.state'].mean(0)).max() > 1e-3


def test_what_is_no_label_changes_nothing(source, tmp_path):
    control = np.ones(sum(LENGTHS), int)
    control[[7, 8, 40, 41, 42]] = 0
    runs = []
    for name, noise in (('a', 0.0), ('b', 0.3)):
        action = source.columns['action'].copy()
        action[control == 0] -= noise
        columns = {**source.columns, 'control_source': control, 'action': action}
        runs.append(training.fit(replace(source, columns=columns), tmp_path / name, CONFIG))
    assert same(*(weights(run) for run in runs))


def test_cameras_at_the_size_that_the_network_sees(source, tmp_path):
    config = replace(CONFIG, policy=VARIANTS['bc camera'], steps=3)
    images = cached_images(source, config.policy)['wrist'][np.arange(sum(LENGTHS))]
    assert images.shape == (sum(LENGTHS), SIZE, SIZE, 3)
    np.testing.assert_array_equal(images[:, 0, 0, 0], np.arange(sum(LENGTHS)))
    assert load(training.fit(source, tmp_path / 'run', config)).cameras == ('wrist',)
    assert {p.name for p in (tmp_path / 'run').iterdir()} == {'best', 'last', 'logs', 'state'}


def test_one_episode_trains_without_validation(source, tmp_path):
    one = replace(source, lengths=LENGTHS[:1],
                  columns={k: v[:LENGTHS[0]] for k, v in source.columns.items()})
    best = training.fit(one, tmp_path / 'run', replace(CONFIG, steps=25))
    record = json.loads((best / 'training.json').read_text())
    assert (record['step'], record['validation']) == (25, None)


def test_schedule():
    config = replace(CONFIG, steps=105, warmup_steps=5)
    rates = [schedule(step, config) for step in range(105)]
    np.testing.assert_allclose(rates[:6], [0.2, 0.4, 0.6, 0.8, 1.0, 1.0])
    assert rates[55] == pytest.approx(0.5)
    assert 0 < rates[-1] < 1e-3
    assert all(a >= b for a, b in zip(rates[5:], rates[6:], strict=False))


def test_the_average_follows_faster_at_first():
    average, network = torch.nn.Linear(1, 1), torch.nn.Linear(1, 1)
    for module, value in ((average, 0.0), (network, 1.0)):
        for parameter in module.parameters():
            torch.nn.init.constant_(parameter, value)
    config = replace(CONFIG, ema_decay=0.999)
    update_average(average, network, averaging(0, config))
    assert average.weight.item() == pytest.approx(0.9)
    config = replace(CONFIG, ema_decay=0.5)
    update_average(average, network, averaging(10**6, config))
    assert average.weight.item() == pytest.approx(0.95)


def test_the_average_of_diffusion_policy_rises_with_a_power():
    config = replace(CONFIG, ema_decay=0.9999, ema_power=0.75)
    shares = [averaging(step, config) for step in (0, 1, 9, 999, 10**7)]
    np.testing.assert_allclose(shares, [0, 1 - 2**-0.75, 1 - 10**-0.75, 1 - 1000**-0.75, 0.9999])


def test_betas_are_those_of_the_optimiser(source, tmp_path):
    config = replace(CONFIG, steps=2, warmup_steps=0, betas=(0.5, 0.75))
    training.fit(source, tmp_path / 'run', config)
    state = load_file(tmp_path / 'run/state/state.safetensors')
    training.fit(source, tmp_path / 'still', replace(config, steps=1))
    first = load_file(tmp_path / 'still/state/state.safetensors')
    # After one step the moments are (1 - beta) times the gradient and its square.
    mean, square = (first[f'optimizer.0.{name}'] for name in ('exp_avg', 'exp_avg_sq'))
    np.testing.assert_allclose(square / 0.25, (mean / 0.5) ** 2, rtol=1e-3, atol=1e-12)
    assert not np.array_equal(state['optimizer.0.exp_avg'], mean)


def test_the_preset_of_diffusion_trains_as_the_paper():
    config = TrainConfig.preset('diffusion')
    assert (config.ema_power, config.betas) == (0.75, (0.95, 0.999))
    assert TrainConfig.preset('bc').betas == (0.9, 0.999)
