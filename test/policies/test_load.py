from dataclasses import replace
import json
import sys

from checkpoint_factory import CONTRACT, make_checkpoint, observation, SMALL, VARIANTS
from il_ros.contract import Contract
from il_ros.errors import CheckpointError, ConfigError, ContractMismatchError
from il_ros.policies.checkpoint import FILES, read, recover
from il_ros.policies.checkpoint import replace as replace_folder
from il_ros.policies.load import load
import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
import torch


@pytest.fixture
def checkpoint(tmp_path):
    return make_checkpoint(tmp_path / 'c')


@pytest.mark.parametrize('variant', VARIANTS)
def test_policy_conformance(tmp_path, variant):
    config = VARIANTS[variant]
    policy = load(make_checkpoint(tmp_path / 'c', config), CONTRACT)
    assert (policy.contract, policy.horizon, policy.cameras) == (CONTRACT, 12, config.cameras)
    seen = observation()
    torch.manual_seed(0)
    chunk = policy.infer(seen)
    assert chunk.shape == (12, len(CONTRACT.joints)) and chunk.dtype == np.float64
    assert (chunk >= CONTRACT.lower).all() and (chunk <= CONTRACT.upper).all()
    policy.reset()
    torch.manual_seed(0)
    np.testing.assert_array_equal(policy.infer(seen), chunk)
    again = load(tmp_path / 'c')
    torch.manual_seed(0)
    np.testing.assert_allclose(again.infer(seen), chunk, rtol=0, atol=1e-5)


def test_settings_that_came_later_have_their_old_meaning(checkpoint):
    path = checkpoint / 'config.json'
    settings = json.loads(path.read_text())
    chunk = load(checkpoint).infer(observation())
    path.write_text(json.dumps({key: settings[key] for key in (
        'format', 'kind', 'inputs', 'horizon', 'relative_actions', 'tool_actions',
        'pose_differences', 'normalization', 'bc', 'act')}))
    np.testing.assert_array_equal(load(checkpoint).infer(observation()), chunk)


def test_relative_targets_start_at_the_robot(tmp_path):
    policy = load(make_checkpoint(tmp_path / 'c'))
    seen = observation()
    arm = slice(0, 6)
    assert np.abs(policy.infer(seen)[:, arm] - seen.state[arm]).max() < 0.5


def test_task_text_may_differ(checkpoint):
    assert load(checkpoint, replace(CONTRACT, task='another text')).contract == CONTRACT


def test_another_robot_is_refused_with_the_difference(checkpoint):
    joints = (replace(CONTRACT.joints[0], name='base', velocity=1.0), *CONTRACT.joints[1:])
    with pytest.raises(ContractMismatchError, match=(
            r'joints\[0\].name: base, shoulder_pan; joints\[0\].velocity: 1.0, 2.0')):
        load(checkpoint, replace(CONTRACT, joints=joints))
    camera = replace(CONTRACT.cameras[0], height=480)
    with pytest.raises(ContractMismatchError, match=r'cameras\[0\].height: 480, 128'):
        load(checkpoint, replace(CONTRACT, cameras=(camera, CONTRACT.cameras[1])))


@pytest.mark.parametrize('name', FILES)
def test_missing_files_are_named(checkpoint, name):
    (checkpoint / name).unlink()
    with pytest.raises(CheckpointError, match=f'no checkpoint: missing {name}; give the folder'):
        load(checkpoint)


def edit(checkpoint, name, **changes):
    path = checkpoint / name
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


@pytest.mark.parametrize(('spoil', 'text'), [
    (lambda c: edit(c, 'config.json', horizon=13),
     'weights do not fit config.json and contract.yaml: trunk.*: expected '),
    (lambda c: edit(c, 'config.json', kind='act'),
     r'weights do not fit .*: expected .*, got none; .*; and \d+ more'),
    (lambda c: edit(c, 'config.json', format=0), 'expected format 1; this checkpoint is of'),
    (lambda c: edit(c, 'config.json', horizn=3), "unknown key 'horizn'; did you mean 'horizon'"),
    (lambda c: edit(c, 'config.json', horizon=10**9), 'horizon: expected 1 to 1000, got 1e'),
    (lambda c: edit(c, 'config.json', inputs=['state', 'rist']),
     "robot 'sim_arm' has no input 'rist'; valid: state, environment, gripper, task, scene, wr"),
    (lambda c: (c / 'config.json').write_text('[' * 100_000), 'config.json: not valid JSON'),
    (lambda c: (c / 'config.json').write_text('[1]'), 'expected an object, got list'),
    (lambda c: edit(c, 'statistics.json', state={'offset': [0.0] * 7, 'scale': [0.0] * 7}),
     "'state': expected finite offsets and as many scales above 0"),
    (lambda c: edit(c, 'statistics.json', state={'offset': [np.nan] * 7, 'scale': [1.0] * 7}),
     "'state': expected finite offsets"),
    (lambda c: edit(c, 'statistics.json', state={'offset': [0.0] * 6, 'scale': [1.0] * 6}),
     r"statistics.json: expected \{'state': \(7,\), .*got \{.*'state': \(6,\)"),
    (lambda c: edit(c, 'statistics.json', state=3), "'state': expected 'offset' and 'scale'"),
    (lambda c: (c / 'contract.yaml').write_text('robot: x'), 'contract.yaml: missing '),
    (lambda c: (c / 'model.safetensors').write_bytes(b'\xff' * 8 + b'{}'),
     'header of 18446744073709551615 bytes in a file of 10; expected at most 16000000'),
    (lambda c: (c / 'model.safetensors').write_bytes(
        (c / 'model.safetensors').read_bytes()[:-4]), 'model.safetensors: damaged: '),
    (lambda c: (c / 'model.safetensors').write_bytes(b'\x80\x04cos\nsystem\n'), 'damaged|header'),
], ids=range(16))
def test_damage_is_refused(checkpoint, spoil, text):
    spoil(checkpoint)
    with pytest.raises(CheckpointError, match=text):
        load(checkpoint)


@pytest.mark.parametrize('value', [np.nan, np.inf])
def test_weights_that_are_not_finite_are_refused(tmp_path, value):
    with pytest.raises(CheckpointError, match="weight 'trunk.0.weight' is not finite; training "
                                              'diverged: lower learning_rate and train again'):
        load(make_checkpoint(tmp_path / 'c', poison=value))


def test_the_dry_run_refuses_outputs_that_are_not_finite(checkpoint):
    weights = load_file(checkpoint / 'model.safetensors')
    save_file({k: v * 1e38 for k, v in weights.items()}, checkpoint / 'model.safetensors')
    with pytest.raises(CheckpointError, match='not finite'):
        load(checkpoint)


def test_a_description_needs_no_torch(checkpoint):
    import subprocess
    import sys
    code = ('import sys; from pathlib import Path; from il_ros.policies.checkpoint import read;'
            'import il_ros.execution.runner;'
            f'print(read(Path({str(checkpoint)!r})).config.kind, "torch" in sys.modules)')
    out = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert out.stdout.split() == ['bc', 'False']


def test_a_contract_without_the_input_is_refused():
    with pytest.raises(ConfigError, match="robot 'ur5e' has no input 'environment'; "
                                          'valid: state, gripper, task, front, wrist'):
        SMALL.check_inputs(Contract.load('ur5e_realsense'))


def test_replacing_is_whole_or_not_at_all(tmp_path):
    make_checkpoint(tmp_path / 'c', seed=0)
    first = (tmp_path / 'c/model.safetensors').read_bytes()
    make_checkpoint(tmp_path / 'c', seed=1)
    assert (tmp_path / 'c/model.safetensors').read_bytes() != first
    assert [p.name for p in tmp_path.iterdir()] == ['c']
    # killed between the two renames:
    (tmp_path / 'c').rename(tmp_path / '.c.old')
    recover(tmp_path / 'c')
    assert read(tmp_path / 'c').config == SMALL
    make_checkpoint(tmp_path / 'new', seed=0)
    replace_folder(tmp_path / 'new', tmp_path / 'c')
    assert (tmp_path / 'c/model.safetensors').read_bytes() == first


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(CheckpointError, match='file/c: cannot be written: Not a directory'):
        make_checkpoint(tmp_path / 'file/c')


def test_a_missing_library_is_named(tmp_path, monkeypatch):
    checkpoint = make_checkpoint(tmp_path / 'c', VARIANTS['diffusion'])
    monkeypatch.delitem(sys.modules, 'il_ros.policies.diffusion')
    monkeypatch.setitem(sys.modules, 'diffusers.schedulers.scheduling_ddim', None)
    with pytest.raises(ConfigError, match=(
            r"kind 'diffusion': expected the package 'diffusers.*', got none; pip install "
            r"diffusers, or '\.\[train\]' in the folder of il_ros")):
        load(checkpoint)
