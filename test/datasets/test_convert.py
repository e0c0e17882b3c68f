from dataclasses import replace
import json
from pathlib import Path
import re
import signal
import subprocess
import sys

import bag_factory as bags
from il_ros.bags.files import content_hash
from il_ros.contract import Contract
from il_ros.datasets.convert import convert
from il_ros.datasets.files.tables import read_data
from il_ros.datasets.reader import Dataset
from il_ros.datasets.reporting import Cancelled
from il_ros.errors import BagError, ContractMismatchError, DatasetError
from nodes.harness import wait_for
import numpy as np
import pandas
import pyarrow.parquet as pq
import pytest
from same_files import assert_same, contents

CONTRACT = bags.small_contract(cameras=('scene', 'wrist'))


@pytest.fixture(scope='module')
def recorded(tmp_path_factory):
    folder = tmp_path_factory.mktemp('recorded')
    return bags.write_bags(folder, 3, contract=CONTRACT, correct_s=1.0)


@pytest.fixture(scope='module')
def dataset(recorded, tmp_path_factory):
    out = tmp_path_factory.mktemp('converted') / 'dataset'
    result = convert(recorded, out)
    assert (result.episodes, result.skipped) == (3, [])
    return Dataset(out)


def identities(root, part):
    return {str(p.relative_to(root)): (p.stat().st_ino, p.stat().st_mtime_ns)
            for p in (root / part).rglob('*') if p.is_file()}


def test_files_are_those_of_lerobot_v3(dataset):
    assert sorted(contents(dataset.root)) == sorted([
        'meta/contract.yaml', 'meta/info.json', 'meta/stats.json', 'meta/tasks.parquet',
        'meta/episodes/chunk-000/file-000.parquet',
        *(f'data/chunk-000/file-00{k}.parquet' for k in range(3)),
        *(f'videos/observation.images.{camera}/chunk-000/file-00{k}.mp4'
          for camera in ('scene', 'wrist') for k in range(3))])


def test_info_describes_every_column(dataset):
    info = json.loads((dataset.root / 'meta/info.json').read_text())
    assert (info['codebase_version'], info['fps'], info['robot_type']) == ('v3.0', 30, 'sim_arm')
    assert (info['total_episodes'], info['total_frames'], info['total_tasks']) == (
        3, len(dataset), 1)
    table = pq.read_table(dataset.root / 'data/chunk-000/file-000.parquet')
    videos = {k for k, f in info['features'].items() if f['dtype'] == 'video'}
    assert videos == {'observation.images.scene', 'observation.images.wrist'}
    assert set(table.column_names) == set(info['features']) - videos
    assert info['features']['observation.images.scene'] == {
        'dtype': 'video', 'shape': [48, 64, 3], 'names': ['height', 'width', 'channels']}
    assert info['features']['action']['names'] == CONTRACT.joint_names
    for name, feature in info['features'].items():
        if name in table.column_names:
            kind = str(table.schema.field(name).type)
            assert feature['dtype'] == ('float32' if 'float' in kind else 'int64')
            size = feature['shape'][0]
            assert kind.endswith(f'[{size}]') if feature['names'] else size == 1


def test_rows_hold_what_was_recorded(dataset):
    columns = dataset.columns
    for episode, length in enumerate(dataset.lengths):
        script = bags.Script(CONTRACT, seed=episode, correct_s=1.0)
        rows = dataset.rows(episode)
        assert length > 50
        ticks = columns['tick'][rows]
        state = columns['observation.state'][rows]
        environment = columns['observation.environment_state'][rows]
        for k in range(length):
            t = ticks[k] / 30
            # The newest state is up to one 100 Hz period and its latency old.
            possible = np.array([script.state(s) for s in np.linspace(t - 0.016, t, 40)])
            assert np.abs(possible - state[k]).max(axis=1).min() < 2e-4
            assert np.allclose(environment[k], script.environment(t), atol=2e-3)
        human = columns['control_source'][rows] == 1
        assert np.array_equal(human, ticks >= 30)
        assert np.array_equal(columns['intervention'][rows], human.astype(int))
        assert set(columns['success'][rows]) == {1 if episode % 2 == 0 else 0}
        due = (ticks + 0.4 + 1) / 30
        wanted = np.array([script.state(t) for t in due])
        assert np.allclose(columns['action'][rows][:-1], wanted[:-1], atol=1e-5)


def test_indices_and_times_follow_lerobot(dataset):
    columns = dataset.columns
    assert np.array_equal(columns['index'], np.arange(len(dataset)))
    for episode, length in enumerate(dataset.lengths):
        rows = dataset.rows(episode)
        assert np.array_equal(columns['frame_index'][rows], np.arange(length))
        assert np.array_equal(columns['timestamp'][rows],
                              (np.arange(length) / 30).astype(np.float32))
        assert set(columns['episode_index'][rows]) == {episode}
        row = dataset.episodes[episode]
        assert (row['dataset_from_index'], row['dataset_to_index']) == (rows.start, rows.stop)
        assert row['videos/observation.images.wrist/from_timestamp'] == 0.0
        assert row['videos/observation.images.wrist/to_timestamp'] == length / 30


def test_frames_are_those_of_the_rows(dataset):
    rows = np.array([len(dataset) - 1, 0, 10, dataset.rows(1).start, dataset.rows(2).start + 7])
    for camera in ('scene', 'wrist'):
        found = dataset.frames(camera, rows).astype(int)
        for image, row in zip(found, rows, strict=True):
            episode, tick = dataset.columns['episode_index'][row], dataset.columns['tick'][row]
            # The camera's frame k is taken at tick k and arrives up to 5 ms later.
            errors = [np.abs(image - bags.picture(CONTRACT, camera, int(tick) - late,
                                                  int(episode))).mean() for late in (0, 1)]
            assert min(errors) < 8
            other = bags.picture(CONTRACT, camera, int(tick) + 9, int(episode))
            assert np.abs(image - other).mean() > 2 * min(errors)


def test_episode_table_tells_the_origin(dataset, recorded):
    for row, bag in zip(dataset.episodes, recorded, strict=True):
        assert (row['source'], row['source_hash']) == (bag.name, content_hash(bag))
        assert row['operator'] == 'anna'
        assert (row['drops'], row['refused_messages']) == (0, 0)
        assert row['recorded_ticks'] == row['length'] + row['ticks_without_observation']
    assert [row['outcome'] for row in dataset.episodes] == ['success', 'failure', 'success']


def test_tasks_have_the_text_as_index_for_pandas(dataset):
    frame = pandas.read_parquet(dataset.root / 'meta/tasks.parquet')
    assert (frame.index.name, list(frame.columns)) == ('task', ['task_index'])
    assert frame.loc[CONTRACT.task].task_index == 0


def test_stats_are_those_of_the_whole_table(dataset):
    info = json.loads((dataset.root / 'meta/info.json').read_text())
    assert set(dataset.stats) == set(info['features'])
    for name, values in read_data(sorted((dataset.root / 'data').rglob('*.parquet'))).items():
        flat = values.reshape(len(values), -1).astype(np.float64)
        assert np.isfinite(flat).all()
        stats = dataset.stats[name]
        assert stats['count'].tolist() == [len(flat)]
        for key, expected in (('min', flat.min(0)), ('max', flat.max(0)), ('mean', flat.mean(0)),
                              ('std', flat.std(0))):
            assert np.allclose(stats[key], expected, rtol=1e-6, atol=1e-9), (name, key)
    image = dataset.stats['observation.images.scene']
    assert {image[key].shape for key in ('min', 'max', 'mean', 'std')} == {(3, 1, 1)}
    assert 0 <= image['min'].min() < image['mean'].min() < image['max'].max() <= 1


def test_contract_travels_with_the_dataset(dataset):
    assert dataset.contract == CONTRACT
    assert Contract.load(dataset.root / 'meta/contract.yaml') == CONTRACT


def test_twice_gives_the_same_bytes(dataset, recorded, tmp_path):
    convert(recorded, tmp_path / 'again')
    assert_same(tmp_path / 'again', dataset.root)


def test_input_stays_as_it_is(recorded, tmp_path):
    before = {b: contents(b) for b in recorded}
    convert(recorded, tmp_path / 'out')
    assert {b: contents(b) for b in recorded} == before


def test_append_leaves_closed_files_alone(recorded, tmp_path):
    out = tmp_path / 'out'
    convert(recorded[:2], out)
    before = {part: identities(out, part) for part in ('data', 'videos', 'meta/episodes')}
    stats = (out / 'meta/stats.json').read_bytes()
    result = convert(recorded, out, append=True)
    assert result.episodes == 1
    assert result.skipped == [(bag, 'already in the dataset') for bag in recorded[:2]]
    for part, files in before.items():
        assert files.items() <= identities(out, part).items()
    assert (out / 'meta/episodes/chunk-000/file-001.parquet').is_file()
    assert (out / 'meta/stats.json').read_bytes() != stats
    assert sorted(p.name for p in tmp_path.iterdir()) == ['out']


def test_append_equals_converting_at_once(dataset, recorded, tmp_path):
    out = tmp_path / 'out'
    for bag in recorded:
        convert([bag], out, append=True)
    ours = Dataset(out)
    assert ours.lengths == dataset.lengths
    for name, values in dataset.columns.items():
        assert np.array_equal(ours.columns[name], values, equal_nan=values.dtype.kind == 'f')
    assert contents(out)['meta/stats.json'] == contents(dataset.root)['meta/stats.json']
    same = set(contents(out).items()) & set(contents(dataset.root).items())
    assert len([p for p, _ in same if p.startswith(('data', 'videos'))]) == 9


def test_a_copied_bag_counts_once(recorded, tmp_path):
    copy = tmp_path / 'copy'
    copy.mkdir()
    for file in recorded[0].iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    result = convert([recorded[0], copy], tmp_path / 'out')
    assert (result.episodes, result.skipped) == (1, [(copy, 'already in the dataset')])


def test_a_folder_of_bags(recorded, tmp_path):
    (recorded[0].parent / 'quarantine').mkdir(exist_ok=True)
    result = convert([recorded[0].parent], tmp_path / 'out')
    assert result.episodes == 3
    assert result.skipped == [(recorded[0].parent / 'quarantine', 'set aside by the recorder')]


def test_existing_dataset_is_not_overwritten(dataset, recorded):
    before = contents(dataset.root)
    with pytest.raises(DatasetError, match='dataset exists already and is not overwritten; add '
                                           '--append to extend it, or choose another folder'):
        convert(recorded, dataset.root)
    assert contents(dataset.root) == before


def test_a_folder_with_something_else_is_not_overwritten(recorded, tmp_path):
    (tmp_path / 'notes.txt').write_text('mine')
    with pytest.raises(DatasetError, match='exists already and is no dataset; choose another'):
        convert(recorded, tmp_path)
    with pytest.raises(DatasetError, match='exists already and is no dataset; choose another'):
        convert(recorded, tmp_path / 'notes.txt')


def test_unwritable_output(recorded):
    with pytest.raises(DatasetError, match='/proc/nowhere/out: cannot be written: '):
        convert(recorded, Path('/proc/nowhere/out'))


def corrupt(folder, tmp_path):
    bag = tmp_path / 'corrupt'
    bag.mkdir()
    for file in folder.iterdir():
        data = bytearray(file.read_bytes())
        if file.suffix == '.mcap':
            data[len(data) // 2] ^= 1
        (bag / file.name).write_bytes(data)
    return bag


def test_a_corrupt_bag_is_named_and_nothing_is_written(recorded, tmp_path):
    bad = corrupt(recorded[1], tmp_path)
    with pytest.raises(BagError, match=r'corrupt/episode_0002_0.mcap: damaged: CRC of chunk \d+'):
        convert([recorded[0], bad], tmp_path / 'out')
    assert sorted(p.name for p in tmp_path.iterdir()) == ['.out.parts', 'corrupt']
    assert len(list((tmp_path / '.out.parts').iterdir())) == 1, 'of what was whole, to go on with'


def test_skip_bad_goes_on_without_it(recorded, tmp_path):
    bad = corrupt(recorded[1], tmp_path)
    result = convert([recorded[0], bad, recorded[2]], tmp_path / 'out', skip_bad=True)
    assert result.episodes == 2
    ((path, reason),) = result.skipped
    assert path == bad
    assert 'damaged: CRC of chunk' in reason


def test_another_robot_is_refused_with_the_difference(recorded, tmp_path):
    other = replace(CONTRACT, rate_hz=25.0)
    bag = bags.write_bag(tmp_path / 'other', bags.Script(other))
    with pytest.raises(ContractMismatchError, match=re.escape(
            f'the dataset and {bag} were made for different robots (value of the dataset, value '
            f'of {bag}): rate_hz: 30.0, 25.0')):
        convert([recorded[0], bag], tmp_path / 'out')
    convert([recorded[0]], tmp_path / 'out')
    before = contents(tmp_path / 'out')
    with pytest.raises(ContractMismatchError, match='rate_hz: 30.0, 25.0'):
        convert([bag], tmp_path / 'out', append=True)
    assert contents(tmp_path / 'out') == before


def test_tasks_are_counted(recorded, tmp_path):
    info = bags.EpisodeInfo(CONTRACT, 'stack them', topics={
        t.name: t.resolved for t in bags.topics(CONTRACT)})
    other = bags.write_bag(tmp_path / 'other', bags.Script(CONTRACT, seed=9), info=info)
    convert([recorded[0], other], tmp_path / 'out')
    found = Dataset(tmp_path / 'out')
    assert found.tasks == [CONTRACT.task, 'stack them']
    assert found.columns['task_index'][[0, -1]].tolist() == [0, 1]


def test_idle_ends_are_left_out_on_request(tmp_path):
    script = bags.Script(CONTRACT, seconds=3.0, still_s=1.0)
    bag = bags.write_bag(tmp_path / 'bag', script)
    convert([bag], tmp_path / 'whole')
    convert([bag], tmp_path / 'trimmed', trim_idle=True)
    whole, trimmed = Dataset(tmp_path / 'whole'), Dataset(tmp_path / 'trimmed')
    ticks = trimmed.columns['tick']
    assert 40 <= len(trimmed) <= 46 < len(whole)
    assert np.array_equal(np.diff(ticks), np.ones(len(ticks) - 1))
    inside = np.isin(whole.columns['tick'], ticks)
    assert np.array_equal(whole.columns['action'][inside], trimmed.columns['action'])
    assert len(trimmed.frames('scene', range(len(trimmed)))) == len(trimmed)


def renamed(namespace, script):
    """Write a bag that no recorder of il_ros wrote, its topics in a namespace."""
    def write(folder):
        topics = [bags.Topic(t.name, t.type, f'{namespace}/{t.name}')
                  for t in bags.topics(script.contract)]
        info = bags.EpisodeInfo(script.contract, script.contract.task, outcome='success')
        writer = bags.EpisodeWriter(folder, topics, info, bags.Limits(queue_bytes=1 << 40))
        for event in script.events():
            writer.write(event.topic, event.log_ns, event.data)
        writer.close(info)
        return folder
    return write


def test_a_bag_of_a_namespace_is_read_and_said(tmp_path):
    bag = renamed('/left', bags.Script(bags.small_contract(cameras=())))(tmp_path / 'bag')
    result = convert([bag], tmp_path / 'out')
    assert result.frames == 58
    assert result.warnings == ['bag: topics: taken from /left, the only namespace that fits the '
                               'contract; --namespace names another']
    assert convert([bag], tmp_path / 'named', namespace='left').warnings == []
    with pytest.raises(BagError, match='bag: no complete observation: no message of joint_states, '
                                       "sim/poses; did you mean '/left/joint_states' for"):
        convert([bag], tmp_path / 'other', namespace='right')


def test_a_topic_with_or_without_its_slash_is_the_same_robot(tmp_path):
    contract = bags.small_contract(cameras=())
    absolute = replace(contract, command=replace(
        contract.command, topic='/' + contract.command.topic))
    folders = [bags.write_bag(tmp_path / f'e{k}', bags.Script(robot, reports=False, seed=k))
               for k, robot in enumerate((contract, absolute))]
    assert convert(folders, tmp_path / 'out').episodes == 2


def test_an_episode_in_which_nobody_commanded_is_refused(tmp_path):
    script = bags.Script(bags.small_contract(cameras=()))
    events = [e for e in script.events() if e.topic != 'control/report']
    held = bags.report(script.contract, bags.START_NS, np.zeros(7), verdict=bags.REJECTED)
    events.append(bags.Event(bags.START_NS + 10 ** 9, 'control/report',
                             bags.serialize('il_ros/CommandReport', held)))
    bag = bags.write_bag(tmp_path / 'bag', script, events=sorted(events, key=lambda e: e.log_ns))
    text = ('bag: nobody commanded anything that reached the robot in any of its 58 rows: nothing '
            'can be learnt from them')
    with pytest.raises(BagError, match=text):
        convert([bag], tmp_path / 'out')
    good = bags.write_bag(tmp_path / 'good', script)
    result = convert([bag, good], tmp_path / 'out', skip_bad=True)
    assert (result.episodes, [path.name for path, _ in result.skipped]) == (1, ['bag'])
    assert len(Dataset(tmp_path / 'out')) == 58


def test_other_units_than_the_contracts_are_said_once(tmp_path):
    class Degrees(bags.Script):
        def state(self, t):
            found = super().state(t)
            found[0] = 90 * np.sin(t)
            return found
    contract = bags.small_contract(cameras=())
    folders = [bags.write_bag(tmp_path / f'e{k}', Degrees(contract, seed=k)) for k in range(3)]
    (warning,) = convert(folders, tmp_path / 'out').warnings
    assert warning.startswith("e0: joint 'shoulder_pan', measured and commanded: ")
    assert '(is it in degrees?)' in warning
    assert warning.endswith('(2 more bags likewise)')


def test_a_bag_that_gives_no_row_is_named(tmp_path):
    script = bags.Script(CONTRACT)
    events = [e for e in script.events() if e.topic != 'wrist_camera/image_raw']
    bag = bags.write_bag(tmp_path / 'bag', script, events=events)
    with pytest.raises(BagError, match='bag: no complete observation: no message of '
                                       r'wrist_camera/image_raw; the bag holds /control/command '
                                       r'\(il_ros/msg/Command, 60\), '):
        convert([bag], tmp_path / 'out')
    with pytest.raises(DatasetError, match='out: no episode to write: bag: '):
        convert([bag], tmp_path / 'out', skip_bad=True)
    assert [p.name for p in tmp_path.iterdir()] == ['bag']


def test_a_bag_without_contract_takes_the_one_given(tmp_path):
    bag = bags.write_bag(tmp_path / 'bag', bags.Script(CONTRACT))
    metadata = bag / 'metadata.yaml'
    metadata.write_text(re.sub(r'  custom_data:\n(    .*\n|\n)*', '', metadata.read_text()))
    with pytest.raises(BagError, match='no contract in metadata.yaml'):
        convert([bag], tmp_path / 'out')
    assert convert([bag], tmp_path / 'out', contract=CONTRACT).episodes == 1


def test_a_joint_that_falls_silent_is_told_with_the_rows_that_it_costs(recorded, tmp_path):
    robot = replace(bags.small_contract(cameras=()), poses=None)
    events = bags.Script(robot, jitter=False).events()
    names = robot.joint_names
    for k, event in enumerate(events):
        if event.topic == robot.state.topic:
            ns = event.log_ns
            some = bags.joint_state(robot, ns, np.zeros(len(names)))
            if ns - bags.START_NS > 10 ** 9:
                some.name, some.position = names[:-1], some.position[:-1]
            events[k] = bags.Event(ns, event.topic, bags.serialize('sensor_msgs/JointState', some))
    bag = bags.write_bag(tmp_path / 'e', bags.Script(robot), events=events)
    result = convert([bag], tmp_path / 'out')
    assert result.frames == 32
    assert [note for _, note in result.notes] == [
        "27 of its 59 ticks gave no row: joint_states: joint 'gripper': the newest sample is "
        '0.109 s old, at most 0.1 s is accepted']


def test_progress_and_cancel(recorded, tmp_path):
    calls = []
    convert(recorded[:2], tmp_path / 'out', progress=lambda *call: calls.append(call) or True)
    assert list(dict.fromkeys(calls)) == [(recorded[0], 0, 2), (recorded[1], 1, 2)]
    with pytest.raises(Cancelled, match='cancelled; nothing was written'):
        convert(recorded, tmp_path / 'none', progress=lambda path, done, total: done < 1)
    assert [p.name for p in tmp_path.iterdir()] == ['out']


KILLED = """
import os, signal, sys
from pathlib import Path
from il_ros.datasets.convert import convert
bags = [Path(p) for p in sys.argv[3:]]
def progress(path, done, total):
    if done == int(sys.argv[2]):
        print('here', flush=True)
        sys.stdin.read()
    return True
convert(bags, Path(sys.argv[1]), append=True, progress=progress)
"""


@pytest.mark.parametrize('done, existing', [(0, 0), (2, 0), (2, 1)])
def test_kill_9_leaves_nothing_half_and_a_rerun_is_identical(dataset, recorded, tmp_path, done,
                                                            existing):
    out = tmp_path / 'out'
    if existing:
        convert(recorded[:existing], out)
    before = contents(out)
    process = subprocess.Popen(
        [sys.executable, '-c', KILLED, str(out), str(done), *map(str, recorded)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == 'here\n'
    with pytest.raises(DatasetError, match='another process is writing it'):
        convert(recorded, out, append=True)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert contents(out) == before
    assert [p.name for p in tmp_path.iterdir() if not p.name.startswith('.')] == (
        ['out'] if existing else [])
    convert(recorded, out, append=True)
    assert [p.name for p in tmp_path.iterdir()] == ['out']
    ours = contents(out)
    assert {k: v for k, v in ours.items() if k.startswith(('data', 'videos', 'meta/stats'))} == {
        k: v for k, v in contents(dataset.root).items()
        if k.startswith(('data', 'videos', 'meta/stats'))}


def test_readers_never_miss_a_dataset_that_grows(recorded, tmp_path):
    out = tmp_path / 'out'
    convert(recorded[:1], out)
    process = subprocess.Popen(
        [sys.executable, '-c', KILLED, str(out), '-1', *map(str, recorded)])
    seen = set()

    def finished():
        seen.add(len(Dataset(out).lengths))
        return process.poll() is not None
    wait_for(finished, 'the conversion')
    assert process.returncode == 0
    assert len(Dataset(out).lengths) == 3
    assert seen <= {1, 3}
