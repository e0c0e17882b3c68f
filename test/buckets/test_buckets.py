"""Files of an S3 store: fetched when they changed, put as a whole, never over others."""
from pathlib import Path
import sys

from buckets.store import BUCKET, s3
from il_ros.buckets import fetch
from il_ros.buckets.fetch import fetched
from il_ros.buckets.put import put, require_free, staged
from il_ros.buckets.url import files_at, url_of
from il_ros.errors import BucketError
import pytest

URL = f's3://{BUCKET}/some/bag'


@pytest.fixture(scope='module')
def server():
    with s3() as found:
        yield found


@pytest.fixture
def store(server, tmp_path, monkeypatch):
    monkeypatch.setenv('IL_ROS_CACHE', str(tmp_path / 'cache'))
    yield server
    for path in server.find(BUCKET):
        server.rm_file(path)


def write(store, **files):
    for name, data in files.items():
        store.pipe_file(f'{BUCKET}/some/bag/{name}', data)


def identities(folder):
    return {path.name: path.stat().st_ino for path in folder.iterdir()}


@pytest.mark.parametrize(('text', 'url'), [
    ('s3://b/x/', 's3://b/x'), ('gs://b', 'gs://b'), ('hf://datasets/a/b', 'hf://datasets/a/b'),
    ('bags/s3', None), ('/s3:/x', None), ('ws://host', None)])
def test_a_path_that_was_made_of_a_url_is_one(text, url):
    assert url_of(text) == url_of(Path(text)) == url


def test_only_what_changed_is_fetched_again(store):
    write(store, a=b'one', b=b'two', c=b'three')
    with fetched(files_at(URL)) as folder:
        assert (folder.name, (folder / 'a').read_bytes()) == ('bag', b'one')
        before = identities(folder)
    with fetched(files_at(URL)) as folder:
        assert identities(folder) == before
    write(store, b=b'owt')
    store.rm_file(f'{BUCKET}/some/bag/c')
    with fetched(files_at(URL)) as folder:
        after = identities(folder)
        assert after.keys() == {'a', 'b'} and after['a'] == before['a']
        assert (folder / 'b').read_bytes() == b'owt'


def test_a_single_file_keeps_its_name(store):
    write(store, **{'x.mcap': b'bytes'})
    with fetched(files_at(f'{URL}/x.mcap')) as file:
        assert (file.name, file.read_bytes()) == ('x.mcap', b'bytes')


def test_what_changed_after_it_was_looked_at_is_told(store):
    write(store, a=b'one')
    seen = files_at(URL)
    write(store, a=b'longer')
    with pytest.raises(BucketError, match=f'{URL}/a: expected 3 bytes, got 6: it changed while it '
                                          'was fetched; try again'), fetched(seen):
        pass


def test_what_was_not_used_for_longest_gives_way(store, monkeypatch):
    monkeypatch.setenv('IL_ROS_CACHE_GB', '2e-6')
    for name in ('a', 'b', 'c'):
        write(store, **{f'{name}/x': bytes(900)})
    folders = {}
    for name in ('a', 'b', 'a', 'c'):
        with fetched(files_at(f'{URL}/{name}')) as folder:
            folders[name] = folder
    assert [folders[name].exists() for name in ('a', 'b', 'c')] == [True, False, True]
    write(store, **{'d/x': bytes(3000)})
    with pytest.raises(BucketError, match='what is to be fetched takes 0.0 GB, there may be'), (
            fetched(files_at(f'{URL}/d'))):
        pass


def test_what_is_in_use_stays(store, monkeypatch):
    monkeypatch.setenv('IL_ROS_CACHE_GB', '1e-6')
    for name in ('a', 'b'):
        write(store, **{f'{name}/x': bytes(900)})
    with fetched(files_at(f'{URL}/a')) as folder:
        with pytest.raises(BucketError, match='are in use'), fetched(files_at(f'{URL}/b')):
            pass
        assert (folder / 'x').exists()


def dataset(folder, text='info'):
    for name in ('data/rows', 'meta/info.json', 'meta/stats.json', 'videos/film'):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text + name)
    return folder


def test_a_dataset_appears_last_things_last_and_once(store, tmp_path):
    put(dataset(tmp_path / 'd'), URL)
    times = {path: info['LastModified'] for path, info in store.find(BUCKET, detail=True).items()}
    assert len(times) == 4
    assert max(times.values()) == times[f'{BUCKET}/some/bag/meta/info.json']
    with pytest.raises(BucketError, match=f'{URL} exists already and is not overwritten; choose'):
        require_free(URL)


def test_a_killed_upload_goes_on(store, tmp_path):
    folder = dataset(tmp_path / 'd')
    put(folder, URL)
    store.rm_file(f'{BUCKET}/some/bag/meta/info.json')
    store.rm_file(f'{BUCKET}/some/bag/videos/film')
    kept = store.info(f'{BUCKET}/some/bag/data/rows', refresh=True)['LastModified']
    require_free(URL)
    put(folder, URL)
    assert len(store.find(BUCKET)) == 4
    assert store.info(f'{BUCKET}/some/bag/data/rows', refresh=True)['LastModified'] == kept


def test_nothing_is_written_over_what_is_there(store, tmp_path):
    write(store, notes=b'mine')
    with pytest.raises(BucketError, match=f'{URL}: expected nothing there, got notes; choose'):
        put(dataset(tmp_path / 'd'), URL)
    store.rm_file(f'{BUCKET}/some/bag/notes')
    store.pipe_file(f'{BUCKET}/some/bag/data/rows', b'infodata/r0ws')
    with pytest.raises(BucketError, match=f'{URL}/data/rows: another file lies there'):
        put(dataset(tmp_path / 'd'), URL)
    assert store.cat_file(f'{BUCKET}/some/bag/data/rows') == b'infodata/r0ws'
    assert f'{BUCKET}/some/bag/meta/info.json' not in store.find(BUCKET)


def test_two_at_once_are_refused(store):
    with staged(URL) as folder:
        assert folder.name == 'bag' and not folder.exists()
        with pytest.raises(BucketError, match=f'{URL}: another conversion is writing it'), (
                staged(URL)):
            pass


def test_what_is_not_there_is_said_in_one_line(store):
    with pytest.raises(BucketError, match=f'{URL}: there is no such file or folder$'):
        fetch.local(Path(URL))
    with pytest.raises(BucketError, match='s3://nowhere/bag: there is no such bucket or file$'):
        files_at('s3://nowhere/bag')


def test_who_one_is_must_be_said(server, monkeypatch, tmp_path):
    s3fs = pytest.importorskip('s3fs')
    for name in ('AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'):
        monkeypatch.delenv(name)
    monkeypatch.setenv('HOME', str(tmp_path))
    s3fs.S3FileSystem.clear_instance_cache()
    try:
        with pytest.raises(BucketError) as told:
            files_at(URL)
    finally:
        s3fs.S3FileSystem.clear_instance_cache()
    assert str(told.value) == (
        f'{URL}: Unable to locate credentials; say who you are as the tools of this store want it '
        '(for s3:// AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or ~/.aws)')


def test_a_missing_package_is_named(monkeypatch):
    pytest.importorskip('fsspec')
    monkeypatch.setitem(sys.modules, 's3fs', None)
    monkeypatch.delitem(sys.modules['fsspec.registry']._registry, 's3', raising=False)
    with pytest.raises(BucketError, match=r"s3://b/x: this needs a package for s3://: pip install "
                                          r"'\.\[s3\]' in the folder of il_ros"):
        files_at('s3://b/x')


def test_the_hub_is_read_only():
    with pytest.raises(BucketError, match='datasets are read from hf://, not written there'):
        require_free('hf://datasets/me/mine')
