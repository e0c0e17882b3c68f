"""Policies over openpi's websocket protocol, with servers as processes over the loopback."""
from dataclasses import replace
import os
import pickle
import signal
import urllib.request

from checkpoint_factory import CONTRACT, observation
from il_ros.contract import Contract
from il_ros.errors import ConfigError, RemoteError
from il_ros.execution.worker import Failure, InferenceWorker, Result, State
from il_ros.policies.policy import Description
from il_ros.policies.remote.remote_config import ImageKey, RemoteConfig, VectorKey
from il_ros.policies.source import describe, open_policy, parse_place
import numpy as np
import pytest

pytest.importorskip('msgpack')
pytest.importorskip('websockets')

from il_ros.policies.remote.client import fit, RemotePolicy
from policies.policy_server import chunk, ROWS, ServerProcess, serving

NAMES = CONTRACT.joint_names
MARGIN = CONTRACT.position_margin * (CONTRACT.upper - CONTRACT.lower)


@pytest.fixture(scope='module')
def server(tmp_path_factory):
    with serving(tmp_path_factory.mktemp('server'), 'mirror') as server:
        yield server


@pytest.fixture
def connect():
    """Make clients that end with the test."""
    policies = []

    def connect(url, contract=CONTRACT, deadline_s=10.0, **values):
        policies.append(RemotePolicy(RemoteConfig(url, **values), contract,
                                     deadline_s=deadline_s))
        return policies[-1]
    yield connect
    for policy in policies:
        policy.close()


def expected(seen):
    return np.clip(chunk(seen.state.astype(np.float32)), CONTRACT.lower + MARGIN,
                   CONTRACT.upper - MARGIN)


def told(policy, seen):
    """Return what the server says that it got, as dtype, shape and sum."""
    return policy._loop.run_until_complete(policy._exchange(seen))['seen']


def test_drives_like_any_policy(server, connect):
    policy = connect(server.url)
    assert (policy.contract, policy.horizon) == (CONTRACT, ROWS)
    assert policy.cameras == tuple(c.name for c in CONTRACT.cameras)
    for seed in range(3):
        seen = observation(seed)
        got = policy.infer(seen)
        assert (got.dtype, got.shape) == (np.float64, (ROWS, len(NAMES)))
        np.testing.assert_allclose(got, expected(seen), atol=1e-6)
        policy.reset()


def test_speaks_openpis_keys_by_default_and_tells_of_a_reset_once(server, connect):
    policy, seen = connect(server.url), observation(1)
    got = told(policy, seen)
    images = {f'observation/{name}': ['uint8', list(seen.images[name].shape),
                                      float(seen.images[name].astype(float).sum())]
              for name in policy.cameras}
    state = ['float32', [len(NAMES)], float(seen.state.astype(np.float32).astype(float).sum())]
    assert got == {'observation/state': state, **images, 'prompt': CONTRACT.task, 'reset': True}
    got = told(policy, replace(seen, task='open the drawer'))
    assert (got['prompt'], 'reset' in got) == ('open the drawer', False)
    policy.reset()
    assert told(policy, seen)['reset'] is True


def test_a_file_names_the_keys(server, tmp_path):
    path = tmp_path / 'remote.yaml'
    path.write_text(f"""
url: {server.url}
nested_at: '|'
task: fold the towel
prompt: language|instruction
environment: poses
state: [{{key: observation/state}}, {{key: gripper, joints: [{NAMES[-1]}]}}]
images: [{{key: images|top, camera: wrist, size: [24, 32], channels_first: true}}]
rows: 3
""")
    assert parse_place(str(path)) == path
    assert describe(path, CONTRACT) == Description(CONTRACT, 'remote', ('wrist',), 3)
    policy, seen = open_policy(path, contract=CONTRACT), observation(2)
    got = told(policy, seen)
    assert got.keys() == {'observation/state', 'gripper', 'images', 'poses', 'language', 'reset'}
    assert got['gripper'] == ['float32', [1], pytest.approx(seen.state[-1], abs=1e-6)]
    assert got['images'] == {'top': ['uint8', [3, 24, 32],
                                     float(fit(seen.images['wrist'], 24, 32).astype(float).sum())]}
    assert got['language'] == {'instruction': 'fold the towel'}
    assert got['poses'][1] == [CONTRACT.environment_size]
    assert policy.horizon == 3
    np.testing.assert_allclose(policy.infer(seen), expected(seen)[:3], atol=1e-6)
    policy.close()


def test_lerobots_keys(server, connect):
    config = {'style': 'lerobot', 'state': (VectorKey('observation/state'),
                                            VectorKey('observation.state'))}
    got = told(connect(server.url, **config), observation())
    assert got.keys() - {'reset', 'observation/state'} == {
        'observation.state', 'observation.environment_state', 'task',
        *(f'observation.images.{c.name}' for c in CONTRACT.cameras)}


def test_columns_and_reference_of_the_chunk(server, connect):
    turned = tuple(reversed(NAMES))
    seen = replace(observation(), state=np.array(CONTRACT.start))
    got = connect(server.url, state=(VectorKey('observation/state', turned),),
                  joints=turned).infer(seen)
    np.testing.assert_allclose(got, expected(seen), atol=1e-6)
    got = connect(server.url, relative=True).infer(replace(seen, state=seen.state / 2))
    half = chunk(seen.state / 2)
    half[:, :-1] += seen.state[:-1] / 2  # all but the gripper
    np.testing.assert_allclose(got, np.clip(half, CONTRACT.lower + MARGIN,
                                            CONTRACT.upper - MARGIN), atol=1e-6)


def test_fits_an_image_without_distortion():
    image = np.full((40, 80, 3), 200, np.uint8)
    got = fit(image, 60, 60)
    assert got.shape == (60, 60, 3)
    assert (got[15:45] == 200).all()
    assert not got[:15].any()
    assert not got[45:].any()
    np.testing.assert_array_equal(fit(image, 40, 80), image)


@pytest.mark.parametrize(('mode', 'text'), [
    ('nan', "'actions' holds values that are not finite"),
    ('six joints', "expected 'actions' of shape (rows, 7), the joints of 'sim_arm', got float64 "
                   '(7, 6)'),
    ('other key', "no 'actions' in the answer, which holds action, server_timing; set `actions`"),
    ('large', 'the connection ended: '),
])
def test_a_wrong_first_answer_is_refused(tmp_path, connect, mode, text):
    with serving(tmp_path, mode) as server, pytest.raises(RemoteError) as error:
        connect(server.url)
    assert str(error.value).startswith(f'{server.url}: {text}')


@pytest.mark.parametrize(('mode', 'text'), [
    ('fails', 'the server failed: RuntimeError: out of GPU memory'),
    ('shrinks', 'expected 7 rows as in the first answer, got 6; load the policy again'),
])
def test_a_later_failure_is_told_each_time(tmp_path, connect, mode, text):
    with serving(tmp_path, mode) as server:
        policy = connect(server.url)
        for _ in range(2):
            with pytest.raises(RemoteError) as error:
                policy.infer(observation())
            assert str(error.value) == f'{server.url}: {text}'


def test_a_late_answer_never_passes_for_the_next(tmp_path, connect):
    with serving(tmp_path, 'mirror') as server:
        policy = connect(server.url, deadline_s=0.3)
        os.kill(server.process.pid, signal.SIGSTOP)
        with pytest.raises(RemoteError) as error:
            policy.infer(observation(1))
        assert str(error.value) == (f'{server.url}: no answer within 0.3 s; raise deadline_s, or '
                                    'see what the server is doing')
        os.kill(server.process.pid, signal.SIGCONT)
        policy._deadline_s = 10.0
        seen = observation(2)
        np.testing.assert_allclose(policy.infer(seen), expected(seen), atol=1e-6)


def test_connects_anew(tmp_path, connect):
    first = ServerProcess(tmp_path, 'mirror')
    policy, seen = connect(first.url), observation(1)
    first.stop(signal.SIGKILL)
    with pytest.raises(RemoteError, match='cannot be reached: .*; start the server there, or '
                                          'correct the address$'):
        policy.infer(seen)
    for _ in range(2):  # a server that was started anew between two requests is not even noticed
        with serving(tmp_path, 'mirror', first.port):
            np.testing.assert_allclose(policy.infer(seen), expected(seen), atol=1e-6)


def test_an_api_key_is_asked_for(tmp_path, connect, monkeypatch):
    with serving(tmp_path, 'mirror', SERVER_KEY='secret') as server:
        with pytest.raises(RemoteError, match='no policy server, or another API key: .*HTTP 401'):
            connect(server.url)
        monkeypatch.setenv('ROBOT_KEY', 'secret')
        assert connect(server.url, api_key_variable='ROBOT_KEY').horizon == ROWS


def test_the_server_refuses_what_is_no_observation_and_lives_on(tmp_path, connect):
    from websockets.sync.client import connect as raw
    with serving(tmp_path, 'mirror') as server:
        for wrong, text in ((pickle.dumps({'a': 1}), 'RemoteError: not a message of numbers'),
                            ('text', 'RemoteError: expected an observation in msgpack, got text')):
            with raw(server.url, compression=None, proxy=None) as client:
                client.recv(10)
                client.send(wrong)
                assert client.recv(10).startswith(text)
        assert connect(server.url).horizon == ROWS
        with urllib.request.urlopen(f'http://127.0.0.1:{server.port}/healthz') as found:
            assert found.read() == b'OK\n'
        assert server.stop() == 0


def test_openpis_own_client_talks_to_the_server(server):
    theirs = pytest.importorskip('openpi_client.websocket_client_policy')
    client = theirs.WebsocketClientPolicy('127.0.0.1', server.port)
    assert client.get_server_metadata() == {'mode': 'mirror', 'reset_key': 'reset'}
    state = np.arange(7, dtype=np.float32)
    for _ in range(2):
        answer = client.infer({'observation/state': state, 'prompt': 'go'})
        np.testing.assert_array_equal(answer['actions'], chunk(state))
        assert answer['server_timing']['infer_ms'] >= 0
    client._ws.close()


def test_drives_through_the_inference_worker(tmp_path):
    server = ServerProcess(tmp_path, 'mirror')
    worker = InferenceWorker(parse_place(server.url), CONTRACT, deadline_s=1.0)
    assert (worker.description.kind, worker.checkpoint) == ('remote', server.url)
    try:
        assert worker.wait(60) is None
        for seed in range(2):
            seen = observation(seed, stamp_ns=seed + 5)
            assert worker.submit(seen, reset=True)
            result = worker.wait(10)
            assert isinstance(result, Result)
            assert result.observation_ns == seed + 5
            np.testing.assert_allclose(result.chunk, expected(seen), atol=1e-6)
        server.stop(signal.SIGKILL)
        worker.submit(observation())
        failure = worker.wait(10)
        assert isinstance(failure, Failure)
        assert failure.reason.startswith(f'{server.url}: cannot be reached: ')
        assert worker.state is State.IDLE, 'the process lives on, and connects again'
        with serving(tmp_path, 'mirror', server.port):
            worker.submit(observation())
            assert isinstance(worker.wait(10), Result)
    finally:
        worker.close()
        server.stop()


def test_no_server_at_the_start_is_said(tmp_path):
    server = ServerProcess(tmp_path, 'mirror')
    server.stop()
    worker = InferenceWorker(server.url, CONTRACT)
    failure = worker.wait(60)
    assert isinstance(failure, Failure)
    assert failure.reason.startswith(f'{server.url}: cannot be reached: ')
    assert worker.state is State.ENDED


@pytest.mark.parametrize(('values', 'text'), [
    ({'url': 'http://x'}, "url 'http://x': expected ws://host:port or wss://host:port"),
    ({'style': 'lerobt'}, "style 'lerobt': did you mean 'lerobot'?"),
    ({'rows': 0}, 'rows: expected 1 to 1000, got 0'),
    ({'joints': ('elbow',)}, f"joints: expected each of {NAMES} once, got ['elbow']"),
    ({'state': (VectorKey('s', ('elbw',)),)}, "no joint 'elbw'; did you mean 'elbow'?"),
    ({'images': (ImageKey('i', 'wrst'),)}, "'wrst'"),
])
def test_a_wrong_configuration_is_refused_before_anything_is_sent(values, text):
    with pytest.raises(ConfigError) as error:
        RemotePolicy(RemoteConfig(**{'url': 'ws://127.0.0.1:1', **values}), CONTRACT)
    assert text in str(error.value)


def test_a_server_needs_a_robot():
    with pytest.raises(ConfigError, match='ws://x:1: a policy server knows no robot; say which'):
        describe('ws://x:1')
    other = Contract.load('ur5e_realsense')
    assert describe('ws://x:1', other).contract == other
