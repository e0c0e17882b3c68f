"""A conversion in several processes gives the same bytes; one that was killed goes on."""
import json
import signal
import subprocess
import sys

import bag_factory as bags
from il_ros.bags.episodes.split import parse_split
from il_ros.datasets.convert import convert
from il_ros.datasets.reporting import Cancelled
from il_ros.errors import BagError
from il_ros.spread.processes import Processes
import pytest
from same_files import assert_same

CONTRACT = bags.small_contract(cameras=('scene',))


@pytest.fixture(scope='module')
def recorded(tmp_path_factory):
    return bags.write_bags(tmp_path_factory.mktemp('recorded'), 4, contract=CONTRACT, seconds=1.0)


@pytest.fixture(scope='module')
def alone(recorded, tmp_path_factory):
    out = tmp_path_factory.mktemp('alone') / 'dataset'
    convert(recorded, out)
    return out


class Carrying(Processes):
    """Processes of another machine would not see the disk of this one."""

    disk = False


@pytest.mark.parametrize('spread', [Processes(2), Carrying(2)], ids=['disk', 'carried'])
def test_several_processes_give_the_same_bytes(recorded, alone, tmp_path, spread):
    result = convert(recorded, tmp_path / 'out', spread=spread)
    assert (result.episodes, result.skipped, result.before) == (4, [], 0)
    assert_same(tmp_path / 'out', alone)
    assert [p.name for p in tmp_path.iterdir()] == ['out']


def test_several_processes_append_and_cut_alike(recorded, tmp_path):
    cut = parse_split('gap:0.5')
    for name, spread in (('alone', None), ('beside', Processes(2))):
        convert(recorded[:1], tmp_path / name, split=cut)
        result = convert(recorded, tmp_path / name, append=True, split=cut, spread=spread)
        assert [path.name for path, _ in result.skipped] == ['episode_0001#1']
    assert_same(tmp_path / 'alone', tmp_path / 'beside')


def test_the_first_bad_bag_is_named_and_the_others_are_kept(recorded, alone, tmp_path):
    bad = tmp_path / 'bad'
    bad.mkdir()
    for file in recorded[1].iterdir():
        data = bytearray(file.read_bytes())
        data[len(data) // 2] ^= file.suffix == '.mcap'
        (bad / file.name).write_bytes(data)
    mine = [recorded[0], bad, *recorded[2:]]
    with pytest.raises(BagError, match='bad/episode_0002_0.mcap: damaged'):
        convert(mine, tmp_path / 'out', spread=Processes(2))
    result = convert(mine, tmp_path / 'out', skip_bad=True, spread=Processes(2))
    assert result.episodes == 3 and result.before >= 1
    (skipped,) = result.skipped
    assert skipped[0] == bad and 'damaged' in skipped[1]


KILLED = """
import sys
from pathlib import Path
from il_ros.datasets.convert import convert
def progress(path, done, total):
    if done == 2:
        print('here', flush=True)
        sys.stdin.read()
    return True
convert([Path(p) for p in sys.argv[2:]], Path(sys.argv[1]), progress=progress)
"""


@pytest.fixture
def killed(recorded, tmp_path):
    """Give the place of a dataset whose conversion was killed after two of four bags."""
    process = subprocess.Popen(
        [sys.executable, '-c', KILLED, str(tmp_path / 'out'), *map(str, recorded)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == 'here\n'
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdin.close()
    process.stdout.close()
    return tmp_path / 'out'


def videos(folder):
    return {path.stat().st_ino for path in folder.rglob('*.mp4')}


def test_what_was_killed_goes_on_where_it_was(recorded, alone, killed):
    before = videos(killed.parent / '.out.parts')
    assert len(before) == 2
    result = convert(recorded, killed)
    assert (result.episodes, result.before) == (4, 2)
    assert_same(killed, alone)
    assert before < videos(killed), 'the same files: nothing is encoded twice'
    assert [p.name for p in killed.parent.iterdir()] == ['out']


def test_what_is_asked_otherwise_or_changed_is_made_anew(recorded, killed):
    other = convert(recorded, killed.with_name('other'), trim_idle=True)
    assert other.before == 0
    copy = killed.with_name('copy')
    copy.mkdir()
    for file in recorded[0].iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    metadata = recorded[0] / 'metadata.yaml'
    text = metadata.read_text()
    try:
        metadata.write_text(text.replace('success', 'failure'))
        assert convert(recorded, killed).before == 1
    finally:
        metadata.write_text(text)
    assert json.loads((killed / 'meta/info.json').read_text())['total_episodes'] == 4


def test_a_damaged_part_is_named(recorded, killed):
    (part, *_) = (killed.parent / '.out.parts').iterdir()
    (part / 'part.json').write_text('{')
    with pytest.raises(Exception, match=f'{part}: damaged: .*; delete it and convert again'):
        convert(recorded, killed)


def test_what_a_person_cancels_is_removed(recorded, killed):
    with pytest.raises(Cancelled):
        convert(recorded, killed, progress=lambda path, done, total: done < 3)
    assert list(killed.parent.iterdir()) == []
