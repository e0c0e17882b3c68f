import os
from pathlib import Path
import signal

from checkpoint_factory import CONTRACT, make_checkpoint, observation, VARIANTS
from il_ros.contract import Contract
from il_ros.errors import CheckpointError, ConfigError, ContractMismatchError
from il_ros.execution.worker import Failure, InferenceWorker, Result, State
from il_ros.policies.load import load
from il_ros.policies.policy import Description
from il_ros.policies.source import Options
import numpy as np
import pytest

START_S = 60.0


@pytest.fixture
def start():
    """Start workers that end with the test."""
    workers = []

    def start(checkpoint, **options):
        workers.append(InferenceWorker(checkpoint, CONTRACT, **options))
        return workers[-1]
    yield start
    for worker in workers:
        worker.close()


def open_files():
    return len(list(Path('/proc/self/fd').iterdir()))


@pytest.mark.parametrize(('variant', 'backend'), [
    ('bc', 'torch'), ('act camera', 'torch'), ('act camera', 'onnx')])
def test_gives_what_the_policy_gives(start, tmp_path, variant, backend):
    checkpoint = make_checkpoint(tmp_path / 'c', VARIANTS[variant])
    worker, policy = start(checkpoint, options=Options(backend)), load(checkpoint)
    assert worker.submit(observation()) is False, 'not before it is loaded'
    assert worker.wait(START_S) is None
    assert worker.state is State.IDLE
    for seed in range(3):
        seen = observation(seed, stamp_ns=seed + 7)
        assert worker.submit(seen, reset=seed == 0)
        assert worker.submit(seen) is False, 'one at a time'
        result = worker.wait(10)
        assert isinstance(result, Result)
        np.testing.assert_allclose(result.chunk, policy.infer(seen), atol=1e-6)
        assert result.observation_ns == seed + 7
        assert result.inference_ns > 0
        assert np.isnan(result.uncertainty).all(), 'one member cannot tell'
    assert len(list(checkpoint.glob('*.onnx'))) == (backend == 'onnx')


def test_an_ensemble_tells_how_little_it_knows(start, tmp_path):
    checkpoint = make_checkpoint(tmp_path / 'c', VARIANTS['bc ensemble'])
    worker, policy = start(checkpoint), load(checkpoint)
    assert worker.wait(START_S) is None
    assert worker.submit(observation())
    result = worker.wait(10)
    np.testing.assert_allclose(result.chunk, policy.infer(observation()), atol=1e-6)
    np.testing.assert_allclose(result.uncertainty, policy.spread(observation()).mean(1), rtol=1e-4)


def test_an_exported_file_is_a_policy(start, tmp_path):
    from il_ros.policies.runtimes.onnx import export
    policy, path = load(make_checkpoint(tmp_path / 'c')), tmp_path / 'policy.onnx'
    export(policy, path)
    worker = start(path, options=Options(threads=2))
    assert worker.description == Description(CONTRACT, 'bc', (), policy.horizon)
    assert worker.wait(START_S) is None
    worker.submit(observation())
    result = worker.wait(10)
    assert isinstance(result, Result)
    np.testing.assert_allclose(result.chunk, policy.infer(observation()), atol=1e-5, rtol=0)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(CheckpointError, match='policy.onnx: not an ONNX file, or damaged: '):
        InferenceWorker(path, CONTRACT)


@pytest.mark.parametrize(('values', 'text'), [
    ({'backend': 'onx'}, "backend 'onx': did you mean 'onnx'?"),
    ({'threads': 0}, 'threads: expected at least 1, got 0'),
    ({'backend': 'onnx', 'device': 'cuda'}, "device: expected 'cpu' with the backend onnx, got "
                                            "'cuda'; take the backend torch for a GPU"),
])
def test_options_that_cannot_be(values, text):
    with pytest.raises(ConfigError) as error:
        Options(**values)
    assert str(error.value) == text


def test_crash_hang_and_nan_are_reported_once_and_a_restart_mends_it(start, tmp_path):
    worker = start(make_checkpoint(tmp_path / 'c'), deadline_s=0.2)
    worker.wait(START_S)
    bad = observation()
    bad.environment[:] = np.nan
    worker.submit(bad)
    assert worker.wait(10) == Failure('the policy gave targets that are not finite')
    assert worker.state is State.IDLE, 'it lives on'
    worker.submit(observation())
    assert isinstance(worker.wait(10), Result)

    os.kill(worker.pid, signal.SIGSTOP)
    worker.submit(observation())
    os.kill(worker.pid, signal.SIGKILL)
    assert worker.wait(10) == Failure('inference process ended with SIGKILL')
    assert worker.state is State.ENDED
    assert worker.poll() is None
    assert worker.submit(observation()) is False

    worker.restart()
    assert worker.wait(START_S) is None
    assert worker.submit(observation())
    assert isinstance(worker.wait(10), Result)
    os.kill(worker.pid, signal.SIGSTOP)
    assert worker.submit(observation())
    assert worker.wait(10) == Failure('no chunk within 0.2 s; inference process killed')
    assert worker.state is State.ENDED
    with pytest.raises(ProcessLookupError):
        os.kill(worker.pid, 0)


def test_loading_has_a_deadline(start, tmp_path):
    worker = start(make_checkpoint(tmp_path / 'c'), start_deadline_s=0.01)
    assert worker.wait(10) == Failure('not loaded within 0.01 s; inference process killed')


def test_weights_that_are_not_finite_are_refused_by_the_child(start, tmp_path):
    folder = make_checkpoint(tmp_path / 'c', poison=np.nan)
    failure = start(folder).wait(START_S)
    assert isinstance(failure, Failure)
    assert failure.reason == (
        f"{folder}/model.safetensors: weight 'trunk.0.weight' is not finite; training diverged: "
        'lower learning_rate and train again')


def test_another_robot_is_refused_before_a_process_starts(tmp_path):
    folder = make_checkpoint(tmp_path / 'c')
    with pytest.raises(ContractMismatchError, match='this robot and the checkpoint .* robot: '
                                                    'ur5e, sim_arm'):
        InferenceWorker(folder, Contract.load('ur5e_realsense'))


def test_no_checkpoint(tmp_path):
    with pytest.raises(CheckpointError, match='no checkpoint: missing config.json, '):
        InferenceWorker(tmp_path, CONTRACT)


def test_close_ends_the_child_and_leaks_nothing(tmp_path):
    checkpoint = make_checkpoint(tmp_path / 'c')
    files, segments = open_files(), set(Path('/dev/shm').iterdir())
    worker = InferenceWorker(checkpoint, CONTRACT)
    worker.wait(START_S)
    pid = worker.pid
    worker.close()
    worker.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    del worker
    assert open_files() == files
    assert {p for p in Path('/dev/shm').iterdir() if 'il_ros' in p.name} <= segments
