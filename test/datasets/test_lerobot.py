"""Both ways between il_ros and the real LeRobot, whose environment is its own.

LEROBOT_PYTHON=<its python> runs these with LeRobot 0.6.1; what it records also with 0.4.4.
"""
from dataclasses import replace
import json
import os
from pathlib import Path
import shutil
import subprocess

import bag_factory as bags
import foreign_sets as sets
from il_ros.datasets.convert import convert
from il_ros.datasets.reader import Dataset
from il_ros.errors import DatasetError
from il_ros.inspection.report import inspect
import numpy as np
import pytest
from video_factory import encode, pictures, recording, SECONDS

LEROBOT = os.environ.get('LEROBOT_PYTHON', '')
pytestmark = [pytest.mark.skipif(not LEROBOT, reason='set LEROBOT_PYTHON=<python with lerobot>'),
              pytest.mark.timeout(400)]
CONTRACT = bags.small_contract(cameras=('scene', 'wrist'))
EDITS = Path(__file__).parent / 'lerobot_edits.py'
RECORDS = Path(__file__).parent / 'lerobot_records.py'
PICTURES = Path(__file__).parent / 'lerobot_pictures.py'
DEPTHS = Path(__file__).parent / 'lerobot_depths.py'
MADE = {'deleted': [1, 2], 'split/train': [0, 2], 'split/val': [1], 'merged': [0, 1, 2, 3, 4],
        'cleaned_merged': [1, 2, 3, 4], 'deleted_of_merged': [0, 2, 3, 4], 'modified': [0, 1, 2]}
ITS_OWN = ('episode_index', 'index', 'task_index')


@pytest.fixture(scope='module')
def made(tmp_path_factory):
    version = subprocess.run([LEROBOT, '-c', 'import importlib.metadata as m; '
                              'print(m.version("lerobot"))'], capture_output=True, text=True,
                             check=True).stdout
    if version.startswith('0.4'):
        pytest.skip(f'LeRobot {version.strip()}: expected 0.6 or newer')
    folder = tmp_path_factory.mktemp('lerobot')
    for seed, correct_s in enumerate((0.5, 0.3, None)):     # the last one: no policy speaks
        bags.write_bag(folder / f'bags_a/{seed}', bags.Script(CONTRACT, 1.0, seed,
                                                              correct_s=correct_s))
    convert([folder / 'bags_a'], folder / 'a')
    others = [bags.write_bag(folder / f'bags_b/{seed}', bags.Script(CONTRACT, 1.0, seed))
              for seed in (10, 11)]
    convert(others, folder / 'b')
    run(folder, folder / 'a', folder / 'b', folder)
    return folder


def run(folder, *arguments, script=EDITS):
    clean = {k: v for k, v in os.environ.items() if k != 'PYTHONPATH'} | {
        'HF_HUB_OFFLINE': '1', 'HF_HOME': str(folder / 'hf')}
    done = subprocess.run([LEROBOT, str(script), *map(str, arguments)], env=clean,
                          capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.fixture(scope='module')
def seen(made):
    return json.loads((made / 'seen.json').read_text())


def test_a_policy_of_lerobot_takes_one_action_and_what_was_observed(seen):
    assert seen['a']['policy'] == {
        'observation.state': 'STATE', 'observation.environment_state': 'ENV',
        'observation.images.scene': 'VISUAL', 'observation.images.wrist': 'VISUAL',
        'action': 'ACTION'}


def test_nothing_that_lerobot_reads_or_writes_is_null_or_nan(seen):
    assert len(seen) == 8
    for name, found in seen.items():
        for part in ('values', 'stats'):
            for key, values in found[part].items():
                rows = values.values() if isinstance(values, dict) else values
                assert all(np.isfinite(row).all() for row in rows), (name, part, key)


def test_lerobot_reads_what_il_ros_wrote(seen, made):
    ours = Dataset(made / 'a')
    values = {key: np.array(rows).squeeze() for key, rows in seen['a']['values'].items()}
    spoke = values['policy_action_valid'] > 0
    assert 0 < spoke.sum() < len(spoke)
    np.testing.assert_array_equal(np.isfinite(ours.columns['action.policy']).all(1), spoke)
    np.testing.assert_array_equal(ours.columns['action.policy'][spoke],
                                  values['policy_action'][spoke].astype(np.float32))
    for key in ('observation.state', 'action', 'control_source', 'tick', 'success'):
        np.testing.assert_array_equal(ours.columns[key], values[key].astype(
            ours.columns[key].dtype))
    assert set(seen['a']['tasks']) == {CONTRACT.task}


@pytest.mark.parametrize('name', MADE)
def test_il_ros_reads_what_lerobot_made(made, name):
    """Every row, and every image but those that LeRobot encodes anew."""
    parts = [(Dataset(made / 'a'), k) for k in range(3)] + [
        (Dataset(made / 'b'), k) for k in range(2)]
    kept, found = [parts[k] for k in MADE[name]], Dataset(made / name)
    assert found.lengths == [part.lengths[k] for part, k in kept]
    assert found.contract.joints == CONTRACT.joints
    assert found.notes[0].startswith('no meta/contract.yaml: the robot is taken from info.json')
    for key, values in parts[0][0].columns.items():
        wanted = np.concatenate([part.columns[key][part.rows(k)] for part, k in kept])
        if key in ITS_OWN or (name == 'modified' and key in ('tick', 'sync_error')):
            continue
        assert values.dtype == wanted.dtype
        np.testing.assert_array_equal(found.columns[key], wanted, err_msg=key)
    images = np.concatenate([part.frames('scene', np.arange(*part.rows(k).indices(len(part))[:2]))
                             for part, k in kept]).astype(int)
    off = np.abs(found.frames('scene', range(len(found))) - images)
    assert off.max() == 0 if 'deleted_of' not in name else off.mean() < 4
    report = inspect(found)
    assert [e.missing_ticks for e in report.episodes] == [0] * len(kept)
    assert 'success' in {e.outcome for e in report.episodes}


def test_what_was_taken_out_is_named(made):
    found = Dataset(made / 'modified')
    assert found.cameras == ['scene']
    assert found.notes[1:] == [
        'camera wrist: no images',
        'no column tick, sync_error: its rows count as without gaps, of unknown sync error']
    with pytest.raises(DatasetError, match="no images of camera 'wrist', only of scene"):
        found.frames('wrist', [0])


def test_bags_are_appended_to_what_lerobot_merged_and_lerobot_reads_that(made, tmp_path):
    whole, alone = tmp_path / 'whole', tmp_path / 'alone'
    shutil.copytree(made / 'merged', whole)
    bag = bags.write_bag(tmp_path / 'bag', bags.Script(CONTRACT, 1.0, 20))
    result = convert([bag, made / 'bags_a'], whole, append=True)
    assert result.episodes == 1 and len(result.skipped) == 3, 'bags in it are known'
    convert([bag], alone)
    found, new = Dataset(whole), Dataset(alone)
    assert found.lengths[:5] == Dataset(made / 'merged').lengths
    assert found.episodes[5]['meta/episodes/file_index'] == 1
    np.testing.assert_array_equal(found.columns['action'][found.rows(5)], new.columns['action'])
    (tmp_path / 'again').mkdir()
    run(tmp_path, whole, whole, tmp_path / 'again')
    again = Dataset(tmp_path / 'again/split/train')
    assert again.lengths == [found.lengths[0], found.lengths[2]]


@pytest.mark.parametrize('name, text', [
    ('deleted', 'nothing says from which bags 2 of its 2 episodes come'),
    ('cleaned_merged', 'nothing says from which bags 2 of its 4 episodes come'),
    ('modified', 'no bag fills its column reward')])
def test_what_cannot_be_appended_to_is_named_and_left_alone(made, tmp_path, name, text):
    before = {p: p.read_bytes() for p in (made / name).rglob('*') if p.is_file()}
    with pytest.raises(DatasetError, match=text):
        convert([made / 'bags_b'], made / name, append=True)
    assert {p: p.read_bytes() for p in (made / name).rglob('*') if p.is_file()} == before


@pytest.mark.parametrize('kind', ['video', 'image'])
def test_il_ros_reads_what_lerobot_recorded(tmp_path, kind):
    run(tmp_path, tmp_path / 'set', kind, tmp_path / 'states.npy', script=RECORDS)
    found, states = Dataset(tmp_path / 'set'), np.load(tmp_path / 'states.npy')
    assert found.contract.generated == 'a LeRobotDataset v3.0'
    assert found.contract.joint_names == sets.SO101
    assert found.lengths == [12, 9, 14] and found.tasks == ['task 0', 'task 1']
    np.testing.assert_array_equal(found.columns['observation.state'], states)
    np.testing.assert_array_equal(found.columns['action'], states + 1)
    assert sets.told(found.frames('front', np.arange(35))) == list(range(35))


def looked_at(folder, key):
    """Return what each decoder of LeRobot showed of a camera, (N, C, H, W), and its depths."""
    run(folder, folder / 'set', folder / 'seen.npz', script=PICTURES)
    with np.load(folder / 'seen.npz') as seen:
        return {name.split()[0]: seen[name] for name in seen if name.endswith(f' {key}')}, (
            seen['depth'].tolist())


@pytest.mark.parametrize('drop', [(), (33, 71)], ids=['copied', 'copied and encoded'])
def test_lerobot_sees_what_a_camera_coded(tmp_path, drop):
    bag, contract = recording(tmp_path, encode(pictures(int(SECONDS * 30)), keys=30), drop=drop)
    convert([bag], tmp_path / 'set', contract=contract)
    file, = (tmp_path / 'set/videos').rglob('*.mp4')
    assert b'avc3' in file.read_bytes()
    found = Dataset(tmp_path / 'set')
    ours = found.frames('scene', np.arange(len(found))).astype(int)
    apart = np.median(np.abs(ours[1:] - ours[:-1]).mean(axis=(1, 2, 3)))
    seen, depth = looked_at(tmp_path, 'observation.images.scene')
    assert 'pyav' in seen and not depth
    for decoder, theirs in seen.items():
        off = np.abs(255 * theirs.transpose(0, 2, 3, 1) - ours).mean(axis=(1, 2, 3)).max()
        assert off < 1 < apart / 5, decoder


@pytest.mark.parametrize('shift_m', [None, 3.5], ids=['even', 'by the logarithm'])
def test_lerobot_sees_distances_of_il_ros_as_depth(tmp_path, shift_m):
    contract = bags.with_depth(CONTRACT, 'wrist')
    contract = replace(contract, cameras=tuple(
        replace(camera, depth=camera.depth and replace(camera.depth, shift_m=shift_m))
        for camera in contract.cameras))
    convert(bags.write_bags(tmp_path / 'bags', 2, contract=contract, seconds=1.0),
            tmp_path / 'set')
    found = Dataset(tmp_path / 'set')
    ours = found.frames('wrist', np.arange(len(found)))[..., 0]
    seen, depth = looked_at(tmp_path, 'observation.images.wrist')
    assert 'pyav' in seen and depth == ['observation.images.wrist']
    for theirs in seen.values():
        metres = theirs[:, 0] / 1000        # it rounds to whole millimetres
        np.testing.assert_allclose(metres[ours > 0], ours[ours > 0], atol=5.1e-4)
        np.testing.assert_allclose(metres[ours == 0], 0.2, atol=5.1e-4, err_msg='its nearest')


@pytest.mark.parametrize('kind, lost_m', [('video', 2.4e-3), ('image', 1e-6)])
def test_il_ros_sees_the_distances_that_lerobot_recorded(tmp_path, kind, lost_m):
    run(tmp_path, tmp_path / 'set', kind, tmp_path / 'depths.npz', script=DEPTHS)
    found = Dataset(tmp_path / 'set')
    ours = found.frames('depth', np.arange(len(found)))[..., 0]
    with np.load(tmp_path / 'depths.npz') as depths:
        np.testing.assert_allclose(ours, depths['seen'], atol=1e-5)
        np.testing.assert_allclose(ours, depths['measured'], atol=lost_m)
        near = depths['measured'] < 2
        assert np.abs(ours - depths['measured'])[near].max() < 1e-3
    assert 0 < found.stats['observation.images.depth']['mean'].item() < 10
