"""A camera that sees distances, on the disk: as LeRobot writes them, edited, inspected."""
from dataclasses import replace
import json
import shutil

import av
import bag_factory as bags
from il_ros.contract import Depth
from il_ros.datasets.convert import convert
from il_ros.datasets.reader import Dataset
from il_ros.errors import ContractMismatchError, DatasetError
from il_ros.inspection.illustrations import thumbnails
from il_ros.inspection.report import inspect
from il_ros.workbench.session import change, Who
from il_ros.workbench.takes import takes_of
import numpy as np
import pytest

CONTRACT = bags.with_depth(bags.small_contract(cameras=('wrist',)), 'wrist')
KEY = 'observation.images.wrist'


@pytest.fixture(scope='module')
def recorded(tmp_path_factory):
    return bags.write_bags(tmp_path_factory.mktemp('bags'), 2, contract=CONTRACT, seconds=1.0)


@pytest.fixture(scope='module')
def root(recorded, tmp_path_factory):
    folder = tmp_path_factory.mktemp('depth') / 'dataset'
    convert(recorded, folder)
    return folder


def test_lerobot_finds_what_it_needs_to_read_metres(root):
    """Its formula (lerobot 0.6, datasets/depth_utils.py), written down once more."""
    feature = json.loads((root / 'meta/info.json').read_text())['features'][KEY]
    assert (feature['dtype'], feature['shape']) == ('video', [48, 64, 1])
    about = feature['info']
    assert about['is_depth_map'] is True and about['depth_unit'] == 'm'
    dataset = Dataset(root)
    path, first = dataset.images('wrist', 0)
    with av.open(str(path)) as container:
        assert (container.streams.video[0].codec.canonical_name,
                container.streams.video[0].pix_fmt) == ('hevc', about['video.pix_fmt'])
        frame = next(container.decode(video=0)).to_ndarray(format='gray12le')
    assert first == 0 and frame.dtype == np.uint16
    low, high = about['video.depth_min'], about['video.depth_max']
    metres = low + frame * (high - low) / 4095
    seen = dataset.frames('wrist', [0])[0, :, :, 0]
    np.testing.assert_allclose(metres[seen > 0], seen[seen > 0], atol=1e-6)
    assert (metres[seen == 0] == low).all() and 0.19 < low < 0.2


def test_statistics_are_metres_of_what_is_known(root):
    dataset = Dataset(root)
    known = dataset.frames('wrist', range(len(dataset)))
    known = known[known > 0]
    stats = dataset.stats[KEY]
    assert stats['mean'].shape == (1, 1, 1)
    assert stats['mean'].item() == pytest.approx(known.mean(), abs=0.03)  # of every other row
    assert stats['std'].item() == pytest.approx(known.std(), abs=0.03)
    assert known.min() <= stats['min'].item() < known.min() + 0.05


def test_it_grows_and_refuses_another_range(root, recorded, tmp_path):
    convert(recorded[:1], tmp_path / 'grown')
    convert(recorded, tmp_path / 'grown', append=True)
    assert (tmp_path / 'grown/meta/stats.json').read_bytes() == (
        root / 'meta/stats.json').read_bytes()
    other = replace(CONTRACT, cameras=(replace(CONTRACT.cameras[0], depth=Depth((0.1, 1.0))),))
    bags.write_bag(tmp_path / 'other', bags.Script(other, 1.0, 7))
    with pytest.raises(ContractMismatchError, match=r'cameras\[0\].depth.range_m'):
        convert([tmp_path / 'other'], tmp_path / 'grown', append=True)


def test_codes_of_another_range_are_not_read_as_metres(root, tmp_path):
    shutil.copytree(root, tmp_path / 'copy')
    file = tmp_path / 'copy/meta/info.json'
    info = json.loads(file.read_text())
    info['features'][KEY]['info']['video.depth_max'] = 3.0
    file.write_text(json.dumps(info))
    with pytest.raises(DatasetError, match=r'holds depth: {range_m: \[0.2002\d+, 3\]}, but the '
                                           r'contract says depth: {range_m: \[0.2, 2\]} of '):
        Dataset(tmp_path / 'copy')


def test_it_is_shown_and_judged_as_a_picture(root):
    dataset = Dataset(root)
    report = inspect(dataset)
    assert not [f for e in report.episodes for f in e.findings if f.kind in ('dark', 'frozen')]
    found = thumbnails(dataset, report)
    assert len(found[0]) == 5 and all(url.startswith('data:image/jpeg') for url in found[0])


def test_a_trimmed_episode_keeps_its_distances_and_has_statistics_of_them(root, tmp_path):
    shutil.copytree(root, tmp_path / 'copy')
    before = Dataset(tmp_path / 'copy')
    ticks, kept = before.columns['tick'], before.frames('wrist', range(5, 15))
    name = takes_of(before)[0].key
    change(tmp_path / 'copy', 'trim', {'episodes': {name: [int(ticks[5]), int(ticks[14])]}},
           Who('anna', 'because'))
    after = Dataset(tmp_path / 'copy')
    assert after.lengths[0] == 10
    np.testing.assert_array_equal(after.frames('wrist', range(10)), kept)
    mean = after.episodes[0][f'stats/{KEY}/mean']
    assert np.ravel(mean).item() == pytest.approx(kept[::5][kept[::5] > 0].mean(), abs=0.03)
