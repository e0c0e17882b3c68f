"""LeRobot's policies over the socket, equal to LeRobot's own chunks.

LeRobot has an environment of its own: LEROBOT_PYTHON=<its python> runs the real one, SmolVLA only
where transformers and num2words are installed there.
"""
import os
from pathlib import Path
import subprocess
import sys

from checkpoint_factory import CONTRACT, observation
from il_ros.errors import RemoteError
from nodes.harness import ROOT, wait_for
import numpy as np
import pytest

pytest.importorskip('msgpack')
pytest.importorskip('websockets')

from il_ros.policies.remote.client import fit, RemotePolicy
from il_ros.policies.remote.remote_config import ImageKey, RemoteConfig
from il_ros.policies.remote.serve_lerobot import main, select

HERE = Path(__file__).parent
LEROBOT = os.environ.get('LEROBOT_PYTHON', '')
VARIABLES = dict(os.environ, PYTHONPATH=f'{ROOT}:{HERE}', HF_HUB_OFFLINE='1')
TASKS = ('lift', 'open the drawer')  # as lerobot_checkpoint.py
SIZE = (48, 64)
needs_lerobot = pytest.mark.skipif(not LEROBOT, reason='set LEROBOT_PYTHON=<python with lerobot>')


@pytest.fixture(scope='module')
def made(tmp_path_factory):
    """Folder with LeRobot's checkpoints and its own chunks of both tasks, three observations."""
    folder = tmp_path_factory.mktemp('lerobot')
    each = [observation(i) for i in range(3)]
    np.savez(folder / 'seen.npz', **{
        'observation.state': np.float32([o.state for o in each]),
        'observation.environment_state': np.float32([o.environment for o in each]),
        'observation.images.wrist': np.stack([fit(o.images['wrist'], *SIZE) for o in each])})
    done = subprocess.run([LEROBOT, HERE / 'lerobot_checkpoint.py', folder, folder / 'seen.npz'],
                          capture_output=True, text=True, env=VARIABLES)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder


@pytest.fixture
def served(made, tmp_path):
    servers = []

    def serve(name, *program):
        log = tmp_path / f'{name}.txt'
        with log.open('wb') as sink:
            servers.append(subprocess.Popen(
                [LEROBOT, *program, made / name, '--port', '0', '--task', TASKS[0]],
                cwd=ROOT, env=VARIABLES, stdout=sink, stderr=subprocess.STDOUT))

        def listening():
            assert servers[-1].poll() is None, log.read_text()[-3000:]
            return next((line for line in log.read_text().splitlines()
                         if 'listening on' in line), '')
        return wait_for(listening, 'the server listens', 60).rpartition(' ')[2]
    yield serve
    for server in servers:
        server.terminate()
        server.wait(10)


def in_lerobot(code):
    """Run code in LeRobot's environment, where its noise can be drawn from a known seed."""
    done = subprocess.run([LEROBOT, '-c', code], cwd=ROOT, capture_output=True, text=True,
                          env=VARIABLES)
    assert done.returncode == 0, done.stderr[-3000:]


def need(made, name):
    if not (made / name).is_dir():
        pytest.skip(f'{name}: no transformers and num2words in the environment of LEROBOT_PYTHON')


MODULE, SEEDED = ('-m', 'il_ros.policies.remote.serve_lerobot'), (HERE / 'lerobot_seeded.py',)


@needs_lerobot
@pytest.mark.parametrize(('name', 'program', 'rows'), [
    ('act', MODULE, 10), ('diffusion', SEEDED, 6), ('smolvla', SEEDED, 9)])
def test_gives_lerobots_own_chunks(made, served, name, program, rows):
    need(made, name)
    url, expected = served(name, *program), np.load(made / f'{name}.npy')
    margin = CONTRACT.position_margin * (CONTRACT.upper - CONTRACT.lower)
    for task, chunks in zip(TASKS, expected, strict=True):
        policy = RemotePolicy(RemoteConfig(url, task=task, images=(
            ImageKey('observation.images.wrist', 'wrist', SIZE),)), CONTRACT, deadline_s=20)
        assert (policy.horizon, policy.metadata['policy']) == (rows, name)
        for i, chunk in enumerate(chunks):
            policy.reset()
            np.testing.assert_allclose(
                policy.infer(observation(i)),
                np.clip(chunk, CONTRACT.lower + margin, CONTRACT.upper - margin), atol=1e-5)
        policy.close()
    assert np.ptp(expected, axis=1).max() > 1e-3, 'what it sees matters'
    assert (np.ptp(expected, axis=0).max() > 1e-3) == (name == 'smolvla'), 'and what it is told'


@needs_lerobot
def test_smolvla_reads_the_task_and_draws_new_noise(made):
    need(made, 'smolvla')
    in_lerobot(f"""
import numpy as np, torch
from il_ros.policies.remote.serve_lerobot import LeRobotPolicy
policy = LeRobotPolicy({str(made / 'smolvla')!r}, 'cpu', {TASKS[1]!r})
given = np.load({str(made / 'seen.npz')!r})
expected = np.load({str(made / 'smolvla.npy')!r})
seen = {{key: given[key][0] for key in policy.metadata['inputs']}}
def ask(**more):
    torch.manual_seed(0)
    return policy.answer({{**seen, **more}})['actions']
assert list(seen) == ['observation.state', 'observation.images.wrist'], 'no empty camera'
np.testing.assert_allclose(ask(task={TASKS[0]!r}), expected[0, 0], atol=1e-5)
np.testing.assert_allclose(ask(), expected[1, 0], atol=1e-5)  # that of --task
assert np.abs(ask(task='a third text') - expected[:, 0]).max(axis=(1, 2)).min() > 1e-3
for key, change in (('observation.state', 0.3), ('observation.images.wrist', np.uint8(40))):
    assert np.abs(ask(**{{key: seen[key] + change}}) - expected[1, 0]).max() > 1e-4, key
assert np.abs(policy.answer(seen)['actions'] - policy.answer(seen)['actions']).max() > 0.1
""")


@needs_lerobot
def test_diffusion_keeps_its_history_and_forgets_it_at_a_reset(made):
    in_lerobot(f"""
import numpy as np, torch
from il_ros.policies.remote.serve_lerobot import LeRobotPolicy, RESET
policy = LeRobotPolicy({str(made / 'diffusion')!r}, 'cpu', 'lift')
given = np.load({str(made / 'seen.npz')!r})
expected = np.load({str(made / 'diffusion.npy')!r})[0]
def ask(i, **more):
    torch.manual_seed(0)
    return policy.answer({{**{{key: given[key][i] for key in given}}, **more}})['actions']
for i, chunk in enumerate(expected):
    np.testing.assert_allclose(ask(i, **{{RESET: True}}), chunk, atol=1e-5)
    assert np.ptp(chunk, axis=0).max() > 1e-3
after_others = ask(0)
assert np.abs(after_others - expected[0]).max() > 1e-4, 'it sees the observation before'
np.testing.assert_allclose(ask(0), expected[0], atol=1e-5)  # now both are the same again
""")


def test_what_is_no_checkpoint_ends_with_one_line(tmp_path, capsys):
    assert main([str(tmp_path)]) == 2
    assert capsys.readouterr().err == (
        f'{tmp_path}: no config.json; expected a folder that LeRobot wrote, such as '
        'outputs/train/x/checkpoints/last/pretrained_model\n')
    assert main([str(tmp_path), '--api-key-variable', 'NO_SUCH_KEY']) == 2
    assert capsys.readouterr().err == '--api-key-variable: NO_SUCH_KEY is not set\n'


def test_a_missing_library_ends_with_one_line(tmp_path, capsys, monkeypatch):
    (tmp_path / 'config.json').touch()
    monkeypatch.setitem(sys.modules, 'lerobot', None)
    assert main([str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f'{tmp_path}: ') and 'lerobot' in said and said.count('\n') == 1


INPUTS = {'observation.state': (7,), 'observation.images.top': (3, 4, 6)}
GOOD = {'observation.state': np.zeros(7), 'observation.images.top': np.zeros((4, 6, 3), np.uint8)}


def test_takes_what_the_policy_needs():
    got = select({**GOOD, 'observation.images.other': np.zeros(1), 'task': 'x'}, INPUTS)
    assert {key: (value.dtype, value.shape, value.flags.writeable)
            for key, value in got.items()} == {
        'observation.state': (np.float32, (7,), True),
        'observation.images.top': (np.uint8, (4, 6, 3), True)}


@pytest.mark.parametrize(('changes', 'text'), [
    ({'observation.state': None},
     'the policy needs observation.state; got observation.state, observation.images.top: name '
     'cameras and keys in a .yaml file, see RemoteConfig'),
    ({'observation.state': np.zeros(6)}, 'observation.state: expected shape (7,), got (6,)'),
    ({'observation.images.top': np.zeros((8, 12, 3), np.uint8)},
     'observation.images.top: expected shape (4, 6, 3), got (8, 12, 3); `size: [4, 6]` fits it'),
    ({'observation.images.top': np.zeros((3, 4, 6), np.uint8)},
     'observation.images.top: expected (height, width, 3) uint8, got (3, 4, 6) uint8'),
    ({'observation.images.top': np.zeros((4, 6, 3))},
     'observation.images.top: expected (height, width, 3) uint8, got (4, 6, 3) float64'),
])
def test_says_what_does_not_fit(changes, text):
    with pytest.raises(RemoteError) as error:
        select({**GOOD, **changes}, INPUTS)
    assert str(error.value) == text


def test_needs_only_the_wire_format_of_il_ros():
    done = subprocess.run([sys.executable, '-c', """
import sys
import il_ros.policies.remote.serve_lerobot
own = {name for name in sys.modules if name.startswith('il_ros.')}
remote = 'il_ros.policies.remote'
assert own == {'il_ros.errors', 'il_ros.policies', remote, f'{remote}.wire',
               f'{remote}.websocket_server', f'{remote}.serve_lerobot'}, own
assert 'torch' not in sys.modules
"""], capture_output=True, text=True, cwd=ROOT, env=dict(os.environ, PYTHONPATH=str(ROOT)))
    assert done.returncode == 0, done.stderr
