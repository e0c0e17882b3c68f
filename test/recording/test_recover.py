"""Bags that were cut off or damaged: one line says where, and what it advises works."""
import subprocess
import sys

import bag_factory as bags
from bags.foreign import EVENTS, SCRIPT, write_mcap
from il_ros.bags.find import find_bags
from il_ros.bags.reader import Bag
from il_ros.errors import BagError
from il_ros.recording.recover import recover
from mcap.reader import make_reader
from mcap.writer import CompressionType, IndexType
import pytest
from rosbags.highlevel import AnyReader

CONTRACT = SCRIPT.contract
CHUNKS = dict.fromkeys(CompressionType)


def chunk_places(data):
    """Return begin of content and end of each chunk record."""
    at, found = 8, []
    while data[at] != 15:
        length = int.from_bytes(data[at + 1:at + 9], 'little')
        if data[at] == 6:
            found.append((at + 9, at + 9 + length))
        at += 9 + length
    return found


def garbage(data):
    begin, end = chunk_places(data)[1]
    middle = (begin + end) // 2
    return data[:middle] + bytes(b ^ 0x5A for b in data[middle:end]) + data[end:]


def swapped_head(data):
    """Destroy the begin of a chunk's compressed bytes, where its magic stands."""
    begin, _ = chunk_places(data)[1]
    at = begin + 32 + int.from_bytes(data[begin + 28:begin + 32], 'little') + 8
    return data[:at] + bytes(8) + data[at + 8:]


DAMAGES = {
    'cut within the data': lambda d: d[:len(d) * 2 // 3],
    'no magic': lambda d: bytes(8) + d[8:],
    'cut before the footer': lambda d: d[:-40],
    'zeros at the end': lambda d: d[:-len(d) // 4] + bytes(len(d) // 4),
    'garbage in a chunk': garbage,
    'no magic in a chunk': swapped_head,
}


@pytest.mark.parametrize('crcs', [True, False], ids=['crc', 'no crc'])
@pytest.mark.parametrize('compression', CHUNKS)
@pytest.mark.parametrize('damage', DAMAGES)
def test_a_damaged_bag_is_one_line_and_its_advice_works(tmp_path, damage, compression, crcs):
    if compression == CompressionType.NONE and not crcs and 'chunk' in damage:
        pytest.skip('nothing in the file tells')
    path = tmp_path / 'bag' / 'bag_0.mcap'
    path.parent.mkdir()
    write_mcap(path, compression=compression, crcs=crcs)
    whole = path.read_bytes()
    path.write_bytes(broken := DAMAGES[damage](whole))
    with pytest.raises(BagError) as caught:
        Bag(path.parent, CONTRACT)
    text = str(caught.value)
    assert '\n' not in text and str(path) in text
    assert text.endswith(f'il_ros convert --recover {path.parent}')
    saved = recover(path.parent)
    assert saved.path == tmp_path / 'bag_recovered'
    assert saved.original == path.parent
    assert path.read_bytes() == broken
    assert 0 < saved.messages <= len(EVENTS)
    if 'chunk' in damage:
        assert saved.bad_chunks == 1
    if 'chunk' in damage or 'within' in damage:
        assert saved.messages < len(EVENTS)
    with Bag(saved.path, CONTRACT) as bag:
        assert sum(bag.counts.values()) == saved.messages
        assert bag.counts['joint_states'] == sum(
            m.topic == 'joint_states' for m in bag.messages(CONTRACT.topics))
    found = find_bags([tmp_path])
    assert found.bags == [saved.path]
    assert found.skipped == [(path.parent, 'damaged; what was whole is in bag_recovered')]


def test_what_is_recovered_is_copied_record_by_record(tmp_path):
    path = write_mcap(tmp_path / 'a.mcap', side='json', index=IndexType.NONE)
    path.write_bytes(path.read_bytes()[:-60])
    saved = recover(path)
    assert saved.path == tmp_path / 'a_recovered'
    with (saved.path / 'a_recovered_0.mcap').open('rb') as stream:
        reader = make_reader(stream, validate_crcs=True)
        kinds = {c.topic: (s.name, s.encoding, c.message_encoding)
                 for s, c, _ in reader.iter_messages()}
    assert kinds['/side'] == ('Note', 'jsonschema', 'json')
    assert kinds['/joint_states'] == ('sensor_msgs/msg/JointState', 'ros2msg', 'cdr')
    with pytest.raises(BagError, match='a_recovered exists already and is not overwritten'):
        recover(path)


def test_a_damaged_bag_of_ours_keeps_contract_and_outcome(tmp_path):
    bag = bags.write_bag(tmp_path / 'e', SCRIPT, outcome='failure')
    file = bag / 'e_0.mcap'
    file.write_bytes(file.read_bytes()[:-500])
    saved = recover(bag)
    with Bag(saved.path) as opened:
        assert opened.info.outcome == 'failure'
        assert opened.info.stop_reason.startswith('recovered: ')
    with AnyReader([saved.path]) as reader:
        assert sum(1 for _ in reader.messages()) == saved.messages


def test_a_partial_folder_of_another_recorder_stays_where_it_is(tmp_path):
    folder = tmp_path / 'bag.partial'
    folder.mkdir()
    write_mcap(folder / 'bag_0.mcap')
    saved = recover(folder)
    assert (saved.path, saved.original, saved.messages) == (tmp_path / 'bag', folder, len(EVENTS))
    assert find_bags([tmp_path]).bags == [tmp_path / 'bag']


def test_a_damaged_metadata_file_is_placed_and_both_advices_work(tmp_path):
    bag = bags.write_bag(tmp_path / 'e', SCRIPT)
    file = bag / 'metadata.yaml'
    file.write_text(file.read_text().replace('version: 9', 'version: [9', 1))
    with pytest.raises(BagError, match=r'e/metadata.yaml: damaged: not valid YAML: .*line \d+.*; '
                                       'repair it, or move it away: the bag is then read by '
                                       'itself, with --robot where it carries no contract'):
        Bag(bag)
    saved = recover(bag)
    with Bag(saved.path) as opened:
        assert opened.info.operator == 'anna'
    file.rename(tmp_path / 'metadata.yaml.damaged')
    with Bag(bag) as opened:
        assert opened.info.operator == 'anna'


def begin(tmp_path):
    """Return an episode killed right after its start."""
    bag = bags.write_bag(tmp_path / 'e', SCRIPT)
    data = (bag / 'e_0.mcap').read_bytes()
    partial = tmp_path / 'e.partial'
    partial.mkdir()
    # What names contract and task is written as the episode begins, before the first chunk.
    (partial / 'e_0.mcap').write_bytes(data[:chunk_places(data)[0][0] - 9])
    (bag / 'metadata.yaml').unlink()
    (bag / 'e_0.mcap').unlink()
    bag.rmdir()
    return partial


def test_an_episode_killed_right_after_its_start_says_so_at_once(tmp_path):
    partial = begin(tmp_path)
    file = partial / 'e_0.mcap'
    for content, text in (
            (file.read_bytes(), 'nothing can be recovered; its recorder was killed before the '
                                'first one was written, or all are damaged; you may delete it'),
            (file.read_bytes()[:30], 'no whole chunk of messages in 30 bytes: '),
            (b'', 'no whole chunk of messages in 0 bytes: ')):
        file.write_bytes(content)
        for ask in (lambda: find_bags([tmp_path]), lambda: find_bags([partial]),
                    lambda: recover(partial)):
            with pytest.raises(BagError) as caught:
                ask()
            assert text in str(caught.value)
            assert '--recover' not in str(caught.value)
    file.unlink()
    for ask in (lambda: find_bags([partial]), lambda: recover(partial)):
        with pytest.raises(BagError, match='nothing can be recovered.*you may delete it'):
            ask()


def test_on_the_command_line(tmp_path):
    bag = bags.write_bag(tmp_path / 'deep' / 'deeper' / 'e', SCRIPT)
    partial = bag.with_name('f.partial')
    bag.rename(partial)

    def run(*args):
        return subprocess.run([sys.executable, '-c', 'from il_ros.cli import main; main()',
                               *map(str, args)],
                              capture_output=True, text=True)
    refused = run('convert', tmp_path / 'deep', '--out', tmp_path / 'out')
    assert refused.returncode == 2
    assert refused.stderr.endswith(
        'got deeper/f.partial: was never closed; run: il_ros convert --recover '
        f'{partial}\n')
    saved = run('convert', '--recover', partial)
    assert (saved.returncode, saved.stderr) == (0, '')
    assert f'The original is kept unchanged: {bag.parent / "recovered" / "f"}' in saved.stdout
    done = run('convert', tmp_path / 'deep', '--out', tmp_path / 'out')
    assert (done.returncode, done.stderr) == (0, '')
    assert '1 episodes' in done.stdout
