"""Policies of datasets that no robot's contract describes."""
from dataclasses import replace

import bag_factory as bags
import foreign_sets as sets
from il_ros.commands.evaluate import evaluate
from il_ros.commands.inspect import inspect
from il_ros.commands.train import train
from il_ros.datasets import schema
from il_ros.datasets.reader import Dataset
from il_ros.errors import ConfigError, ContractMismatchError, DatasetError
from il_ros.policies import source
from il_ros.policies.config import PolicyConfig
from il_ros.policies.load import load
from il_ros.training.config import TrainConfig
from il_ros.training.image_cache import cached_images
from il_ros.training.unnamed import of_features
from il_ros.types import Observation
import numpy as np
import pytest

LENGTHS = (20, 20, 20)


@pytest.fixture(scope='module')
def roots(tmp_path_factory):
    folder = tmp_path_factory.mktemp('unnamed')
    return {'so101': sets.write_v3(folder / 'so101', sets.so101(lengths=LENGTHS)),
            'pusht': sets.write_v21(folder / 'pusht', sets.pusht(lengths=LENGTHS))}


@pytest.mark.parametrize('kind, name, camera', [
    ('bc', 'so101', 'front'), ('act', 'pusht', 'image'),
    pytest.param('act', 'so101', 'front', marks=pytest.mark.slow),
    pytest.param('bc', 'pusht', 'image', marks=pytest.mark.slow)])
def test_a_checkpoint_loads_and_infers_and_drives_no_robot(
        roots, tmp_path, capsys, kind, name, camera):
    train(roots[name], tmp_path / 'run', policy=kind, steps=2)
    printed = capsys.readouterr().out
    assert f'learns joint_position from state, {camera}; --config names other settings' in printed
    assert 'a contract was generated' in printed and 'Try it' not in printed
    best, found = tmp_path / 'run/best', Dataset(roots[name])
    policy = load(best)
    assert policy.contract == found.contract
    seen = Observation(0, found.columns[schema.STATE][0].astype(float), np.zeros(0),
                       {camera: found.frames(camera, [0])[0]}, {})
    chunk = policy.infer(seen)
    assert chunk.shape[1] == len(found.contract.joints) and np.isfinite(chunk).all()
    assert (found.contract.lower <= chunk).all() and (chunk <= found.contract.upper).all()

    robot = replace(found.contract, generated=None)     # the same in every other value
    for refuse in (lambda: load(best, robot), lambda: source.describe(best, robot),
                   lambda: evaluate(str(best), episodes=1)):
        with pytest.raises(ContractMismatchError, match='its contract was generated from a Le'
                                                        'RobotDataset v.*it drives no robot'):
            refuse()


def test_pictures_of_cameras_that_share_a_data_file_are_cached_apart(tmp_path):
    script = sets.so101(cameras={f'observation.images.{name}': 'image' for name in ('a', 'b')})
    found = Dataset(sets.write_v3(tmp_path / 'set', script))
    images = cached_images(found, PolicyConfig(inputs=('a', 'b')))
    rows = np.arange(len(found))
    for name in ('a', 'b'):
        np.testing.assert_array_equal(images[name][rows], found.frames(name, rows))
    assert (images['a'][rows] != images['b'][rows]).any()


def test_a_camera_may_be_chosen_and_settings_given(roots, tmp_path):
    with pytest.raises(ConfigError, match="has no input 'wrist'; valid: state, task, front|no "
                                          "camera 'wrist'"):
        train(roots['so101'], tmp_path / 'a', cameras='wrist', steps=1)
    with pytest.raises(ConfigError, match="robot 'so101_follower' has no input 'environment'"):
        train(roots['so101'], tmp_path / 'b', config='bc', steps=1)


def test_inspect_prints_what_was_assumed(roots, tmp_path, capsys):
    inspect([str(roots['so101'])], tmp_path / 'report.html')
    printed = capsys.readouterr().out
    assert printed.startswith(f'{roots["so101"]}: no meta/contract.yaml: a contract was generated')
    assert '3 episodes, 60 rows, 0.0 min of so101_follower' in printed
    assert 'limit' not in printed.split('3 episodes')[1]
    assert 'so101_follower' in (tmp_path / 'report.html').read_text()


def test_values_in_other_units_than_the_robots_are_no_policy_for_it(tmp_path):
    root = sets.write_v3(tmp_path / 'set', sets.so101(cameras={}))
    generated = Dataset(root).contract
    joints = tuple(replace(joint, position=(-1.9, 1.9)) for joint in generated.joints)
    real = replace(generated, joints=joints, start=(0.0,) * 6, generated=None)
    (root / schema.CONTRACT_FILE).write_text(real.to_text())
    told = Dataset(root).notes[1]
    assert told.startswith("joint 'shoulder_pan', measured and commanded: -89.98 to 84.42, the "
                           'contract allows -1.9 to 1.9 (is it in degrees?); ')
    inspect([str(root)])
    settings = tmp_path / 'settings.yaml'
    settings.write_text('policy: {kind: bc, inputs: [state]}')
    with pytest.raises(DatasetError) as error:
        train(root, tmp_path / 'run', config=str(settings), steps=1)
    assert str(error.value) == (
        f'{root}: {told} (5 more likewise); il_ros did not record it, and a robot of this '
        'contract would be told such values')


def test_settings_keep_the_kind_and_its_networks():
    contract = replace(bags.small_contract(), generated='x')
    for kind in ('bc', 'act', 'diffusion', 'flow', 'gmm', 'ibc', 'bc_rnn'):
        preset = TrainConfig.preset(kind)
        found = of_features(preset, contract, ['scene'])
        assert found.policy.inputs == ('state', 'environment', 'scene')
        assert found.policy.image_size == (48, 64)
        assert getattr(found.policy, kind) == getattr(preset.policy, kind)
        found.policy.check_inputs(contract)
        alone = of_features(preset, replace(contract, poses=None, cameras=()), [])
        assert alone.policy.inputs == ('state',) and alone.policy.image_size is None
