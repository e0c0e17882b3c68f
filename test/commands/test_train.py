"""From bags to a checkpoint and an ONNX file with the real commands."""
from dataclasses import replace
import json
import shutil

import bag_factory as bags
from il_ros.commands.export import export
from il_ros.commands.train import train
from il_ros.datasets.convert import convert
from il_ros.errors import (
    CheckpointError,
    ConfigError,
    ContractMismatchError,
    DatasetError,
)
from il_ros.intervention.gates import files
from il_ros.policies.checkpoint import read
from il_ros.policies.load import load
from il_ros.types import Observation
import numpy as np
import pytest


@pytest.fixture(scope='module')
def dataset(tmp_path_factory):
    folder = tmp_path_factory.mktemp('train')
    convert(bags.write_bags(folder / 'bags', 3, seconds=1.0), folder / 'dataset')
    return folder / 'dataset'


def test_train_resume_and_export(dataset, tmp_path, capsys):
    out = tmp_path / 'run'
    train(dataset, out, steps=20, seed=3)
    summary, hint = capsys.readouterr().out.strip().splitlines()[-2:]
    assert summary.startswith(f'{out}/best: step 20 of 20, validation error ')
    assert summary.endswith('of 3 episodes')
    assert hint == f'Try it: il_ros evaluate {out}/best'
    policy = load(out / 'best', bags.small_contract())
    poses = np.tile([0.0] * 6 + [1.0], 3)
    seen = Observation(0, np.array(policy.contract.start), poses)
    assert policy.infer(seen).shape == (16, 7)

    with pytest.raises(CheckpointError, match='run: holds a training run; give another folder'):
        train(dataset, out)
    train(dataset, out, steps=20, seed=3, resume=True)
    assert summary in capsys.readouterr().out

    onnx = pytest.importorskip('onnx')
    pytest.importorskip('onnxruntime')
    path = tmp_path / 'policy.onnx'
    export(out / 'best', path)
    onnx.checker.check_model(path)
    assert capsys.readouterr().out.strip().endswith('from the checkpoint in ONNX Runtime')
    with pytest.raises(ConfigError, match=r'policy.onnx exists; name a new file with --out'):
        export(out / 'best', path)


def test_train_with_a_gate_says_who_may_ask(dataset, tmp_path, capsys):
    train(dataset, tmp_path / 'run', steps=2, members=2, gate=True)
    printed = capsys.readouterr().out
    assert 'the policy did not learn from: ensemble, safe, lazy, thrifty' in printed
    best = tmp_path / 'run/best'
    model, _ = files.read(best, read(best))
    assert 25 <= model.record.rows <= 30
    assert model.gate('lazy')


def test_train_from_a_camera(dataset, tmp_path):
    train(dataset, tmp_path / 'run', cameras='scene', steps=2)
    assert load(tmp_path / 'run/best').cameras == ('scene',)


def test_train_by_shares_needs_rows_of_each_source(dataset, tmp_path):
    with pytest.raises(DatasetError, match='^mix: policy has a share of 0.1 but no rows to draw'):
        train(dataset, tmp_path / 'run', steps=2, mix='demo=0.9,policy=0.1')
    train(dataset, tmp_path / 'other', steps=2, mix='demo=1', accumulate=2)
    record = json.loads((tmp_path / 'other/last/training.json').read_text())['config']
    assert record['mix'] == {'demo': 1.0, 'human': 0.0, 'policy': 0.0}
    assert record['accumulate'] == 2


@pytest.fixture(scope='module')
def more(tmp_path_factory):
    """Another dataset of the robot, with corrections, and one whose joints have other names."""
    folder = tmp_path_factory.mktemp('more')
    written = bags.write_bags(folder / 'bags', 3, seconds=1.0, correct_s=0.5)
    convert(written, folder / 'corrections')
    contract = bags.small_contract()
    renamed = replace(
        contract, robot='other', joints=tuple(replace(joint, name=f'j{i}') for i, joint
                                              in enumerate(contract.joints)),
        gripper=replace(contract.gripper, joint='j6'),
        cameras=tuple(replace(c, name='top', height=24, width=32) for c in contract.cameras))
    convert(bags.write_bags(folder / 'others', 2, seconds=1.5, contract=renamed),
            folder / 'other')
    return folder


def mapping(path, **changes):
    contract = bags.small_contract()
    path.write_text(json.dumps({
        'joints': {joint.name: {'from': f'j{i}'} for i, joint in enumerate(contract.joints)},
        'cameras': {'scene': 'top'},
        'poses': {name: name for name in contract.poses.names}} | changes))
    return path


def test_train_from_several_datasets(dataset, more, tmp_path, capsys):
    out, data = tmp_path / 'run', f'{dataset}=0.75,{more}/corrections=0.25'
    train(None, out, steps=4, data=data, mix='demo=0.5,human=0.4,policy=0.1')
    printed = capsys.readouterr().out
    task = bags.small_contract().task
    assert printed.startswith(
        'of 256 rows of a batch, expected:\n'
        f'    51.2 (20.0%) corrections (sim_arm), human: {task}\n'
        f'    12.8 (5.0%) corrections (sim_arm), policy: {task}\n'
        f'   192.0 (75.0%) dataset (sim_arm), demo: {task}\n')
    assert 'validation error of dataset corrections: ' in printed
    record = json.loads((out / 'best/training.json').read_text())
    assert {name: one['share'] for name, one in record['data'].items()} == {
        'dataset': 0.75, 'corrections': 0.25}
    with pytest.raises(ContractMismatchError, match='data.corrections.share: 0.25, now 0.5; '):
        train(None, out, steps=4, data=data.replace('0.25', '0.5').replace('0.75', '0.5'),
              mix='demo=0.5,human=0.4,policy=0.1', resume=True)
    with pytest.raises(ContractMismatchError, match='run: was started with .* data: '):
        train(dataset, out, steps=4, mix='demo=0.5,human=0.4,policy=0.1', resume=True)


def test_train_from_several_with_a_gate(dataset, more, tmp_path, capsys):
    train(None, tmp_path / 'run', steps=2, members=2, gate=True,
          data=f'{dataset},{more}/corrections')
    assert 'the policy did not learn from: ensemble, safe, lazy' in capsys.readouterr().out


def test_train_from_another_robot_by_a_mapping(dataset, more, tmp_path, capsys):
    path = mapping(tmp_path / 'map.yaml')
    train(None, tmp_path / 'run', steps=2, data=f'{dataset},{more}/other:{path}=0.5',
          robots='sim_arm=0.5,other=0.5', cameras='scene')
    printed = capsys.readouterr().out
    assert 'other: shoulder_pan = 1 * j0 + 0: measured' in printed
    assert 'other: camera scene = top, 24x32 resized to 48x64\n' in printed
    record = json.loads((tmp_path / 'run/best/training.json').read_text())
    assert record['data']['other']['columns']['joints']['shoulder_pan'] == {
        'from': 'j0', 'scale': 1.0, 'offset': 0.0}
    assert load(tmp_path / 'run/best').contract.robot == 'sim_arm'
    scaled = json.loads(path.read_text())['joints']
    scaled['shoulder_pan']['scale'] = 57.3
    mapping(path, joints=scaled)
    with pytest.raises(DatasetError, match="other by .*map.yaml: joint 'shoulder_pan', measured "):
        train(None, tmp_path / 'wrong', data=f'{dataset},{more}/other:{path}')


@pytest.mark.parametrize(('data', 'error', 'text'), [
    ('{0},{1}/nowhere', DatasetError, 'nowhere: expected a dataset .*, got nothing'),
    ('{0},{0}', ConfigError, '^--data: .*dataset stands twice$'),
    ('{0},{1}/copy', DatasetError, '^--data: copy is a copy of dataset; leave one out$'),
    ('{0},{1}/other', ContractMismatchError, 'made for different robots .* for another robot with '
                                             'the same action space say what its columns are, '
                                             '--data .*other:map.yaml$'),
    ('{1}/other:map.yaml', ConfigError, '^--data: every dataset has a mapping; expected one'),
    ('{0}=1,{1}/corrections', ConfigError, '^--data: the shares add up to 1 and leave nothing'),
    ('{0}=0,{1}/corrections=0', ConfigError, '^--data: expected shares of 0 or more whose sum'),
])
def test_train_refuses_data(dataset, more, tmp_path, data, error, text):
    if not (more / 'copy').exists():
        shutil.copytree(dataset, more / 'copy')
    with pytest.raises(error, match=text):
        train(None, tmp_path / 'run', data=data.format(dataset, more))
    assert not (tmp_path / 'run').exists()


def test_a_dataset_or_several(dataset, tmp_path):
    with pytest.raises(ConfigError, match='^expected a dataset or --data with several, got both$'):
        train(dataset, tmp_path / 'run', data=str(dataset))
    with pytest.raises(ConfigError, match='with several, got neither$'):
        train(None, tmp_path / 'run')
    with pytest.raises(ConfigError, match="^tasks: no dataset has the task 'sing'; valid: "):
        train(dataset, tmp_path / 'run', tasks='sing=1')


def test_bags_that_are_in_two_datasets_are_told(dataset, tmp_path, capsys):
    again = sorted((dataset.parent / 'bags').iterdir())
    convert([*again, *bags.write_bags(tmp_path / 'bags', 1, seconds=1.2)], tmp_path / 'longer')
    train(None, tmp_path / 'run', steps=2, data=f'{dataset},{tmp_path}/longer')
    assert 'longer: 3 of its episodes are in dataset, too: ' in capsys.readouterr().out


@pytest.mark.parametrize(('options', 'text'), [
    ({'policy': 'atc'}, "^policy 'atc': did you mean 'act'?"),
    ({'policy': 'act', 'config': 'bc'}, '^--policy act, but bc is for bc; give --policy bc$'),
    ({'cameras': 'top'}, "^robot 'sim_arm' has no input 'top'; valid: state, environment, "
                         'gripper, task, scene$'),
    ({'mix': 'demo=1', 'weighting': 'iwr'}, '^expected --mix or --weighting, got both$'),
    ({'mix': 'demo=0.5'}, '^--mix: mix: expected shares of 0 or more that add up to 1, got demo'),
    ({'config': 'none.yaml'}, '^none.yaml: cannot be read: No such file or directory$'),
])
def test_train_refuses(dataset, tmp_path, options, text):
    with pytest.raises(ConfigError, match=text):
        train(dataset, tmp_path / 'run', **options)
    assert not (tmp_path / 'run').exists()


def test_what_is_no_dataset_or_no_onnx_name_is_refused(tmp_path):
    with pytest.raises(DatasetError, match='expected a dataset'):
        train(tmp_path, tmp_path / 'run')
    with pytest.raises(ConfigError, match='policy.pt: expected a name that ends with .onnx'):
        export(tmp_path, tmp_path / 'policy.pt')
