from pathlib import Path

from il_ros.errors import RecordingError
from il_ros.recording.store import EpisodeStore
import pytest


def partial(store, name):
    folder = store.begin(name, 0)
    folder.mkdir()
    (folder / 'x').write_text('data')
    return folder


def test_numbers_go_on_after_every_kind_of_episode(tmp_path):
    store = EpisodeStore(tmp_path)
    assert store.next_name() == 'episode_0001'
    store.keep(partial(store, 'episode_0001'))
    store.discard(partial(store, 'episode_0004'))
    assert store.next_name() == 'episode_0005'
    store.quarantine(partial(store, 'episode_0006'), 'why')
    partial(store, 'episode_0008')
    assert store.next_name() == 'episode_0009'


def test_keep_renames(tmp_path):
    store = EpisodeStore(tmp_path)
    kept = store.keep(partial(store, 'a'))
    assert kept == tmp_path / 'a'
    assert sorted(p.name for p in tmp_path.iterdir()) == ['a']
    assert (kept / 'x').read_text() == 'data'


def test_nothing_is_overwritten(tmp_path):
    store = EpisodeStore(tmp_path)
    store.keep(partial(store, 'a'))
    with pytest.raises(RecordingError, match='a exists already and is not overwritten; choose '
                                             'another name'):
        store.begin('a', 0)
    first = store.discard(partial(store, 'b'))
    second = store.discard(partial(store, 'b'))
    assert (first.name, second.name) == ('b', 'b_2')


def test_quarantine_says_why(tmp_path):
    store = EpisodeStore(tmp_path)
    where = store.quarantine(partial(store, 'a'), 'no message')
    assert (where / 'reason.txt').read_text() == 'no message\n'


@pytest.mark.parametrize('name', ['', '../x', '/etc/x', 'a/b', 'a.b', 'a\0b', 'x' * 65, 'ä',
                                  'a\n'])
def test_names_are_checked(tmp_path, name):
    with pytest.raises(RecordingError, match='expected 1 to 64 characters of A-Z a-z 0-9 _ -'):
        EpisodeStore(tmp_path).begin(name, 0)


def test_a_link_out_of_the_folder_is_refused(tmp_path):
    elsewhere = tmp_path / 'elsewhere'
    store = EpisodeStore(tmp_path / 'bags')
    store.root.mkdir()
    (store.root / 'a.partial').symlink_to(elsewhere)
    with pytest.raises(RecordingError, match="episode 'a' would lie outside"):
        store.begin('a', 0)


def test_a_full_disk_is_refused(tmp_path):
    with pytest.raises(RecordingError, match=r'GB free, expected at least 1000000000\.00 GB; free '
                                             'space or record to another disk'):
        EpisodeStore(tmp_path).begin('a', 10 ** 18)


def test_an_unwritable_folder_is_refused():
    with pytest.raises(RecordingError, match='/proc/nowhere: cannot be written: '):
        EpisodeStore(Path('/proc/nowhere')).begin('a', 0)
