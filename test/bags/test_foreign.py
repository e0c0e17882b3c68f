"""What is needed is read, whatever else a bag holds, however it was stored."""
import hashlib

import bag_factory as bags
from bags import foreign
from bags.foreign import EVENTS, SCRIPT, SIDES, write_db3, write_mcap
from il_ros.bags.find import find_bags
from il_ros.bags.reader import Bag
from il_ros.bags.survey import Survey
from il_ros.contract import VIDEO_TYPES
from il_ros.errors import BagError
from mcap.writer import CompressionType, IndexType
import numpy as np
import pytest
import zstandard

CONTRACT = SCRIPT.contract


def read(path):
    with Bag(path, CONTRACT) as bag:
        return [(m.topic, m.log_ns) for m in bag.messages(CONTRACT.topics)], bag


EXPECTED = [(e.topic, e.log_ns) for e in EVENTS if e.topic in CONTRACT.topics]


@pytest.mark.parametrize('side', SIDES)
def test_a_topic_that_nobody_needs_is_left_alone(tmp_path, side):
    for path in (write_mcap(tmp_path / 'a.mcap', side=side),
                 *([write_db3(tmp_path / 'a.db3', side=side)] if SIDES[side][0] else [])):
        messages, bag = read(path)
        assert messages == EXPECTED
        assert (bag.start_ns, bag.end_ns) == (EVENTS[0].log_ns, EVENTS[-1].log_ns + 1)
        assert bag.counts.get('side', 0) == (side != 'name of ours' or path.suffix == '.db3')
        assert 'control/report' not in bag.counts


@pytest.mark.parametrize('options', [
    {}, {'compression': CompressionType.LZ4}, {'compression': CompressionType.NONE},
    {'chunking': False}, {'index': IndexType.NONE}, {'index': IndexType.NONE, 'chunking': False},
    {'crcs': False}, {'summary': False}, {'summary': False, 'index': IndexType.NONE},
    {'definitions': False}, {'encoding': 'ros2idl'}, {'chunk_size': 1 << 30},
], ids=str)
def test_every_way_to_store_mcap(tmp_path, options):
    assert read(write_mcap(tmp_path / 'a.mcap', **options))[0] == EXPECTED


@pytest.mark.parametrize('kind', VIDEO_TYPES)
@pytest.mark.parametrize('end', ['ffmpeg', 'foxglove'])
def test_video_needs_no_definition_and_is_found_beside_its_camera(tmp_path, kind, end):
    raw = CONTRACT.cameras[0].topic
    events = [bags.Event(e.log_ns, f'{raw}/{end}', bags.serialize(
        kind, bags.video(kind, e.log_ns, b'picture'))) if e.topic == raw else e for e in EVENTS]
    path = write_mcap(tmp_path / 'a.mcap', events, definitions=False,
                      types=foreign.TYPES | {f'{raw}/{end}': kind})
    assert read(path)[0] == EXPECTED


@pytest.mark.parametrize('schema', [2, 4])
def test_databases_with_and_without_definitions(tmp_path, schema):
    assert read(write_db3(tmp_path / 'a.db3', schema=schema))[0] == EXPECTED


def test_what_a_killed_recorder_left_in_the_log_of_a_database_is_read(tmp_path):
    folder = tmp_path / 'bag'
    folder.mkdir()
    write_db3(folder / 'bag_0.db3', wal=True)
    before = {p.name: p.read_bytes() for p in folder.iterdir()}
    assert len(before['bag_0.db3-wal']) > 100_000
    assert read(folder)[0] == EXPECTED
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == before


def test_messages_come_in_log_time_order_over_chunks_and_files(tmp_path):
    folder = tmp_path / 'bag'
    folder.mkdir()
    shuffled = [EVENTS[k] for k in np.random.default_rng(0).permutation(len(EVENTS))]
    write_mcap(folder / 'bag_0.mcap', shuffled[::2])
    write_mcap(folder / 'bag_1.mcap', shuffled[1::2])
    with Bag(folder, CONTRACT) as bag:
        found = [m.log_ns for m in bag.messages(CONTRACT.topics)]
    assert found == sorted(ns for _, ns in EXPECTED)


def test_compressed_files_and_messages(tmp_path):
    plain = write_mcap(tmp_path / 'a.mcap').read_bytes()
    folder = tmp_path / 'bag'
    folder.mkdir()
    (folder / 'bag_0.mcap.zstd').write_bytes(zstandard.compress(plain))
    assert read(folder)[0] == EXPECTED
    packed = [bags.Event(e.log_ns, e.topic, zstandard.compress(e.data)) for e in EVENTS]
    assert read(write_mcap(tmp_path / 'b.mcap', packed))[0] == EXPECTED
    (folder / 'bag_0.mcap.zstd').write_bytes(zstandard.compress(plain)[:-3000])
    with pytest.raises(BagError, match=r'bag_0.mcap.zstd: .*(damaged|truncated)'):
        read(folder)


def test_a_folder_without_metadata_is_read_by_itself(tmp_path):
    bag = bags.write_bag(tmp_path / 'e', SCRIPT)
    with Bag(bag) as opened:
        expected = opened.info
    (bag / 'metadata.yaml').unlink()
    with Bag(bag) as opened:
        assert opened.info == expected
    with Bag(bag / 'e_0.mcap') as opened:
        assert opened.info == expected


def test_files_that_are_not_parts_of_one_bag(tmp_path):
    for name in ('morning.mcap', 'noon.mcap'):
        write_mcap(tmp_path / name)
    assert [p.name for p in find_bags([tmp_path]).bags] == ['morning.mcap', 'noon.mcap']
    with pytest.raises(BagError, match='metadata.yaml is missing, and its files are not parts of '
                                       'one bag: morning.mcap, noon.mcap; name one of them'):
        read(tmp_path)


def test_a_file_in_place_of_a_folder(tmp_path):
    bag = bags.write_bag(tmp_path / 'e', SCRIPT)
    for path in (bag, bag / 'e_0.mcap', bag / 'metadata.yaml'):
        assert find_bags([path]).bags == [bag]
    alone = write_mcap(tmp_path / 'alone.mcap')
    assert find_bags([alone]).bags == [alone]
    (tmp_path / 'old.bag').write_bytes(b'#ROSBAG V2.0\n')
    with pytest.raises(BagError, match='old.bag: a bag of ROS 1; convert it first: '
                                       'rosbags-convert --src .*old.bag --dst .*old$'):
        find_bags([tmp_path / 'old.bag'])
    (tmp_path / 'notes.txt').write_text('mine')
    with pytest.raises(BagError, match='notes.txt: expected a bag directory, or its .mcap'):
        find_bags([tmp_path / 'notes.txt'])


@pytest.mark.parametrize('contracted, recorded', [
    ('', '/compressed'), ('/compressed', ''), ('', '/compressedDepth'),
    ('/compressedDepth', '/compressed')])
def test_a_camera_is_found_through_any_transport(tmp_path, monkeypatch, contracted, recorded):
    from dataclasses import replace
    camera = CONTRACT.cameras[0]
    base = camera.topic
    contract = replace(CONTRACT, cameras=(replace(camera, topic=base + contracted),))
    path = write_mcap(tmp_path / 'a.mcap', rename=lambda t: t + recorded if t == base else t)
    with Bag(path, contract) as bag:
        found = [m.topic for m in bag.messages(contract.topics)]
    assert found.count(base + contracted) == sum(e.topic == base for e in EVENTS)


def test_another_type_than_the_contract_says_is_refused_where_it_is_asked_for(tmp_path):
    path = write_mcap(tmp_path / 'a.mcap', rename=lambda t: {
        'joint_states': 'sim/poses', 'sim/poses': 'joint_states'}.get(t, t))
    with pytest.raises(BagError, match='/joint_states is of type geometry_msgs/msg/PoseArray, the '
                                       'contract says sensor_msgs/JointState; correct'):
        read(path)


@pytest.mark.parametrize('side, text', [
    ('json', "/side is written as 'json', expected cdr; record it with ros2 bag record"),
    ('unknown', '/side: the bag defines control_msgs/action/FollowJointTrajectory_FeedbackMessage '
                "in 'unknown', which cannot be read")])
def test_what_is_asked_for_has_to_be_understood(tmp_path, side, text):
    with Bag(write_mcap(tmp_path / 'a.mcap', side=side), CONTRACT) as bag, \
            pytest.raises(BagError) as caught:
        list(bag.messages(['side']))
    assert text in str(caught.value)


def test_missing_topics_are_answered_with_what_is_there(tmp_path):
    path = write_mcap(tmp_path / 'a.mcap', rename=lambda t: f'{t}_raw')
    with Bag(path, CONTRACT) as bag, pytest.raises(BagError) as caught:
        bag.require(['joint_states'])
    text = "no message of joint_states; did you mean '/joint_states_raw' for joint_states? "
    assert text in str(caught.value)
    assert '/joint_states_raw (sensor_msgs/msg/JointState, 100)' in str(caught.value)


def test_a_file_that_metadata_names_and_nobody_finds(tmp_path):
    bag = bags.write_bag(tmp_path / 'e', SCRIPT)
    text = (bag / 'metadata.yaml').read_text()
    (bag / 'metadata.yaml').write_text(text.replace('  - e_0.mcap', '  - e_0.mcap\n  - e_1.mcap'))
    with pytest.raises(BagError, match='metadata.yaml names files that are missing: e_1.mcap; '
                                       'restore them, or move metadata.yaml away to read what is'):
        Bag(bag)


def test_a_damaged_database_is_one_line(tmp_path):
    path = write_db3(tmp_path / 'a.db3')
    data = bytearray(path.read_bytes())
    data[30_000:200_000] = bytes(170_000)
    path.write_bytes(data)
    with pytest.raises(BagError, match=r'a.db3: damaged: .*; save what is whole into another '
                                       r'file: sqlite3 .*a.db3 .recover'):
        read(path)
    path.write_bytes(b'x' * 1000)
    with pytest.raises(BagError, match='a.db3: expected an sqlite3 database, got 78 78'):
        read(path)


@pytest.mark.parametrize('seed', range(3))
@pytest.mark.parametrize('kind', ['mcap', 'db3'])
def test_flipped_bytes_without_crcs_end_in_messages_or_a_line(tmp_path, kind, seed):
    path = write_db3(tmp_path / 'a.db3') if kind == 'db3' else write_mcap(
        tmp_path / 'a.mcap', crcs=False, compression=CompressionType.NONE)
    sound, random = path.read_bytes(), np.random.default_rng(seed)
    for _ in range(60):
        data = bytearray(sound)
        at = int(random.integers(random.choice([4000, len(data)])))
        data[at:at + 8] = bytes([random.choice([0, 0x80, 0xff])]) * random.choice([1, 8])
        path.write_bytes(data[:len(sound)])
        try:
            with Bag(path, CONTRACT) as bag:
                for _ in bag.stamps(CONTRACT.topics):
                    pass
                Survey.of(bag, CONTRACT.topics)
        except BagError as error:
            assert '\n' not in str(error)


def test_a_log_time_that_is_no_date_is_damage(tmp_path):
    late = [bags.Event(1 << 63, e.topic, e.data) if k == 40 else e for k, e in enumerate(EVENTS)]
    for chunking in (True, False):
        path = write_mcap(tmp_path / 'a.mcap', late, crcs=False, chunking=chunking)
        with pytest.raises(BagError, match='a.mcap: damaged: a message has the log time '
                                           '9223372036854775808 ns, which is no date; restore'):
            read(path)


def test_a_database_whose_texts_are_damaged_is_one_line(tmp_path):
    path = write_db3(tmp_path / 'a.db3')
    data = path.read_bytes()
    for old, new in ((b'CREATE TABLE topics', b'CREATE\xffTABLE topics'),
                     (b'serialization_format', b'serialization_f`rmat'),
                     (b'/joint_states', b'/joint_\xfftates')):
        path.write_bytes(data.replace(old, new))
        with pytest.raises(BagError, match=r'a.db3: damaged: .*; save what is whole') as error:
            read(path)
        assert '\n' not in str(error.value)


def test_nothing_of_a_bag_changes(tmp_path):
    folder = tmp_path / 'bag'
    folder.mkdir()
    for path in (write_mcap(folder / 'a.mcap'), write_db3(folder / 'b.db3')):
        before = [(p.name, p.stat().st_mtime_ns, hashlib.sha256(p.read_bytes()).hexdigest())
                  for p in sorted(folder.iterdir())]
        read(path)
        assert before == [(p.name, p.stat().st_mtime_ns,
                           hashlib.sha256(p.read_bytes()).hexdigest())
                          for p in sorted(folder.iterdir())]


def test_the_factory_writes_what_it_says():
    assert {len(foreign.SIDES[name]) for name in SIDES} == {4}
