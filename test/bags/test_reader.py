import hashlib
import random
import re

import bag_factory as bags
from il_ros.bags.files import content_hash
from il_ros.bags.find import find_bags
from il_ros.bags.integrity import check_mcap
from il_ros.bags.reader import Bag
from il_ros.errors import BagError
from il_ros.recording.metadata import EpisodeInfo
import numpy as np
import pytest

SCRIPT = bags.Script(bags.small_contract(), seconds=1.0, correct_s=0.5)
EVENTS = SCRIPT.events()


@pytest.fixture
def bag(tmp_path):
    return bags.write_bag(tmp_path / 'e', SCRIPT, events=EVENTS)


def edit(bag, old, new):
    file = bag / 'metadata.yaml'
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def test_yields_log_time_order_half_open(bag):
    with Bag(bag) as opened:
        found = list(opened.messages(opened.counts))
        assert (opened.start_ns, opened.end_ns) == (EVENTS[0].log_ns, EVENTS[-1].log_ns + 1)
    assert [m.log_ns for m in found] == sorted(e.log_ns for e in EVENTS)
    assert len(found) == len(EVENTS)


def test_names_topics_as_the_contract_does(bag):
    with Bag(bag) as opened:
        assert opened.counts['joint_states'] == 100
        (first, *_) = opened.messages({'joint_states'})
    assert first.topic == 'joint_states'
    assert np.array_equal(first.message.position, SCRIPT.state(0.0))


def test_names_follow_a_namespace(tmp_path):
    recorded = [bags.Topic(t.name, t.type, '/left/' + t.name)
                for t in bags.topics(SCRIPT.contract)]
    info = EpisodeInfo(SCRIPT.contract, topics={t.name: t.resolved for t in recorded})
    writer = bags.EpisodeWriter(tmp_path / 'e', recorded, info)
    writer.write('joint_states', EVENTS[0].log_ns,
                 next(e.data for e in EVENTS if e.topic == 'joint_states'))
    writer.close(info)
    with Bag(tmp_path / 'e') as opened:
        assert [m.topic for m in opened.messages({'joint_states'})] == ['joint_states']


@pytest.mark.parametrize('spoil, text', [
    (lambda b: [p.unlink() for p in b.iterdir()],
     r'expected a bag directory (metadata.yaml and .mcap), got an empty folder'),
    (lambda b: (b / 'e_0.mcap').unlink(),
     r'expected a bag directory (metadata.yaml and .mcap), got no data file'),
    (lambda b: (b / 'e_0.mcap').write_bytes((b / 'e_0.mcap').read_bytes()[:-100]),
     'truncated: the end of the file is missing; save what is whole, and leave this as it is: '
     'il_ros convert --recover'),
    (lambda b: (b / 'e_0.mcap').write_bytes(b''),
     'truncated: 0 bytes; no whole chunk of messages in 0 bytes: nothing can be recovered; '),
    (lambda b: (b / 'e_0.mcap').write_bytes(b'x' * 1000), 'not an MCAP file'),
    (lambda b: edit(b, 'contract: ', 'kontrakt: '),
     'no contract in metadata.yaml (custom_data: contract): not recorded by teleop_capture; name '
     'the robot with --robot'),
    (lambda b: edit(b, 'rate_hz: 30.0', 'rate_hz: 31.0'),
     'the contract does not match its hash: metadata.yaml is damaged or was edited'),
    (lambda b: edit(b, 'outcome: success', 'outcome: succezz'),
     "outcome 'succezz': expected one of success, failure, unlabelled"),
    (lambda b: edit(b, 'version: 9', 'version: [9'), 'metadata.yaml: damaged: '),
    (lambda b: edit(b, 'rosbag2_bagfile_information', 'else'), 'metadata.yaml: damaged: '),
], ids=['empty folder', 'no file', 'truncated', 'zero bytes', 'not mcap',
        'no contract', 'contract edited', 'outcome', 'not yaml', 'not rosbag2'])
def test_what_is_wrong_is_named(bag, spoil, text):
    spoil(bag)
    with pytest.raises(BagError, match=re.escape(text)):
        Bag(bag)


def test_missing_bag(tmp_path):
    with pytest.raises(BagError, match='nowhere: expected a bag directory, got nothing'):
        Bag(tmp_path / 'nowhere')


def test_no_messages(tmp_path):
    folder = bags.write_bag(tmp_path / 'e', SCRIPT, events=[])
    with pytest.raises(BagError, match='the bag holds no messages'):
        Bag(folder)


@pytest.mark.parametrize('old, new', [
    ('durability: volatile', 'durability: transient_local'),
    ('message_count: 100', 'message_count: 7'),
    ('name: /joint_states', 'name: /other'),
    ('type: sensor_msgs/msg/JointState', 'type: std_msgs/msg/String'),
    ('serialization_format: cdr', 'serialization_format: json'),
    ('storage_identifier: mcap', 'storage_identifier: sqlite3'),
    ('nanoseconds_since_epoch: 17', 'nanoseconds_since_epoch: 3'),
    ('version: 9', 'version: 99'),
    ("compression_mode: ''", 'compression_mode: MESSAGE'),
    ('- e_0.mcap', '- renamed.mcap'),
])
def test_messages_outrank_what_stands_beside_them(bag, old, new):
    edit(bag, old, new)
    with Bag(bag) as opened:
        assert opened.counts['joint_states'] == 100
        assert (opened.start_ns, opened.end_ns) == (EVENTS[0].log_ns, EVENTS[-1].log_ns + 1)
        assert sum(1 for _ in opened.messages(opened.counts)) == len(EVENTS)


def test_a_corrupt_chunk_is_named(bag):
    file = bag / 'e_0.mcap'
    data = bytearray(file.read_bytes())
    wanted = next(e.data for e in EVENTS if e.topic == 'scene_camera/image_raw')
    data[data.index(wanted) + 1000] ^= 4
    file.write_bytes(data)
    with pytest.raises(BagError, match=r'e_0.mcap: damaged: CRC of chunk 1 does not match \(log '
                                       r'time 1700000000.000 to .* s\); restore the bag from a '
                                       'copy, or leave it out with --skip-bad; '):
        Bag(bag)


def test_every_bit_flip_in_the_data_file_is_detected(bag):
    file = bag / 'e_0.mcap'
    original = file.read_bytes()
    rng = random.Random(1)
    # Everywhere, and each byte of the last 200, where the footer and its CRCs lie.
    places = [rng.randrange(len(original)) for _ in range(800)]
    places += range(len(original) - 200, len(original))
    undetected = []
    with file.open('r+b') as stream:
        for place in places:
            stream.seek(place)
            stream.write(bytes([original[place] ^ 1 << rng.randrange(8)]))
            stream.flush()
            try:
                check_mcap(file)
                undetected.append(place)
            except BagError:
                pass
            stream.seek(place)
            stream.write(original[place:place + 1])
            stream.flush()
    assert undetected == []
    assert file.read_bytes() == original


def test_reading_changes_nothing(bag):
    def state():
        return {p: (hashlib.sha256(p.read_bytes()).hexdigest(), p.stat().st_mtime_ns)
                for p in bag.rglob('*')}
    before = state()
    with Bag(bag) as opened:
        list(opened.messages(opened.counts))
    content_hash(bag)
    assert state() == before


def test_content_hash_ignores_labels_and_names(bag, tmp_path):
    before = content_hash(bag)
    edit(bag, 'outcome: success', 'outcome: failure')
    moved = bag.rename(tmp_path / 'other')
    assert content_hash(moved) == before
    other = bags.write_bag(tmp_path / 'f', bags.Script(SCRIPT.contract, seconds=1.0, seed=1))
    assert content_hash(other) != before


def test_find_takes_bags_and_folders_of_them(tmp_path, bag):
    second = bags.write_bag(tmp_path / 'b', SCRIPT, events=EVENTS)
    bags.write_bag(tmp_path / 'open.partial', SCRIPT, events=EVENTS)
    (tmp_path / 'discarded').mkdir()
    (tmp_path / 'unrelated').mkdir()
    found = find_bags([tmp_path, bag])
    assert found.bags == [second, bag]
    assert [(p.name, reason.split(';')[0]) for p, reason in found.skipped] == [
        ('discarded', 'set aside by the recorder'), ('open.partial', 'was never closed')]


@pytest.mark.parametrize('make, text', [
    (lambda p: p / 'none', 'none: expected a bag directory, got nothing'),
    (lambda p: (p / 'e').rename(p / 'e.partial'),
     'e.partial: was never closed; run: il_ros convert --recover'),
], ids=['missing', 'partial'])
def test_find_names_what_is_wrong(tmp_path, bag, make, text):
    with pytest.raises(BagError, match=re.escape(text)):
        find_bags([make(tmp_path)])


def test_find_says_what_an_unusable_folder_holds(tmp_path, bag):
    bag.rename(tmp_path / 'e.partial')
    with pytest.raises(BagError, match=r'expected bag directories \(metadata.yaml and .mcap\), '
                                       'got e.partial: was never closed; run: il_ros convert '
                                       '--recover .*e.partial'):
        find_bags([tmp_path])
