from dataclasses import replace
from pathlib import Path
import resource
import signal
import subprocess
import sys

import bag_factory as bags
from il_ros.bags.reader import Bag
from il_ros.errors import RecordingError
from il_ros.recording.metadata import EpisodeInfo
from il_ros.recording.recover import recover
from il_ros.recording.writer import EpisodeWriter, Limits
from mcap.reader import make_reader
from nodes.harness import wait_for
import pytest
from rosbags.highlevel import AnyReader
import yaml

SCRIPT = bags.Script(bags.small_contract(), seconds=1.0, correct_s=0.5)
EVENTS = SCRIPT.events()
TOPICS = bags.topics(SCRIPT.contract)
INFO = EpisodeInfo(SCRIPT.contract, 'sort it', 'anna', topics={t.name: t.resolved for t in TOPICS})


def written(folder):
    return bags.write_bag(folder, SCRIPT, events=EVENTS)


def expected():
    return sorted((e.log_ns, '/' + e.topic, e.data) for e in EVENTS)


def test_rosbags_reads_every_message_back(tmp_path):
    with AnyReader([written(tmp_path / 'e')]) as reader:
        got = [(ns, c.topic, bytes(data)) for c, ns, data in reader.messages()]
        modes = [reader.deserialize(data, c.msgtype).mode for c, ns, data in reader.messages()
                 if c.topic == '/control/mode']
    assert sorted(got) == expected()
    assert [ns for ns, *_ in got] == sorted(e.log_ns for e in EVENTS)
    assert modes == [bags.AUTONOMOUS, bags.CORRECTING]


def test_plain_mcap_reads_every_message_back(tmp_path):
    (file,) = written(tmp_path / 'e').glob('*.mcap')
    with file.open('rb') as stream:
        reader = make_reader(stream, validate_crcs=True)
        summary = reader.get_summary()
        got = [(m.log_time, c.topic, m.data) for _, c, m in reader.iter_messages()]
        profile = reader.get_header().profile
    assert sorted(got) == expected()
    assert profile == 'ros2'
    assert summary.statistics.message_count == len(EVENTS)
    assert {s.encoding for s in summary.schemas.values()} == {'ros2msg'}
    assert all(chunk.compression == '' for chunk in summary.chunk_indexes)


def test_metadata_is_what_rosbag2_writes(tmp_path):
    folder = written(tmp_path / 'e')
    found = yaml.safe_load((folder / 'metadata.yaml').read_text())['rosbag2_bagfile_information']
    assert (found['version'], found['storage_identifier']) == (9, 'mcap')
    assert found['relative_file_paths'] == ['e_0.mcap']
    assert found['message_count'] == len(EVENTS) == sum(
        t['message_count'] for t in found['topics_with_message_count'])
    assert found['starting_time']['nanoseconds_since_epoch'] == EVENTS[0].log_ns
    assert found['duration']['nanoseconds'] == EVENTS[-1].log_ns - EVENTS[0].log_ns
    mode = next(t['topic_metadata'] for t in found['topics_with_message_count']
                if t['topic_metadata']['name'] == '/control/mode')
    assert mode['type'] == 'il_ros/msg/ControlMode'
    assert mode['offered_qos_profiles'][0]['durability'] == 'transient_local'
    assert mode['type_description_hash'].startswith('RIHS01_')


def test_metadata_and_channels_agree_on_qos_and_types(tmp_path):
    folder = written(tmp_path / 'e')
    found = yaml.safe_load((folder / 'metadata.yaml').read_text())['rosbag2_bagfile_information']
    with (folder / 'e_0.mcap').open('rb') as stream:
        channels = make_reader(stream).get_summary().channels.values()
    assert {c.topic: (yaml.safe_load(c.metadata['offered_qos_profiles']),
                      c.metadata['topic_type_hash']) for c in channels} == {
        t['topic_metadata']['name']: (t['topic_metadata']['offered_qos_profiles'],
                                      t['topic_metadata']['type_description_hash'])
        for t in found['topics_with_message_count']}


def test_a_full_queue_drops_and_counts_exactly(tmp_path):
    writer = EpisodeWriter(tmp_path / 'e.partial', TOPICS, INFO, Limits(queue_bytes=10))
    results = [writer.write('joint_states', bags.START_NS + k, b'\0\1\0\0' + bytes(8))
               for k in range(5)]
    counts = writer.close(INFO)
    assert results == [False] * 5
    assert (writer.drops['joint_states'], counts['joint_states']) == (5, 0)


def test_accepted_and_dropped_add_up(tmp_path):
    writer = EpisodeWriter(tmp_path / 'e.partial', TOPICS, INFO, Limits(queue_bytes=200_000))
    accepted = sum(writer.write('joint_states', bags.START_NS + k, bytes(50_000))
                   for k in range(200))
    counts = writer.close(INFO)
    assert counts['joint_states'] == accepted
    assert writer.drops['joint_states'] == 200 - accepted


def test_low_space_stops_and_still_closes(tmp_path):
    limits = Limits(free_bytes=10 ** 18, sync_ns=0)
    writer = EpisodeWriter(tmp_path / 'e', TOPICS, INFO, limits)
    count = 0
    for count in range(10 ** 7):
        if not writer.write('joint_states', bags.START_NS + count, EVENTS[0].data):
            break
    assert writer.failure.startswith('disk full: ')
    assert writer.close(INFO)['joint_states'] == count
    assert writer.drops['joint_states'] == 1


def test_a_disk_that_refuses_leaves_what_was_written(tmp_path):
    # A file-size limit makes write() fail as a full disk does. It holds for this whole process,
    # so it is set only while the writer runs.
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, hard))
    try:
        writer = EpisodeWriter(tmp_path / 'e.partial', TOPICS, INFO, Limits(chunk_bytes=100_000))
        for k in range(100):
            writer.write('joint_states', bags.START_NS + k, bytes(50_000))
        with pytest.raises(RecordingError, match='cannot be closed: .*File too large; free space, '
                                                 'then: il_ros convert --recover .*e.partial'):
            writer.close(INFO)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    recovered = recover(tmp_path / 'e.partial')
    assert 0 < recovered.messages < 100
    assert recovered.messages + writer.drops['joint_states'] == 100
    with Bag(recovered.path) as bag:
        assert bag.counts['joint_states'] == recovered.messages


KILLED = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
import bag_factory as bags
from il_ros.recording.metadata import EpisodeInfo
from il_ros.recording.writer import EpisodeWriter
script = bags.Script(bags.small_contract(), seconds=2.0)
topics = bags.topics(script.contract)
info = EpisodeInfo(script.contract, 'sort it', 'anna',
                   topics={t.name: t.resolved for t in topics})
writer = EpisodeWriter(Path(sys.argv[1]), topics, info)
events = [e for e in script.events() if sys.argv[3] in ('', e.topic)]
for number, event in enumerate(events):
    writer.write(event.topic, event.log_ns, event.data)
    if number == len(events) // 2:
        sys.stdin.readline()
print('written', flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize('only', ['', 'joint_states'], ids=['all streams', 'states'])
def test_kill_9_leaves_a_recoverable_episode(tmp_path, only):
    folder = tmp_path / 'e.partial'
    process = subprocess.Popen(
        [sys.executable, '-c', KILLED, str(folder), str(Path(bags.__file__).parent), only],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    events = [e for e in bags.Script(bags.small_contract(), seconds=2.0).events()
              if only in ('', e.topic)]
    half = events[:len(events) // 2 + 1]
    # With nothing more coming, the chunk in progress is closed by its age.
    file = folder / 'e_0.mcap'
    wait_for(lambda: file.is_file() and half[-1].data in file.read_bytes(), 'half of the messages')
    process.stdin.write('go on\n')
    process.stdin.flush()
    assert process.stdout.readline() == 'written\n'
    process.send_signal(signal.SIGKILL)
    process.wait()
    original = (folder / 'e_0.mcap').read_bytes()

    recovered = recover(folder)

    assert recovered.path == tmp_path / 'e'
    assert recovered.messages >= len(half)
    assert sorted(p.name for p in tmp_path.iterdir()) == ['e', 'recovered']
    assert (tmp_path / 'recovered/e/e_0.mcap').read_bytes() == original
    with Bag(recovered.path) as bag:
        assert (bag.info.outcome, bag.info.task, bag.info.operator) == (
            'unlabelled', 'sort it', 'anna')
        assert bag.info.stop_reason.startswith('recovered: ')
        messages = [(m.topic, m.log_ns) for m in bag.messages(bag.counts)]
    assert messages[:len(half)] == [(e.topic, e.log_ns) for e in half]


def test_recovery_of_every_truncation_keeps_the_whole_chunks(tmp_path):
    whole = written(tmp_path / 'whole')
    data = (whole / 'whole_0.mcap').read_bytes()
    counts = []
    for number, share in enumerate((0.3, 0.5, 0.7, 0.9, 0.97, 1.0)):
        partial = tmp_path / f'e{number}.partial'
        partial.mkdir()
        (partial / f'e{number}_0.mcap').write_bytes(data[:int(len(data) * share)])
        try:
            recovered = recover(partial)
        except Exception as error:
            assert 'no whole chunk' in str(error)
            counts.append(0)
            continue
        counts.append(recovered.messages)
        with AnyReader([recovered.path]) as reader:
            assert sum(1 for _ in reader.messages()) == recovered.messages
    assert counts == sorted(counts)
    assert counts[-1] == len(EVENTS)


def test_recovery_never_overwrites(tmp_path):
    written(tmp_path / 'e')
    written(tmp_path / 'other').rename(tmp_path / 'e.partial')
    with pytest.raises(Exception, match='e exists already and is not overwritten; move it away'):
        recover(tmp_path / 'e.partial')
    assert (tmp_path / 'e.partial/other_0.mcap').exists()


def test_info_survives_the_file(tmp_path):
    info = replace(INFO, outcome='failure', drops={'a': 2}, control_sources={'human': 3},
                   start_reason='service', stop_reason='ä: "quoted"\nline')
    folder = bags.write_bag(tmp_path / 'e', SCRIPT, events=EVENTS, info=info)
    with Bag(folder) as bag:
        assert bag.info == info
