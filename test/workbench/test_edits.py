"""Edits of a dataset: what is left, what is the same file, what the history says, and back."""
import json
from pathlib import Path

import bag_factory as bags
from il_ros.datasets.convert import convert
from il_ros.datasets.files.history import read_history
from il_ros.datasets.files.stats import column_stats, ImageStats
from il_ros.datasets.files.versions import folder_of, undo
from il_ros.datasets.reader import Dataset
from il_ros.errors import ContractMismatchError, DatasetError
from il_ros.workbench.session import change, copy, merge, rebuild, Who
from il_ros.workbench.takes import takes_of
import numpy as np
import pytest

ANNA = Who('anna', 'because')


@pytest.fixture(scope='module')
def recorded(tmp_path_factory):
    """Four bags, of which the last two are corrected by a person, and their dataset."""
    folder = tmp_path_factory.mktemp('recorded')
    bags.write_bags(folder / 'bags', 2)
    for seed in (2, 3):
        bags.write_bag(folder / 'bags' / f'episode_000{seed + 1}',
                       bags.Script(bags.small_contract(), seed=seed, correct_s=1.0))
    convert([folder / 'bags'], folder / 'dataset')
    return folder


@pytest.fixture
def root(recorded, tmp_path):
    """A dataset of one's own, of the same bags."""
    from shutil import copytree
    return Path(copytree(recorded / 'dataset', tmp_path / 'dataset'))


def keys(root):
    return [take.key for take in takes_of(Dataset(root))]


def inode(dataset, episode, camera='scene'):
    return dataset.images(camera, episode)[0].stat().st_ino


def content(dataset, episode, first=0, count=None):
    """Return every number and picture of an episode but those that count episodes."""
    rows = dataset.rows(episode)
    rows = slice(rows.start + first, rows.stop if count is None else rows.start + first + count)
    numbers = {name: values[rows] for name, values in dataset.columns.items() if name not in (
        'index', 'episode_index', 'frame_index', 'timestamp', 'task_index')}
    return numbers | {'pictures': dataset.frames('scene', range(rows.start, rows.stop))}


def assert_same(a, b):
    assert a.keys() == b.keys()
    for name in a:
        np.testing.assert_array_equal(a[name], b[name], name)


def assert_sound(root):
    """Numbers count on, and the statistics are those of the rows and pictures."""
    dataset = Dataset(root)
    n = len(dataset)
    np.testing.assert_array_equal(dataset.columns['index'], np.arange(n))
    for number, length in enumerate(dataset.lengths):
        rows, row = dataset.rows(number), dataset.episodes[number]
        assert (row['dataset_from_index'], row['dataset_to_index']) == (rows.start, rows.stop)
        assert (dataset.columns['episode_index'][rows] == number).all()
        np.testing.assert_array_equal(dataset.columns['frame_index'][rows], np.arange(length))
        assert row['tasks'] == [dataset.tasks[dataset.columns['task_index'][rows.start]]]
        stats, frames = ImageStats(), dataset.frames('scene', range(rows.start, rows.stop))
        for frame in frames:
            stats.add(frame)
        np.testing.assert_allclose(np.ravel(row['stats/observation.images.scene/mean']),
                                   stats.stats()['mean'], atol=0.02)   # H.264 loses a little
    for name in ('action', 'observation.state', 'success', 'index', 'tick', 'task_index'):
        expected = column_stats(dataset.columns[name])
        for figure, value in expected.items():
            np.testing.assert_allclose(dataset.stats[name][figure], value, rtol=1e-9, atol=1e-12,
                                       err_msg=f'{name} {figure}')
    assert dataset.info['total_tasks'] == len(dataset.tasks)
    assert dataset.info['splits'] == {'train': f'0:{len(dataset.lengths)}'}
    return dataset


def test_deleting_renumbers_and_shares_the_files(root):
    before = Dataset(root)
    change(root, 'delete', {'episodes': [keys(root)[1]]}, ANNA)
    after = assert_sound(root)
    assert len(after.lengths) == 3
    for new, old in enumerate((0, 2, 3)):
        assert_same(content(after, new), content(before, old))
        assert inode(after, new) == inode(Dataset(folder_of(root, 0)), old)
    done = read_history(root)[0]
    assert (done.version, done.by, done.why, done.do) == (1, 'anna', 'because', 'delete')
    assert (done.episodes, done.frames) == (3, len(after))


def test_an_edit_is_undone_and_nothing_is_lost(root):
    before, names = Dataset(root), keys(root)
    change(root, 'delete', {'episodes': [names[0]]}, ANNA)
    change(root, 'relabel', {'episodes': {names[2]: 'failure'}}, ANNA)
    assert undo(root, 'bert').do == 'relabel'
    assert keys(root) == names[1:] and Dataset(root).columns['success'][-1] == 1
    assert undo(root, 'bert').do == 'delete'
    after = assert_sound(root)
    for episode in range(4):
        assert_same(content(after, episode), content(before, episode))
    assert [c.do for c in read_history(root)] == ['delete', 'relabel', 'undo', 'undo']
    with pytest.raises(DatasetError, match='nothing to undo: all edits are undone'):
        undo(root)
    assert [len(Dataset(folder_of(root, k)).lengths) for k in range(4)] == [4, 3, 3, 3]


def test_what_was_never_edited_has_nothing_to_undo(root):
    with pytest.raises(DatasetError, match='nothing to undo: it was never edited'):
        undo(root)


def test_labels_and_tasks_are_said_anew(root):
    names = keys(root)
    change(root, 'relabel', {'episodes': {names[0]: 'failure', names[1]: 'success'}}, ANNA)
    change(root, 'retask', {'episodes': {names[3]: 'fold the towel'}}, ANNA)
    after = assert_sound(root)
    assert [row['outcome'] for row in after.episodes][:2] == ['failure', 'success']
    assert [int(after.columns['success'][after.rows(k)].max()) for k in range(4)] == [0, 1, 1, 1]
    assert after.tasks == [after.contract.task, 'fold the towel']
    assert after.episodes[3]['tasks'] == ['fold the towel']


def test_a_trimmed_episode_shows_its_own_pictures_from_the_same_file(root):
    before, name = Dataset(root), keys(root)[1]
    ticks = takes_of(before)[1].ticks
    change(root, 'trim', {'episodes': {name: [int(ticks[7]), int(ticks[40])]}}, ANNA)
    after = assert_sound(root)
    assert after.lengths[1] == 34
    assert_same(content(after, 1), content(before, 1, 7, 34))
    assert inode(after, 1) == inode(Dataset(folder_of(root, 0)), 1)
    assert after.episodes[1]['recorded_ticks'] == 34


def test_an_episode_is_cut_and_a_part_deleted(root):
    before, name = Dataset(root), keys(root)[2]
    ticks = takes_of(before)[2].ticks
    change(root, 'cut', {'episodes': {name: [int(ticks[20]), int(ticks[33])]}}, ANNA)
    middle = keys(root)[3]
    assert assert_sound(root).lengths[2:5] == [20, 13, before.lengths[2] - 33]
    change(root, 'delete', {'episodes': [middle]}, ANNA)
    after = assert_sound(root)
    assert_same(content(after, 2), content(before, 2, 0, 20))
    assert_same(content(after, 3), content(before, 2, 33))


def test_a_part_of_it_is_a_dataset_of_its_own(root, tmp_path):
    names = keys(root)
    done = copy(root, tmp_path / 'part', names[2:], {'from': 'dataset'}, ANNA)
    assert done.episodes == 2 and keys(tmp_path / 'part') == names[2:]
    assert_sound(tmp_path / 'part')
    assert keys(root) == names and not read_history(root)
    with pytest.raises(DatasetError, match='exists already and is not overwritten'):
        copy(root, tmp_path / 'part', names, {}, ANNA)


def test_merged_datasets_have_each_episode_once(root, tmp_path):
    names = keys(root)
    copy(root, tmp_path / 'a', names[:3], {}, ANNA)
    copy(root, tmp_path / 'b', names[2:], {}, ANNA)
    done, notes = merge([tmp_path / 'a', tmp_path / 'b'], tmp_path / 'whole', ANNA)
    assert keys(tmp_path / 'whole') == names
    assert notes == ['1 episodes stand in several of them and are taken once']
    whole, before = assert_sound(tmp_path / 'whole'), Dataset(root)
    for episode in range(4):
        assert_same(content(whole, episode), content(before, episode))
    assert [c.do for c in read_history(tmp_path / 'whole')] == ['delete', 'delete', 'merge']


def test_other_robots_are_not_merged(root, tmp_path):
    other = bags.small_contract(size=(32, 32))
    bags.write_bags(tmp_path / 'bags', 1, contract=other)
    convert([tmp_path / 'bags'], tmp_path / 'other')
    with pytest.raises(ContractMismatchError):
        merge([root, tmp_path / 'other'], tmp_path / 'whole', ANNA)
    assert not (tmp_path / 'whole').exists()


def test_the_edits_are_repeated_on_bags_converted_anew(root, recorded, tmp_path):
    names, dataset = keys(root), Dataset(root)
    ticks = takes_of(dataset)[2].ticks
    change(root, 'relabel', {'episodes': {names[0]: 'failure'}}, ANNA)
    change(root, 'cut', {'episodes': {names[2]: [int(ticks[20])]}}, ANNA)
    change(root, 'delete', {'episodes': [names[1], keys(root)[3]]}, ANNA)
    change(root, 'retask', {'episodes': {names[3]: 'by mistake'}}, ANNA)
    undo(root)
    convert([recorded / 'bags'], tmp_path / 'again')
    assert rebuild(tmp_path / 'again', read_history(root), ANNA) == []
    edited, again = assert_sound(root), assert_sound(tmp_path / 'again')
    assert keys(tmp_path / 'again') == keys(root) and again.tasks == edited.tasks
    for episode in range(len(edited.lengths)):
        assert_same(content(again, episode), content(edited, episode))
    convert([recorded / 'bags/episode_0001', recorded / 'bags/episode_0004'], tmp_path / 'few')
    assert rebuild(tmp_path / 'few', read_history(root), ANNA) == [
        'version 2, cut: 1 of 1 episodes are not in these bags',
        'version 3, delete: 2 of 2 episodes are not in these bags']


def test_what_was_deleted_is_not_converted_again(root, recorded, tmp_path):
    name = keys(root)[1]
    change(root, 'delete', {'episodes': [name]}, Who('anna', 'blurred'))
    bags.write_bag(tmp_path / 'new', bags.Script(bags.small_contract(), seed=9))
    result = convert([recorded / 'bags', tmp_path / 'new'], root, append=True)
    assert result.episodes == 1
    assert (recorded / 'bags/episode_0002', 'taken out of the dataset by anna: blurred'
            ) in result.skipped
    assert_sound(root)
    last = read_history(root)[-1]
    assert (last.do, last.episodes, last.what['episodes']) == ('append', 4, keys(root)[3:])
    assert undo(root).do == 'append'
    assert len(Dataset(root).lengths) == 3


@pytest.mark.parametrize('do, episodes, text', [
    ('delete', ['nowhere@0'], 'delete: no episode nowhere@0 in 4 episodes'),
    ('relabel', {0: 'good'}, "outcome 'good': expected one of success, failure, unlabelled"),
    ('trim', {0: [100000, 100001]}, 'nothing is left of episode'),
    ('cut', {0: [0]}, 'is empty; cut inside it'),
    ('delete', [0, 1, 2, 3], 'no episode is left; remove the folder instead')])
def test_what_makes_no_sense_changes_nothing(root, do, episodes, text):
    names = keys(root)
    said = ({names[k] if isinstance(k, int) else k: v for k, v in episodes.items()}
            if isinstance(episodes, dict) else
            [names[k] if isinstance(k, int) else k for k in episodes])
    with pytest.raises(DatasetError, match=text):
        change(root, do, {'episodes': said}, ANNA)
    assert keys(root) == names and not read_history(root)
    assert not folder_of(root, 0).exists()


def test_a_program_that_edits_meta_in_place_spoils_no_other_version(root):
    change(root, 'delete', {'episodes': [keys(root)[0]]}, ANNA)
    with (root / 'meta/info.json').open('r+') as file:   # as LeRobot does, without a new file
        info = json.load(file)
        file.seek(0)
        json.dump(info | {'robot_type': 'x' * 9999}, file)
    assert Dataset(folder_of(root, 0)).info['robot_type'] == 'sim_arm'


def test_a_damaged_history_is_named(root):
    change(root, 'delete', {'episodes': [keys(root)[0]]}, ANNA)
    (root / 'meta/history.jsonl').write_text('{"version": 1}\n')
    with pytest.raises(DatasetError, match='history.jsonl: line 1: expected a change'):
        change(root, 'delete', {'episodes': [keys(root)[0]]}, ANNA)


def test_an_edit_that_was_killed_does_not_pass_for_the_version_before_the_next(root, tmp_path):
    stale = folder_of(root, 0)
    copy(root, stale, keys(root)[:1], {}, ANNA)   # kept, and then more was appended
    before = keys(root)
    change(root, 'delete', {'episodes': before[:1]}, ANNA)
    undo(root)
    assert keys(root) == before
