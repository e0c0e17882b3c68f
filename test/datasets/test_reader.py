import json

import bag_factory as bags
from il_ros.datasets.convert import convert
from il_ros.datasets.reader import Dataset
from il_ros.errors import ConfigError, DatasetError
import pytest

NAMES = bags.small_contract().joint_names


def without(name):
    return lambda info: info | {'features': {
        k: v for k, v in info['features'].items() if k != name}}


def with_feature(name, **values):
    return lambda info: info | {'features': info['features'] | {
        name: info['features'][name] | values}}


@pytest.fixture
def root(tmp_path):
    convert(bags.write_bags(tmp_path / 'bags', 2, seconds=1.0), tmp_path / 'out')
    return tmp_path / 'out'


def test_what_is_no_dataset_is_refused(tmp_path):
    with pytest.raises(DatasetError, match=r'expected a dataset \(meta/info.json\), got a folder '
                                           'without it; write one with il_ros convert BAGS'):
        Dataset(tmp_path)
    with pytest.raises(DatasetError, match='got nothing'):
        Dataset(tmp_path / 'none')


@pytest.mark.parametrize('spoil, text', [
    (lambda r: (r / 'data/chunk-000/file-001.parquet').unlink(), 'damaged: .*file-001.parquet'),
    (lambda r: (r / 'data/chunk-000/file-001.parquet').write_bytes(b'x'), 'damaged: '),
    (lambda r: (r / 'meta/info.json').write_text('{'), 'damaged: '),
    (lambda r: (r / 'meta/contract.yaml').write_text('robot: x'), 'damaged: .*missing'),
    (lambda r: (r / 'meta/info.json').write_text(
        json.dumps(json.loads((r / 'meta/info.json').read_text()) | {'total_frames': 7})),
     'rows, but the episodes say .* and info.json 7'),
])
def test_damage_is_named(root, spoil, text):
    spoil(root)
    with pytest.raises(DatasetError, match=text):
        Dataset(root)


@pytest.mark.parametrize('change, text', [
    (lambda info: info | {'codebase_version': 'v2.0'},
     "out: expected a LeRobotDataset v3.0 or v2.1, got v2.0; LeRobot's "
     'convert_dataset_v20_to_v21 converts it'),
    (lambda info: info | {'codebase_version': 'v1.6'},
     "got v1.6; LeRobot's convert_dataset_v1_to_v2, then convert_dataset_v20_to_v21 converts it"),
    (lambda info: info | {'codebase_version': 'v4.0'}, 'got v4.0; it is newer than this il_ros'),
    (lambda info: info | {'fps': 50},
     'out: 50 rows per second, but the contract of sim_arm says rate_hz: 30'),
    (without('action'), "out: no column 'action' .*, got .*observation.state"),
    (with_feature('action', shape=[6]), "out: 'action': the contract of sim_arm expects 7 joints"),
    (with_feature('observation.state', names=[*reversed(NAMES)]),
     "out: 'observation.state': the contract of sim_arm expects 7 joints"),
    (lambda info: {k: v for k, v in info.items() if k != 'fps'}, "out: damaged: no 'fps'"),
])
def test_what_does_not_fit_is_named(root, change, text):
    info = root / 'meta/info.json'
    info.write_text(json.dumps(change(json.loads(info.read_text()))))
    with pytest.raises(DatasetError, match=text):
        Dataset(root)


def test_rows_and_cameras_are_checked(root):
    dataset = Dataset(root)
    assert dataset.cameras == ['scene']
    last = len(dataset) - 1
    with pytest.raises(DatasetError, match=f'rows 0 to {last}, asked for -1 to 3'):
        dataset.frames('scene', [-1, 3])
    with pytest.raises(DatasetError, match=f'rows 0 to {last}, asked for 0 to {last + 1}'):
        dataset.frames('scene', [0, last + 1])
    with pytest.raises(ConfigError, match="no camera 'top'"):
        dataset.frames('top', [0])


def test_no_rows_give_no_images(root):
    assert Dataset(root).frames('scene', []).shape == (0, 48, 64, 3)
