"""Datasets that other programs edited or made, in the ways that LeRobot's tools do."""
import json
from pathlib import Path
import shutil

import bag_factory as bags
from il_ros.datasets import schema
from il_ros.datasets.convert import convert
from il_ros.datasets.reader import Dataset
from il_ros.errors import DatasetError
from il_ros.inspection.report import inspect
import numpy as np
import pandas
import pyarrow.parquet as pq
import pytest

CONTRACT = bags.small_contract(cameras=())
OLD = Path(__file__).parents[1] / 'before_flags'    # written by the version before the flags


@pytest.fixture(scope='module')
def whole(tmp_path_factory):
    folder = tmp_path_factory.mktemp('whole')
    convert([bags.write_bag(folder / 'spoke', bags.Script(CONTRACT, 0.4, 0, correct_s=0.2)),
             bags.write_bag(folder / 'silent', bags.Script(CONTRACT, 0.4, 1))], folder / 'out')
    return folder / 'out'


@pytest.fixture
def root(whole, tmp_path):
    return Path(shutil.copytree(whole, tmp_path / 'edited'))


def rewrite(root, change, info=lambda found: found):
    """Let pandas write every data file anew: lists of any size, NaN as null."""
    for path in sorted((root / 'data').rglob('*.parquet')):
        change(pandas.read_parquet(path)).to_parquet(path)
    file = root / schema.INFO_FILE
    file.write_text(json.dumps(info(json.loads(file.read_text()))))


def drop(*names):
    return lambda frame: frame.drop(columns=list(names)), lambda info: info | {
        'features': {k: v for k, v in info['features'].items() if k not in names}}


def test_nothing_on_the_disk_is_null_or_nan(whole):
    for path in (whole / 'data').rglob('*.parquet'):
        frame = pandas.read_parquet(path)
        assert not frame.isna().any().any()
        for values in frame['policy_action']:
            assert np.isfinite(values).all()
        assert set(frame['policy_action_valid']) == {int(path.name == 'file-000.parquet')}
        assert not frame.loc[frame['policy_action_valid'] == 0, 'policy_action'].map(any).any()


def test_no_column_begins_like_an_action_or_observation_of_lerobot_but_is_none(whole):
    names = json.loads((whole / schema.INFO_FILE).read_text())['features']
    assert [name for name in names if name.startswith(('action', 'observation', 'next.'))] == [
        'observation.state', 'observation.environment_state', 'action']


def test_what_pandas_wrote_is_read_alike(whole, root):
    rewrite(root, lambda frame: frame)
    before, after = Dataset(whole), Dataset(root)
    assert set(before.columns) == set(after.columns) and not after.notes
    assert np.isnan(after.columns['action.policy']).all(1).any()
    for name, values in before.columns.items():
        np.testing.assert_array_equal(after.columns[name], values, err_msg=name)


def test_rows_come_in_the_order_of_their_episodes(whole, root):
    rewrite(root, lambda frame: frame.iloc[::-1])
    before, after = Dataset(whole).columns['action'], Dataset(root).columns['action']
    np.testing.assert_array_equal(after, before)


def test_the_robot_is_kept_in_info_json(root):
    (root / schema.CONTRACT_FILE).unlink()
    found = Dataset(root)
    assert found.notes == ['no meta/contract.yaml: the robot is taken from info.json, where it is '
                           'without workspace and scene']
    assert found.contract.joints == CONTRACT.joints and found.contract.poses == CONTRACT.poses
    assert found.contract.task == CONTRACT.task
    assert found.contract.workspace is found.contract.scene is None


def test_without_any_contract_one_is_generated_and_nothing_is_appended(root):
    bag = bags.write_bag(root.parent / 'bag', bags.Script(CONTRACT, 0.4, 7))
    before = Dataset(root)
    (root / schema.CONTRACT_FILE).unlink()
    rewrite(root, lambda frame: frame, with_features(action=lambda f: {
        k: v for k, v in f.items() if k != 'contract'}))
    found = Dataset(root)
    assert found.contract.generated == 'a LeRobotDataset v3.0'
    assert found.contract.joint_names == CONTRACT.joint_names
    assert found.contract.poses.names == CONTRACT.poses.names
    for name, values in before.columns.items():
        np.testing.assert_array_equal(found.columns[name], values, err_msg=name)
    with pytest.raises(DatasetError) as error:
        convert([bag], root, append=True)
    assert str(error.value) == (
        f'{root}: meta/contract.yaml is missing or generated: nothing says which robot this is, '
        'so that nothing is added; convert the new bags into a folder of their own')


def with_features(**changes):
    return lambda info: info | {'features': {
        k: changes[k](v) if k in changes else v for k, v in info['features'].items()}}


def test_columns_of_il_ros_that_are_missing_get_a_value_that_is_told(root):
    rewrite(root, *drop('control_source', 'intervention', 'success', 'tick', 'sync_error',
                        'policy_action', 'policy_action_valid', 'limited_by'))
    found = Dataset(root)
    assert found.notes == [
        'no column control_source, intervention, success, tick, sync_error: its rows count as a '
        "person's demonstrations, without corrections, not labelled a success, without gaps, of "
        'unknown sync error']
    columns = found.columns
    assert set(columns['control_source']) == {1}
    assert set(columns['intervention']) == set(columns['success']) == {0}
    np.testing.assert_array_equal(columns['tick'], columns['frame_index'])
    assert np.isnan(columns['sync_error']).all() and np.isnan(columns['action.policy']).all()
    assert [e.missing_ticks for e in inspect(found).episodes] == [0, 0]


def test_texts_and_columns_of_others_do_no_harm(root):
    rewrite(root, lambda frame: frame.assign(note='x', **{'next.done': False, 'next.reward': 0.5}))
    columns = Dataset(root).columns
    assert 'note' not in columns
    assert set(columns['next.reward']) == {0.5} and not columns['next.done'].any()


@pytest.mark.parametrize('gone', ['source', 'source_hash', 'outcome', 'drops', 'stop_reason'])
def test_what_is_not_told_of_an_episode_is_not_there(root, gone):
    for path in (root / 'meta/episodes').rglob('*.parquet'):
        frame = pandas.read_parquet(path)
        frame.loc[0, gone] = None       # as where one of two merged tables had no such column
        frame.to_parquet(path)
    found = Dataset(root)
    assert gone not in found.episodes[0] and gone in found.episodes[1]
    assert inspect(found).episodes[0].outcome == 'success'


def test_files_are_never_written_over_whatever_their_numbers(root, tmp_path):
    """Where episodes were deleted the numbers of files do not count the episodes."""
    for part in ('data', 'meta/episodes'):
        for path in sorted((root / part).rglob('file-*.parquet'), reverse=True):
            path.rename(path.with_name(path.name.replace('file-00', 'file-01')))
    for path in (root / 'meta/episodes').rglob('*.parquet'):
        frame = pandas.read_parquet(path)
        frame['data/file_index'] += 10
        frame.to_parquet(path)
    held = {p: p.read_bytes() for p in root.rglob('file-*.parquet')}
    new = bags.write_bag(tmp_path / 'new', bags.Script(CONTRACT, 0.4, 7))
    assert convert([new], root, append=True).episodes == 1
    assert {p: p.read_bytes() for p in held} == held
    assert {p.name for p in set(root.rglob('file-*.parquet')) - set(held)} == {
        'file-012.parquet', 'file-011.parquet'}
    assert len(Dataset(root).lengths) == 3


def test_where_nothing_says_which_bags_are_in_it_nothing_is_appended(root, tmp_path):
    for path in (root / 'meta/episodes').rglob('*.parquet'):
        pandas.read_parquet(path).drop(columns=['source', 'source_hash']).to_parquet(path)
    new = bags.write_bag(tmp_path / 'new', bags.Script(CONTRACT, 0.4, 7))
    with pytest.raises(DatasetError, match='nothing says from which bags 2 of its 2 episodes come '
                                           r'\(no source_hash: .*; convert the new bags into a '
                                           'folder of their own, and merge the two'):
        convert([new], root, append=True)


def test_a_column_that_no_bag_fills_is_named(root, tmp_path):
    rewrite(root, lambda frame: frame.assign(reward=0.0), lambda info: info | {
        'features': info['features'] | {'reward': {'dtype': 'float32', 'shape': [1],
                                                   'names': None}}})
    new = bags.write_bag(tmp_path / 'new', bags.Script(CONTRACT, 0.4, 7))
    with pytest.raises(DatasetError, match='edited: no bag fills its column reward; '):
        convert([new], root, append=True)


def test_an_older_dataset_is_read_and_extended_as_it_is(tmp_path):
    root = Path(shutil.copytree(OLD, tmp_path / 'old'))
    before = Dataset(root)
    assert before.lengths == [10, 10] and not before.notes and before.contract == CONTRACT
    wanted = before.columns['action.policy']
    spoke = np.isfinite(wanted).all(1)
    assert spoke[:10].any() and not spoke[10:].any()
    assert np.isnan(before.columns['gate_score']).all() and 'limited_by' not in before.columns
    assert inspect(before).episodes[0].limited is None

    new = bags.write_bag(tmp_path / 'new', bags.Script(CONTRACT, 0.4, 7, correct_s=0.2))
    convert([new], root, append=True)
    after = Dataset(root)
    assert set(after.columns) == set(before.columns)
    np.testing.assert_array_equal(after.columns['action.policy'][:20], wanted)
    assert np.isfinite(after.columns['action.policy'][20:]).all(1).any()
    disk = pq.read_schema(root / 'data/chunk-000/file-002.parquet').names
    assert 'action.policy' in disk and 'policy_action' not in disk


def test_nulls_that_pandas_made_of_an_older_datasets_nan_are_nan_again(tmp_path):
    root = Path(shutil.copytree(OLD, tmp_path / 'old'))
    before = Dataset(root).columns['action.policy']
    rewrite(root, lambda frame: frame)
    assert pq.read_table(root / 'data/chunk-000/file-000.parquet')['gate_score'].null_count
    np.testing.assert_array_equal(Dataset(root).columns['action.policy'], before)
