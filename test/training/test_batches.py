"""Accumulation, shared batches, batches built ahead, precision and compilation."""
from dataclasses import replace
from functools import partial
import json
import os
from pathlib import Path
import socket
import subprocess
import sys

from checkpoint_factory import CONTRACT, SMALL, VARIANTS
from il_ros.errors import ConfigError
from il_ros.policies.load import load
from il_ros.policies.transforms import Chain
from il_ros.training import train as training
from il_ros.training.batches import Batches, prefetched
from il_ros.training.config import Mix, TrainConfig
from il_ros.training.samples import ArraySource, Samples
import numpy as np
import pytest
from safetensors.numpy import load_file
import torch

CONFIG = TrainConfig(SMALL, steps=12, batch_size=24, validate_every=6, warmup_steps=2,
                     validation_share=0.25)
LENGTHS = [15, 9, 22, 14]


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


def make_source(seed=0):
    random = np.random.default_rng(seed)
    rows = sum(LENGTHS)
    environment = random.uniform(-0.5, 0.5, (rows, 21))
    environment[:, 3:7] = environment[:, 10:14] = environment[:, 17:] = [0, 0, 0, 1]
    state = np.clip(random.uniform(-1, 1, (rows, 7)), CONTRACT.lower, CONTRACT.upper)
    control = np.ones(rows, int)
    control[30:36] = 0
    return ArraySource(CONTRACT, LENGTHS, {
        'observation.state': state, 'observation.environment_state': environment,
        'action': np.clip(0.9 * state, CONTRACT.lower, CONTRACT.upper),
        'control_source': control, 'intervention': np.arange(rows) >= 36},
        {'wrist': random.integers(0, 256, (rows, 128, 128, 3), dtype=np.uint8)})


@pytest.fixture(scope='module')
def source():
    return make_source()


def trained(source, out, config, **options):
    return load_file(training.fit(source, out, config, **options).parent
                     / 'last/model.safetensors')


def assert_close(one, two, tolerance):
    assert one.keys() == two.keys()
    for name in one:
        np.testing.assert_allclose(one[name], two[name], rtol=0, atol=tolerance, err_msg=name)


def same(one, two):
    return all(np.array_equal(one[name], two[name]) for name in one)


@pytest.fixture(scope='module')
def whole(source, tmp_path_factory):
    return trained(source, tmp_path_factory.mktemp('whole'), CONFIG)


@pytest.mark.parametrize('parts', [2, 5])
def test_accumulated_parts_equal_the_big_batch(source, whole, tmp_path, parts):
    got = trained(source, tmp_path, replace(CONFIG, accumulate=parts))
    assert not same(got, whole)  # other sums: float error shows that parts were used
    assert_close(got, whole, 2e-5)


def test_parts_hold_the_rows_of_the_whole_and_weigh_by_their_labels(source):
    samples = Samples.of(source, CONFIG, {})
    whole = Batches(samples, Chain(()), CONFIG).parts(3)
    assert [part.weight for part in whole] == [1.0]
    config = replace(CONFIG, accumulate=3)
    parts = [part for rank in (0, 1)
             for part in Batches(samples, Chain(()), config, rank, 2).parts(3)]
    assert [len(part.batch['state']) for part in parts] == [4] * 6
    got = torch.cat([part.batch['state'] for part in parts])
    assert sorted(got.tolist()) == sorted(whole[0].batch['state'].tolist())
    labels = [int(part.batch['valid'].sum()) for part in parts]
    assert len(set(labels)) > 1
    np.testing.assert_allclose([part.weight for part in parts], 2 * np.array(labels) / sum(labels))


def test_ranks_differ_in_noise_not_in_rows_of_a_step(source):
    samples = Samples.of(source, CONFIG, {})
    first, second = (Batches(samples, Chain(()), CONFIG, rank, 2) for rank in (0, 1))
    assert first.seed(0) != second.seed(0) and first.seed(0) != first.seed(1)


def test_a_batch_too_small_to_share_is_refused(source):
    with pytest.raises(ConfigError, match='^batch_size: expected at least 30, one sample for each '
                                          'of 2 processes x 15 parts, got 24$'):
        Batches(Samples.of(source, CONFIG, {}), Chain(()), replace(CONFIG, accumulate=15), 0, 2)


@pytest.mark.parametrize('workers', [0, 1, 3])
def test_prefetched_keeps_order_and_its_bound(workers):
    made, used = [], []
    with prefetched(lambda step: made.append(step) or step * step, range(5, 30),
                    workers) as prepared:
        for value in prepared:
            used.append(value)
            assert len(made) <= len(used) + 2 * workers
    assert used == [step * step for step in range(5, 30)]


def test_prefetched_raises_what_a_thread_raised():
    def make(step):
        if step == 3:
            raise ValueError(f'step {step}')
        return step

    with prefetched(make, range(9), 2) as prepared:
        assert [next(prepared) for _ in range(3)] == [0, 1, 2]
        with pytest.raises(ValueError, match='^step 3$'):
            next(prepared)


def test_batches_built_ahead_change_nothing_nor_does_resuming(source, tmp_path):
    config = replace(CONFIG, policy=VARIANTS['bc camera'], validation_share=0.0,
                     mix=Mix(demo=0.6, human=0.3, policy=0.1))
    direct = trained(source, tmp_path / 'direct', replace(config, loaders=0))
    assert same(trained(source, tmp_path / 'ahead', replace(config, loaders=2)), direct)

    class Killed(BaseException):
        pass

    def die(report):
        raise Killed  # at step 10, after the checkpoint of step 6

    with pytest.raises(Killed):
        trained(source, tmp_path / 'parts', replace(config, loaders=2), progress=die)
    resumed = trained(source, tmp_path / 'parts', replace(config, loaders=2), resume=True)
    assert same(resumed, direct)


def test_a_run_of_an_older_version_can_be_resumed(source, whole, tmp_path):
    training.fit(source, tmp_path, CONFIG)
    path = tmp_path / 'state/state.json'
    state = json.loads(path.read_text())
    for name in ('accumulate', 'weighting', 'loaders', 'compile'):
        del state['settings']['config'][name]
    path.write_text(json.dumps(state))
    assert same(trained(source, tmp_path, CONFIG, resume=True), whole)


def test_a_report_says_how_fast_and_how_long(source, tmp_path):
    reports = []
    training.fit(source, tmp_path, CONFIG, progress=reports.append)
    assert [report.step for report in reports] == [10, 12]
    for report in reports:
        assert report.samples_per_s > 0 and 0 <= report.waited <= 1
        assert report.left_s * report.samples_per_s == pytest.approx(
            CONFIG.batch_size * (CONFIG.steps - report.step))


@pytest.mark.parametrize('kind', ['bc camera', 'act', 'flow'])
def test_bf16_on_a_cpu_learns_the_same(source, tmp_path, kind):
    config = replace(CONFIG, policy=VARIANTS[kind])
    full = trained(source, tmp_path / 'full', config)
    mixed = trained(source, tmp_path / 'mixed', replace(config, precision='bf16-mixed'))
    assert all(value.dtype == np.float32 and np.isfinite(value).all() for value in mixed.values())
    assert not same(full, mixed)
    assert_close(full, mixed, 0.02)
    errors = [json.loads((tmp_path / run / 'last/training.json').read_text())['validation']
              for run in ('full', 'mixed')]
    assert errors[0] == pytest.approx(errors[1], rel=0.02)
    assert load(tmp_path / 'mixed/best', CONTRACT).horizon == 12


def test_a_compiled_run_learns_the_same(source, whole, tmp_path, monkeypatch):
    traced = []

    def backend(graph, inputs):
        traced.append(len(graph.graph.nodes))
        return graph.forward

    monkeypatch.setattr(torch, 'compile', partial(torch.compile, backend=backend))
    got = trained(source, tmp_path, replace(CONFIG, compile=True))
    assert traced  # dynamo saw the loss; the machine's compiler would take most of a minute
    assert_close(got, whole, 2e-5)
    assert load(tmp_path / 'best', CONTRACT).horizon == 12


WORKER = """
from dataclasses import replace
import os
from pathlib import Path
import sys
import test_batches
from il_ros.training import train as training
from safetensors.torch import save_file

out = Path(sys.argv[1])
networks = []
make = training.make_network
training.make_network = lambda *given: networks.append(make(*given)) or networks[-1]
config = replace(test_batches.CONFIG, precision=sys.argv[2])
training.fit(test_batches.make_source(), out / 'run', config)
save_file(networks[0].state_dict(), out / f'rank{os.environ["RANK"]}.safetensors')
"""


@pytest.mark.parametrize('precision, tolerance', [
    ('32-true', 2e-5), pytest.param('bf16-mixed', 0.02, marks=pytest.mark.slow)])
def test_two_processes_share_each_batch(source, whole, tmp_path, precision, tolerance):
    (tmp_path / 'worker.py').write_text(WORKER)
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    here = Path(__file__).resolve().parent
    paths = [str(here), str(here.parent), *sys.path]
    result = subprocess.run(
        [sys.executable, '-m', 'torch.distributed.run', '--nproc-per-node', '2',
         '--master-addr', '127.0.0.1', '--master-port', str(port),
         str(tmp_path / 'worker.py'), str(tmp_path), precision],
        capture_output=True, text=True, timeout=100,
        env={**os.environ, 'PYTHONPATH': os.pathsep.join(paths), 'OMP_NUM_THREADS': '1',
             'GLOO_SOCKET_IFNAME': 'lo'})
    assert result.returncode == 0, result.stderr[-3000:]
    ranks = [load_file(tmp_path / f'rank{rank}.safetensors') for rank in (0, 1)]
    assert same(*ranks)
    saved = load_file(tmp_path / 'run/last/model.safetensors')
    assert not same(saved, whole)
    assert_close(saved, whole, tolerance)  # the batch is split: two processes learn what one does
    record = json.loads((tmp_path / 'run/last/training.json').read_text())
    assert record['step'] == CONFIG.steps
    assert sorted(path.name for path in (tmp_path / 'run').iterdir()) == ['best', 'last', 'logs',
                                                                         'state']
