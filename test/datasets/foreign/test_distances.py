"""Distances as LeRobot 0.6 writes them: by its documented formula, computed here once more."""
from dataclasses import replace
import json

import foreign_sets as sets
from il_ros.commands.train import train
from il_ros.contract import Contract
from il_ros.datasets import schema
from il_ros.datasets.reader import Dataset
from il_ros.errors import DatasetError
from il_ros.images.depth import to_codes, to_metres
from il_ros.policies.load import load
from il_ros.types import Observation
from il_ros.workbench.session import change
from il_ros.workbench.takes import takes_of
import numpy as np
import pytest

KEY, COLOUR = 'observation.images.depth', 'observation.images.front'
ROUNDED = 1e-5      # [m]: what LeRobot's own tests allow between its two ways to compute it
DEFAULT, WIDE, LINEAR = (sets.depth_info(), sets.depth_info(0.3, 4.0, 0.0),
                         sets.depth_info(log=False))


def script(about, kind='video', **changes):
    return sets.so101(cameras={COLOUR: 'video', KEY: kind}, depths={KEY: about}, **changes)


def lerobot_metres(codes, about):
    """Return what LeRobot makes of codes (its dequantize_depth, written down once more)."""
    low, high, shift = (about[f'video.{name}'] for name in ('depth_min', 'depth_max', 'shift'))
    share = codes.astype(np.float64) / 4095
    if not about['video.use_log']:
        return low + share * (high - low)
    begin, end = np.log(low + shift), np.log(high + shift)
    return np.clip(np.exp(begin + share * (end - begin)) - shift, low, high)


@pytest.mark.parametrize('write', [sets.write_v3, sets.write_v21])
@pytest.mark.parametrize('about', [DEFAULT, WIDE, LINEAR], ids=['default', 'no shift', 'linear'])
def test_videos_of_codes_are_metres(tmp_path, about, write):
    if write is sets.write_v21 and about is not DEFAULT:
        pytest.skip('the layout is another, the codes are not')
    found = Dataset(write(tmp_path / 'set', script(about)))
    assert found.cameras == ['front', 'depth']
    assert found.contract.camera('depth').shape == (sets.HEIGHT, sets.WIDTH, 1)
    rows = [20, 3, 34]
    seen = found.frames('depth', rows)[..., 0]
    for row, metres in zip(rows, seen, strict=True):
        codes = sets.coded(row, about)
        assert codes.min() == 0 and codes.max() == 4095 and len(np.unique(codes)) > 1500
        np.testing.assert_allclose(metres[codes > 0], lerobot_metres(codes, about)[codes > 0],
                                   atol=ROUNDED)
        assert not metres[codes == 0].any(), 'unknown, or nearer than the nearest'
    assert 'camera depth: distances [m], depth: {range_m: [' in '; '.join(found.notes)
    assert sets.told(found.frames('front', rows)) == rows


def test_at_two_metres_no_more_than_a_millimetre_is_lost(tmp_path):
    found = Dataset(sets.write_v3(tmp_path / 'set', script(DEFAULT)))
    true, seen = sets.distances(7), found.frames('depth', [7])[0, :, :, 0]
    near = (true > 0.02) & (true <= 2.0)
    assert 0.5e-3 < np.abs(seen - true)[near].max() <= 1e-3


@pytest.mark.parametrize('unit, lost_m', [('mm', 5.1e-4), ('m', 1e-6)])
def test_pictures_in_data_files_are_as_they_were_measured(tmp_path, unit, lost_m):
    about = {'is_depth_map': True, 'depth_unit': unit}
    found = Dataset(sets.write_v3(tmp_path / 'set', script(about, 'image')))
    seen = found.frames('depth', [11])[0, :, :, 0]
    np.testing.assert_allclose(seen, sets.distances(11), atol=lost_m)
    assert not seen[:, 0].any()
    mean = found.stats[KEY]['mean'].item()
    assert mean == pytest.approx(1.5 if unit == 'mm' else 1500.0)


@pytest.mark.parametrize('changes', [
    {'video.pix_fmt': 'yuv420p'}, {'video.depth_max': 0.001}, {'video.shift': -1.0}])
def test_distances_of_which_nothing_is_known_are_left_out_by_name(tmp_path, changes):
    root = sets.write_v3(tmp_path / 'set', script(DEFAULT))
    file = root / 'meta/info.json'
    info = json.loads(file.read_text())
    info['features'][KEY]['info'] |= changes
    file.write_text(json.dumps(info))
    found = Dataset(root)
    assert found.cameras == ['front']
    assert any(f'(neither colours nor distances of a known range: {KEY})' in note
               for note in found.notes)


@pytest.mark.parametrize('about', [DEFAULT, LINEAR], ids=['log', 'linear'])
def test_metres_go_back_into_the_same_codes(about, tmp_path):
    depth = Dataset(sets.write_v3(tmp_path / 'set', script(about))).contract.camera('depth').depth
    codes = np.arange(4096)
    np.testing.assert_array_equal(to_codes(to_metres(codes, depth), depth), codes)
    wanted = lerobot_metres(codes, about)
    np.testing.assert_allclose(to_metres(codes, depth)[1:], wanted[1:], atol=ROUNDED)
    info = schema.depth_info(depth)
    for name, value in about.items():
        if name.startswith('video.') and name not in ('video.codec', 'video.shift'):
            assert info[name] == pytest.approx(value, abs=1e-9), name
    assert not about['video.use_log'] or info['video.shift'] == 3.5


def test_it_is_edited_and_learned_from(tmp_path):
    root = sets.write_v3(tmp_path / 'set', script(DEFAULT, lengths=(20, 20, 20)))
    before = Dataset(root).frames('depth', range(25, 40))
    change(root, 'cut', {'episodes': {takes_of(Dataset(root))[1].key: [5]}})
    after = Dataset(root)
    assert after.lengths == [20, 5, 15, 20]
    np.testing.assert_array_equal(after.frames('depth', range(25, 40)), before)
    train(root, tmp_path / 'run', steps=2)
    policy = load(tmp_path / 'run/best')
    assert policy.cameras == ('front', 'depth')
    assert Contract.from_text(policy.contract.to_text()) == policy.contract
    seen = Observation(0, np.zeros(6), np.zeros(0), {
        name: after.frames(name, [0])[0] for name in policy.cameras}, {})
    assert np.isfinite(policy.infer(seen)).all()


def test_a_real_contract_has_to_say_the_same_range(tmp_path):
    root = sets.write_v3(tmp_path / 'set', script(DEFAULT))
    generated = Dataset(root).contract
    real = replace(generated, generated=None)
    (root / schema.CONTRACT_FILE).write_text(real.to_text())
    np.testing.assert_array_equal(Dataset(root).contract.camera('depth').depth,
                                  generated.camera('depth').depth)
    file = root / 'meta/info.json'
    info = json.loads(file.read_text())
    info['features'][KEY]['info']['video.shift'] = 3.0
    file.write_text(json.dumps(info))
    with pytest.raises(DatasetError) as error:
        Dataset(root)
    assert str(error.value).startswith(f'{root}: {KEY!r}: holds depth: {{range_m: [0.01107')
    assert 'but the contract says depth: {range_m: [0.01115' in str(error.value)
