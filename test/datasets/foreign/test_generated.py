"""Datasets that LeRobot recorded: nothing in them says which robot it was."""
import json
import shutil

import av
import bag_factory as bags
import foreign_sets as sets
from il_ros.contract import Contract
from il_ros.datasets import schema
from il_ros.datasets.convert import convert
from il_ros.datasets.reader import Dataset
from il_ros.errors import ConfigError, DatasetError
from il_ros.inspection.report import inspect
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

WRITERS = {'v3.0': sets.write_v3, 'v2.1': sets.write_v21}
SCRIPTS = {'so101': sets.so101(), 'aloha': sets.aloha(), 'pusht': sets.pusht(),
           'so101_pictures': sets.so101(cameras={'observation.images.front': 'image',
                                                 'observation.images.top': 'image'})}
GENERATED = (
    "no meta/contract.yaml: a contract was generated, of a robot '{}' at {} Hz; nothing says in "
    'which units its values are (LeRobot records degrees, percent or what it normalised), so it '
    'drives no robot. The contract of the robot goes to meta/contract.yaml')
LIMITS = ('limits of the joints: the range of the data and 10% of it on either side, not the '
          "robot's; velocities and accelerations likewise")
FILLED = ("no column control_source, intervention, success, tick, sync_error: its rows count as a "
          "person's demonstrations, without corrections, not labelled a success, without gaps, of "
          'unknown sync error')


@pytest.fixture(scope='module', params=[(v, name) for v in WRITERS for name in SCRIPTS],
                ids=lambda found: '-'.join(found))
def whole(request, tmp_path_factory):
    version, name = request.param
    script = SCRIPTS[name]
    return script, WRITERS[version](tmp_path_factory.mktemp(version) / 'set', script)


def edit_info(root, **changes):
    file = root / schema.INFO_FILE
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


def test_every_row_is_the_one_that_was_written(whole):
    script, root = whole
    found = Dataset(root)
    assert found.lengths == list(script.lengths) and found.tasks == [sets.TASK]
    for key, size in zip((schema.STATE, schema.ACTION), script.sizes, strict=True):
        np.testing.assert_array_equal(found.columns[key], sets.values(script, key, size))
    np.testing.assert_array_equal(found.columns['index'], np.arange(35))
    np.testing.assert_allclose(
        found.stats['action']['mean'], sets.values(script, 'action', script.sizes[1]).mean(0),
        atol=1e-3 * script.scale)


def test_every_frame_is_the_one_that_was_written(whole):
    script, root = whole
    found = Dataset(root)
    assert len(found.cameras) == len(script.cameras)
    for number, camera in enumerate(found.cameras):
        images = found.frames(camera, np.arange(35))
        assert images.shape == (35, sets.HEIGHT, sets.WIDTH, 3)
        assert sets.told(images) == list(range(35))
        assert (images[:, 4, 4, 0] > 150).all() == (number > 0)     # the corner of the second
        assert sets.told(found.frames(camera, [30, 3, 12, 3, 20])) == [30, 3, 12, 3, 20]


def test_the_contract_says_what_the_data_say(whole):
    script, root = whole
    contract = Dataset(root).contract
    version = 'v3.0' if (root / schema.TASKS_FILE).exists() else 'v2.1'
    assert contract.generated == f'a LeRobotDataset {version}'
    assert contract.rate_hz == script.fps and contract.task == sets.TASK
    assert contract.robot == (script.robot or 'unknown')
    both = np.concatenate([sets.values(script, key, size) for key, size in zip(
        (schema.STATE, schema.ACTION), script.sizes, strict=True)])
    span = both.max(0) - both.min(0)
    np.testing.assert_allclose(contract.lower, both.min(0) - 0.1 * span, rtol=1e-5)
    np.testing.assert_allclose(contract.upper, both.max(0) + 0.1 * span, rtol=1e-5)
    assert Contract.from_text(contract.to_text()) == contract
    assert [(c.height, c.width) for c in contract.cameras] == (
        [(sets.HEIGHT, sets.WIDTH)] * len(script.cameras))


def test_all_that_was_assumed_is_said(tmp_path):
    so101 = Dataset(sets.write_v3(tmp_path / 'a', sets.so101()))
    assert so101.contract.joint_names == sets.SO101
    assert so101.notes == [GENERATED.format('so101_follower', 30), LIMITS, FILLED]
    aloha = Dataset(sets.write_v21(tmp_path / 'b', sets.aloha(cameras={})))
    assert aloha.contract.joint_names == sets.ALOHA and aloha.cameras == []
    assert aloha.notes == [GENERATED.format('aloha', 50), LIMITS,
                           'not used: observation.effort, next.done', FILLED]
    pusht = Dataset(sets.write_v3(tmp_path / 'c', sets.pusht()))
    assert pusht.contract.joint_names == ['joint_0', 'joint_1'] and pusht.cameras == ['image']
    assert pusht.notes == [
        GENERATED.format('unknown', 10), LIMITS, 'camera image: observation.image',
        'not used: next.reward, next.done, observation.environment_state',
        'nobody names the values of observation.state and action: they are called joint_0 to '
        'joint_1', FILLED]


@pytest.mark.parametrize('codec', ['libx264', 'libsvtav1'])
def test_videos_of_lerobots_codecs(tmp_path, codec):
    if codec not in av.codecs_available:
        pytest.skip(f'no encoder {codec}')
    found = Dataset(sets.write_v3(tmp_path / 'set', sets.so101(codec=codec)))
    assert sets.told(found.frames('front', np.arange(35)[::-1])) == list(range(35))[::-1]


@pytest.mark.parametrize('write', [sets.write_v3, sets.write_v21])
def test_files_of_one_dataset_may_be_coded_differently(tmp_path, write):
    """As of merged datasets: LeRobot's newest versions wrote AV1, older ones and others H.264."""
    script = sets.so101(codec=('libx264', 'libvpx-vp9', 'libsvtav1', 'libx265'), cameras={
        f'observation.images.{name}': 'video' for name in ('front', 'wrist')})
    found = Dataset(write(tmp_path / 'set', script))
    coded = set()
    for file in (tmp_path / 'set/videos').rglob('*.mp4'):
        with av.open(str(file)) as container:
            coded.add(container.streams.video[0].codec_context.name)
    assert len(coded) >= 3
    order = np.random.default_rng(0).permutation(35)
    for camera in found.cameras:
        assert sets.told(found.frames(camera, order)) == order.tolist()


def test_inspect_says_nothing_of_limits_that_are_the_datas(whole):
    report = inspect(Dataset(whole[1]))
    assert all(np.isnan(e.near_limit) and not e.near_limits for e in report.episodes)
    assert [part.near_limit for part in report.parts] == [None]
    assert report.problems == ['coverage is not known: the contract names no poses',
                               'no episode is labelled success']


def made(tmp_path, **script):
    return sets.write_v3(tmp_path / 'set', sets.Script(**script))


def test_the_values_of_a_larger_state_are_chosen_by_their_names(tmp_path):
    root = made(tmp_path, state=['c', 'x.pos', 'a', 'b'], action={'motors': ['a', 'b', 'c']},
                sizes=(4, 3))
    found = Dataset(root)
    np.testing.assert_array_equal(
        found.columns[schema.STATE],
        sets.values(sets.Script(), schema.STATE, 4)[:, [2, 3, 0]])
    assert found.notes[2] == ('observation.state: those of its 4 values that action names, too, '
                              'in that order: a, b, c')


@pytest.mark.parametrize('script, text', [
    ({'state': ['a', 'b'], 'action': ['a', 'c']},
     'observation.state and action: expected the same joints, or a state that contains those of '
     'the action, got 2 values (a, b) and 2 values (a, c)'),
    ({'sizes': (3, 2)}, 'got 3 values (without names) and 2 values (without names)'),
    ({'state': ['a', 'a', 'b'], 'action': ['a', 'b'], 'sizes': (3, 2)},
     'got 3 values (a, a, b) and 2 values (a, b)'),
    ({'action': ['a', 'b', 'c']}, "set: 'action': 2 values, but 3 names (a, b, c)"),
    ({'info': {'fps': 0}}, 'set: info.json: fps: expected more than 0, got 0'),
    ({'info': {'fps': None}}, 'set: damaged: '),
    ({'info': {'total_frames': float('inf')}}, 'set: damaged: '),
    ({'info': {'total_frames': 36}}, 'damaged: 35 rows, but the episodes say 35 and info.json 36'),
    ({'info': {'data_path': '{nothing}'}},
     'info.json: data_path: expected a pattern like data/chunk-{chunk_index:03d}/file-'),
])
def test_what_contradicts_itself_is_named_in_one_line(tmp_path, script, text):
    with pytest.raises(DatasetError) as error:
        Dataset(made(tmp_path, **script))
    assert text in str(error.value) and '\n' not in str(error.value)


def test_names_of_one_of_the_two_count_for_both_and_twice_is_told_apart(tmp_path):
    found = Dataset(made(tmp_path, action={'delta_y': 1, 'delta_x': 0}))
    assert found.contract.joint_names == ['delta_x', 'delta_y']
    assert found.notes[2] == ('nobody names the values of observation.state: they count as those '
                              'of the other, delta_x, delta_y')
    shutil.rmtree(found.root)
    found = Dataset(made(tmp_path, state=['a', 'a'], action=['a', 'a']))
    assert found.contract.joint_names == ['a', 'a_2']
    assert found.notes[2] == 'names stand twice: the joints are called a, a_2'


def test_a_robot_of_one_joint(tmp_path):
    found = Dataset(made(tmp_path, sizes=(1, 1)))
    assert found.columns[schema.STATE].shape == found.columns[schema.ACTION].shape == (35, 1)


def test_a_joint_that_never_moves_has_limits(tmp_path):
    joint, _ = Dataset(made(tmp_path, scale=0.0)).contract.joints
    assert joint.position == (-1e-3, 1e-3) and joint.velocity > 0


def test_poses_in_the_form_of_il_ros_are_poses(tmp_path):
    names = [f'{pose}.{value}' for pose in ('cube', 'tool') for value in schema.POSE_FIELDS]
    root = made(tmp_path, extra={schema.ENVIRONMENT: ('float32', 14)})
    features = json.loads((root / schema.INFO_FILE).read_text())['features']
    assert Dataset(root).contract.poses is None
    edit_info(root, features=features | {
        schema.ENVIRONMENT: {'dtype': 'float32', 'shape': [14], 'names': names}})
    assert Dataset(root).contract.poses.names == ('cube', 'tool')


def test_the_contract_of_the_robot_takes_the_place_of_the_generated_one(tmp_path):
    root = sets.write_v3(tmp_path / 'set', sets.so101(scale=1.0))
    joints = [{'name': name, 'position': [-1.2, 1.2], 'velocity': 2.0, 'acceleration': 10.0}
              for name in sets.SO101]
    mapping = {
        'robot': 'so101', 'task': 'x', 'rate_hz': 30.0, 'joints': joints, 'start': [0.0] * 6,
        'state': {'topic': 'joint_states', 'type': 'sensor_msgs/JointState', 'rate_hz': 100.0,
                  'max_age_s': 0.1},
        'command': {'topic': 'command', 'type': 'trajectory_msgs/JointTrajectory'},
        'cameras': [{'name': 'front', 'topic': 'image', 'type': 'sensor_msgs/Image',
                     'height': sets.HEIGHT, 'width': sets.WIDTH, 'rate_hz': 30.0,
                     'max_age_s': 0.1}]}
    file = root / schema.CONTRACT_FILE
    file.write_text(json.dumps(mapping))
    found = Dataset(root)
    assert found.contract.robot == 'so101' and found.contract.generated is None
    assert found.notes == [FILLED] and sets.told(found.frames('front', [7])) == [7]
    file.write_text(json.dumps(mapping | {'joints': [joints[1], joints[0], *joints[2:]]}))
    with pytest.raises(DatasetError, match="'observation.state': the contract of so101 expects 6 "
                                           r'joints \(shoulder_lift, shoulder_pan'):
        Dataset(root)
    camera = mapping['cameras'][0] | {'height': 480}
    file.write_text(json.dumps(mapping | {'cameras': [camera]}))
    with pytest.raises(DatasetError, match="'observation.images.front': pictures of 64x80, but "
                                           "the contract of so101 says 480x80 of camera 'front'"):
        Dataset(root)


def test_a_contract_of_fewer_joints_than_the_state_has(tmp_path):
    root = made(tmp_path, state=['a', 'b', 'grip'], action=['grip', 'a'], sizes=(3, 2))
    generated = Dataset(root).contract
    (root / schema.CONTRACT_FILE).write_text(
        generated.to_text().replace('generated: a LeRobotDataset v3.0\n', ''))
    found = Dataset(root)
    assert found.contract.generated is None and found.notes[0] == (
        'observation.state: of its 3 values those of the joints of unknown')
    np.testing.assert_array_equal(found.columns[schema.STATE], sets.values(
        sets.Script(), schema.STATE, 3)[:, [2, 0]])


@pytest.mark.parametrize('version', WRITERS)
def test_a_missing_file_is_named(tmp_path, version):
    root = WRITERS[version](tmp_path / 'set', sets.so101())
    found = Dataset(root)
    video = next(root.rglob('*.mp4'))
    for video in root.rglob('*.mp4'):
        video.unlink()
    with pytest.raises(DatasetError, match=r"\.mp4: missing: the video of camera 'front' in "
                                           'episode 1'):
        found.frames('front', [13])
    data = next(root.rglob('data/**/*.parquet'))
    data.unlink()
    with pytest.raises(DatasetError, match=f'set: damaged: .*{data.name}'):
        Dataset(root)


def test_lengths_that_contradict_are_named(tmp_path):
    root = sets.write_v21(tmp_path / 'set', sets.so101(cameras={}))
    file = root / 'meta/episodes.jsonl'
    file.write_text(file.read_text().replace('"length": 12', '"length": 11').replace(
        '"length": 9', '"length": 10'))
    with pytest.raises(DatasetError, match='set: damaged: episode 0: 12 rows, but the episode '
                                           'table says 11'):
        Dataset(root)


def test_a_video_of_another_rate_or_size_is_named(tmp_path):
    root = sets.write_v3(tmp_path / 'set', sets.so101())
    other = sets.write_v3(tmp_path / 'other', sets.so101(fps=10))
    video = 'videos/observation.images.front/chunk-000/file-000.mp4'
    shutil.copy(other / video, root / video)
    with pytest.raises(DatasetError, match='10 frames per second, expected 30, one for each row'):
        Dataset(root).frames('front', [0])
    features = sets.features(sets.so101())
    features['observation.images.front']['shape'] = [128, 80, 3]
    edit_info(other, features=features)
    with pytest.raises(DatasetError, match='expected images of 128x80, got 64x80'):
        Dataset(other).frames('front', [0])


@pytest.mark.parametrize('value, text', [
    ({'bytes': None, 'path': 'images/0.png'},
     'row 0: expected a picture, got only its path images/0.png'),
    ({'bytes': b'no picture', 'path': None}, 'row 0: expected a picture')])
def test_a_row_without_a_picture_is_named(tmp_path, value, text):
    root = sets.write_v3(tmp_path / 'set', sets.pusht())
    path = root / 'data/chunk-000/file-000.parquet'
    table = pq.read_table(path)
    column = pa.array([value] * len(table), pa.struct([('bytes', pa.binary()),
                                                       ('path', pa.string())]))
    place = table.schema.get_field_index('observation.image')
    pq.write_table(table.set_column(place, 'observation.image', column), path)
    with pytest.raises(DatasetError, match=f"file-000.parquet: 'observation.image', {text}$"):
        Dataset(root).frames('image', [0])


def test_the_first_version_lay_elsewhere(tmp_path):
    (tmp_path / 'meta_data').mkdir()
    (tmp_path / 'meta_data/info.json').write_text('{}')
    with pytest.raises(DatasetError, match="got v1.6; LeRobot's convert_dataset_v1_to_v2, then "
                                           'convert_dataset_v20_to_v21 converts it'):
        Dataset(tmp_path)


@pytest.mark.parametrize('version, text', [
    ('v2.1', "set: a LeRobotDataset v2.1 is read only; LeRobot's convert_dataset_v21_to_v30 makes "
             'v3.0 of it, or convert into a new folder'),
    ('v3.0', 'set: meta/contract.yaml is missing or generated: nothing says which robot this is')])
def test_nothing_is_appended(tmp_path, version, text):
    root = WRITERS[version](tmp_path / 'set', sets.so101())
    before = {p: p.read_bytes() for p in root.rglob('*') if p.is_file()}
    bag = bags.write_bag(tmp_path / 'bag', bags.Script(bags.small_contract(cameras=()), 0.4, 7))
    with pytest.raises(DatasetError, match=text):
        convert([bag], root, append=True)
    assert {p: p.read_bytes() for p in root.rglob('*') if p.is_file()} == before


def test_a_camera_that_is_none_of_the_dataset_is_named(tmp_path):
    found = Dataset(sets.write_v3(tmp_path / 'set', sets.so101()))
    with pytest.raises(ConfigError, match="no camera 'wrist'; valid: front"):
        found.frames('wrist', [0])
