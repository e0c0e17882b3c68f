"""From bags to a checkpoint and an ONNX file with the real commands."""
import json

import bag_factory as bags
from il_ros.commands.export import export
from il_ros.commands.train import train
from il_ros.datasets.convert import convert
from il_ros.errors import CheckpointError, ConfigError, DatasetError
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
