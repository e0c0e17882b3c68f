"""What auto means, what it costs in quality, and that it keeps the promises of a run."""
from dataclasses import replace
import json

from checkpoint_factory import CONTRACT, VARIANTS
from il_ros.errors import ContractMismatchError
from il_ros.training.config import TrainConfig
from il_ros.training.precision import choose, fast_attention
from il_ros.training.samples import ArraySource
from il_ros.training.train import fit
import numpy as np
import pytest
from safetensors.numpy import load_file
import torch

ROWS, SIZE = 240, 32
CAMERA = VARIANTS['bc camera']
CONFIG = TrainConfig(CAMERA, steps=8, batch_size=8, validate_every=4, warmup_steps=2,
                     validation_share=0.2)
AUTO = replace(CONFIG, precision='auto')


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope='module')
def source():
    """Return episodes whose actions are where a bright square is: only a camera tells."""
    random = np.random.default_rng(0)
    place = random.integers(0, SIZE - 8, (ROWS, 2))
    images = random.integers(0, 60, (ROWS, SIZE, SIZE, 3), dtype=np.uint8)
    for image, (row, column) in zip(images, place, strict=True):
        image[row:row + 8, column:column + 8] = (250, 200, 30)
    wanted = np.zeros((ROWS, len(CONTRACT.joints)))
    wanted[:, :2] = place / (SIZE - 8) - 0.5
    return ArraySource(CONTRACT, [24] * 10, {
        'observation.state': np.clip(random.normal(0, 0.1, wanted.shape), CONTRACT.lower,
                                     CONTRACT.upper),
        'action': np.clip(wanted, CONTRACT.lower, CONTRACT.upper),
        'control_source': np.ones(ROWS, int), 'intervention': np.zeros(ROWS)}, {'wrist': images})


def cpuinfo(folder, flags):
    path = folder / 'cpuinfo'
    path.write_text(f'processor\t: 0\nflags\t\t: fpu {flags} sse2\n')
    return path


@pytest.mark.parametrize('config, flags, expected', [
    (AUTO, 'amx_bf16', 'bf16-mixed'), (AUTO, 'avx512f', '32-true'),
    (replace(AUTO, policy=VARIANTS['bc']), 'amx_bf16', '32-true'),
    (replace(AUTO, precision='16-mixed'), 'avx512f', '16-mixed'),
    (CONFIG, 'amx_bf16', '32-true')])
def test_auto_is_16_bit_where_the_processor_multiplies_it_and_there_are_images(
        tmp_path, config, flags, expected):
    assert choose(config, None, cpuinfo(tmp_path, flags)) == expected


def test_every_preset_decides_by_the_machine():
    for name in ('act', 'act_paper', 'bc', 'bc_rnn', 'bc_vision', 'diffusion', 'flow', 'gmm',
                 'ibc'):
        assert TrainConfig.preset(name).precision == 'auto', name


@pytest.mark.parametrize('precision', ['32-true', 'bf16-mixed'])
def test_a_resumed_run_goes_on_as_it_began_whatever_the_machine(source, tmp_path, precision):
    class Killed(Exception):
        pass

    def die(report):
        raise Killed

    config = replace(CONFIG, steps=12, validate_every=5, precision=precision)
    direct = load_file(fit(source, tmp_path / 'direct', config) / 'model.safetensors')
    with pytest.raises(Killed):  # at step 10, after the checkpoint there
        fit(source, tmp_path / 'parts', config, progress=die)
    state = tmp_path / 'parts/state/state.json'
    assert json.loads(state.read_text())['settings']['config']['precision'] == precision
    best = fit(source, tmp_path / 'parts', replace(config, precision='auto'), resume=True)
    resumed = load_file(best / 'model.safetensors')
    assert all(np.array_equal(direct[key], resumed[key]) for key in direct)
    other = {'32-true': 'bf16-mixed', 'bf16-mixed': '32-true'}[precision]
    with pytest.raises(ContractMismatchError, match=f'precision: .*{other}'):
        fit(source, tmp_path / 'parts', replace(config, precision=other), resume=True)


@pytest.mark.parametrize('kind', ['act camera', 'flow camera', 'diffusion camera'])
def test_the_seed_decides_a_run_in_16_bit(source, tmp_path, kind):
    config = replace(CONFIG, policy=replace(VARIANTS[kind], inputs=('state', 'wrist')), steps=3,
                     precision='bf16-mixed')
    one, two, other = (
        load_file(fit(source, tmp_path / name, replace(config, seed=seed)) / 'model.safetensors')
        for name, seed in (('one', 0), ('two', 0), ('other', 1)))
    assert all(np.array_equal(one[key], two[key]) for key in one)
    assert not all(np.array_equal(one[key], other[key]) for key in one)


@pytest.mark.slow
def test_a_policy_trained_in_16_bit_is_no_worse(source, tmp_path):
    """Over paired seeds it errs like one of 32 bit; untrained ones err many times as much."""
    errors = {}
    for precision in ('32-true', 'bf16-mixed'):
        for seed in range(4):
            config = replace(CONFIG, steps=200, batch_size=32, validate_every=200, seed=seed,
                             learning_rate=3e-3, precision=precision)
            fit(source, tmp_path / f'{precision} {seed}', config)
            record = json.loads((tmp_path / f'{precision} {seed}/last/training.json').read_text())
            errors.setdefault(precision, []).append(record['validation'])
    full, mixed = errors['32-true'], errors['bf16-mixed']
    fit(source, tmp_path / 'untrained', replace(CONFIG, steps=1))
    untrained = json.loads((tmp_path / 'untrained/last/training.json').read_text())['validation']
    assert max(full) < untrained / 2
    spread = np.std(full, ddof=1)
    assert abs(np.mean(mixed) - np.mean(full)) < spread / 2, errors
    np.testing.assert_allclose(mixed, full, rtol=0.05)


def test_attention_in_16_bit_on_a_cpu_is_made_of_products():
    enabled = torch.backends.cuda.flash_sdp_enabled  # which stands for the CPU's, too
    for precision, fused in (('32-true', True), ('bf16-mixed', False)):
        with fast_attention(precision, torch.device('cpu')):
            assert enabled() is fused
    assert enabled()
