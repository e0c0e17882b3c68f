"""Datasets that LeRobot recorded are edited as far as nothing of them would be lost."""
import foreign_sets as sets
from il_ros.datasets.files.history import read_history
from il_ros.datasets.reader import Dataset
from il_ros.errors import DatasetError
from il_ros.workbench.session import change, merge
from il_ros.workbench.takes import takes_of
import numpy as np
import pytest


def test_episodes_that_share_files_are_deleted_cut_and_labelled(tmp_path):
    root = sets.write_v3(tmp_path / 'set', sets.so101())
    before = Dataset(root)
    camera = before.cameras[0]
    rows, frames = dict(before.columns), before.frames(camera, range(len(before)))
    first, _, last = (take.key for take in takes_of(before))
    kept = np.r_[before.rows(0), before.rows(2)]
    change(root, 'delete', {'episodes': [takes_of(before)[1].key]})
    change(root, 'cut', {'episodes': {last: [4]}})
    change(root, 'relabel', {'episodes': {first: 'success'}})
    after = Dataset(root)
    assert after.lengths == [before.lengths[0], 4, before.lengths[2] - 4]
    for name in ('observation.state', 'action'):
        np.testing.assert_array_equal(after.columns[name], rows[name][kept])
    np.testing.assert_array_equal(after.frames(camera, range(len(after))), frames[kept])
    assert list(after.columns['success']) == [1] * after.lengths[0] + [0] * after.lengths[2] + (
        [0] * 4)
    assert len(read_history(root)) == 3 and after.contract.generated == before.contract.generated


@pytest.mark.parametrize('write, script, text', [
    (sets.write_v21, sets.so101(), 'v2.1 is read only'),
    (sets.write_v3, sets.so101(cameras={'observation.images.front': 'image'}),
     "column 'observation.images.front' holds no numbers; remove it, or make videos")])
def test_what_would_lose_something_is_refused(tmp_path, write, script, text):
    root = write(tmp_path / 'set', script)
    names = [take.key for take in takes_of(Dataset(root))]
    with pytest.raises(DatasetError, match=text):
        change(root, 'delete', {'episodes': names[:1]})
    assert [take.key for take in takes_of(Dataset(root))] == names


def test_what_lerobot_recorded_with_one_robot_is_merged(tmp_path):
    parts = [sets.write_v3(tmp_path / name, sets.so101(lengths=lengths))
             for name, lengths in (('a', (12, 9)), ('b', (20,)))]
    merge(parts, tmp_path / 'whole')
    before, whole = list(map(Dataset, parts)), Dataset(tmp_path / 'whole')
    assert whole.lengths == [12, 9, 20] and whole.contract.generated
    for name in ('observation.state', 'action'):
        np.testing.assert_array_equal(
            whole.columns[name], np.concatenate([part.columns[name] for part in before]))
    assert sets.told(whole.frames('front', range(41))) == [*range(21), *range(20)]
