"""Files of S3 and Google Storage: fetched when they changed, put as a whole, never over others."""
import json
from pathlib import Path
import sys

from buckets.store import BUCKET, gs, STORES
from il_ros.buckets import fetch
from il_ros.buckets.fetch import fetched
from il_ros.buckets.put import put, require_free, staged
from il_ros.buckets.url import files_at, url_of
from il_ros.errors import BucketError
import pytest


@pytest.fixture(scope='module', params=STORES)
def server(request):
    with STORES[request.param]() as found:
        yield found


@pytest.fixture
def store(server, tmp_path, monkeypatch):
    monkeypatch.setenv('IL_ROS_CACHE', str(tmp_path / 'cache'))
    yield server
    for path in server.find(BUCKET):
        server.rm_file(path)


@pytest.fixture
def url(store):
    return f'{store.protocol[0]}://{BUCKET}/some/bag'


def changed(store, name):
    """Return when a file was written last."""
    store.invalidate_cache()
    info = store.info(f'{BUCKET}/some/bag/{name}')
    return info.get('LastModified') or info['mtime']


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


def test_only_what_changed_is_fetched_again(store, url):
    write(store, a=b'one', b=b'two', c=b'three')
    with fetched(files_at(url)) as folder:
        assert (folder.name, (folder / 'a').read_bytes()) == ('bag', b'one')
        before = identities(folder)
    with fetched(files_at(url)) as folder:
        assert identities(folder) == before
    write(store, b=b'owt')
    store.rm_file(f'{BUCKET}/some/bag/c')
    with fetched(files_at(url)) as folder:
        after = identities(folder)
        assert after.keys() == {'a', 'b'} and after['a'] == before['a']
        assert (folder / 'b').read_bytes() == b'owt'


def test_a_single_file_keeps_its_name(store, url):
    write(store, **{'x.mcap': b'bytes'})
    with fetched(files_at(f'{url}/x.mcap')) as file:
        assert (file.name, file.read_bytes()) == ('x.mcap', b'bytes')


def test_what_changed_after_it_was_looked_at_is_told(store, url):
    write(store, a=b'one')
    seen = files_at(url)
    write(store, a=b'longer')
    with pytest.raises(BucketError, match=f'{url}/a: expected 3 bytes, got 6: it changed while it '
                                          'was fetched; try again'), fetched(seen):
        pass


def test_what_was_not_used_for_longest_gives_way(store, url, monkeypatch):
    monkeypatch.setenv('IL_ROS_CACHE_GB', '2e-6')
    for name in ('a', 'b', 'c'):
        write(store, **{f'{name}/x': bytes(900)})
    folders = {}
    for name in ('a', 'b', 'a', 'c'):
        with fetched(files_at(f'{url}/{name}')) as folder:
            folders[name] = folder
    assert [folders[name].exists() for name in ('a', 'b', 'c')] == [True, False, True]
    write(store, **{'d/x': bytes(3000)})
    with pytest.raises(BucketError, match='what is to be fetched takes 0.0 GB, there may be'), (
            fetched(files_at(f'{url}/d'))):
        pass


def test_what_is_in_use_stays(store, url, monkeypatch):
    monkeypatch.setenv('IL_ROS_CACHE_GB', '1e-6')
    for name in ('a', 'b'):
        write(store, **{f'{name}/x': bytes(900)})
    with fetched(files_at(f'{url}/a')) as folder:
        with pytest.raises(BucketError, match='are in use'), fetched(files_at(f'{url}/b')):
            pass
        assert (folder / 'x').exists()


def dataset(folder, text='info'):
    for name in ('data/rows', 'meta/info.json', 'meta/stats.json', 'videos/film'):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text + name)
    return folder


def test_a_dataset_appears_last_things_last_and_once(store, url, tmp_path):
    put(dataset(tmp_path / 'd'), url)
    assert len(store.find(BUCKET)) == 4
    others = ('data/rows', 'meta/stats.json', 'videos/film')
    assert max(changed(store, name) for name in others) <= changed(store, 'meta/info.json')
    with pytest.raises(BucketError, match=f'{url} exists already and is not overwritten; choose'):
        require_free(url)


def test_a_killed_upload_goes_on(store, url, tmp_path):
    folder = dataset(tmp_path / 'd')
    put(folder, url)
    store.rm_file(f'{BUCKET}/some/bag/meta/info.json')
    store.rm_file(f'{BUCKET}/some/bag/videos/film')
    kept = changed(store, 'data/rows')
    require_free(url)
    put(folder, url)
    assert len(store.find(BUCKET)) == 4
    assert changed(store, 'data/rows') == kept


def test_nothing_is_written_over_what_is_there(store, url, tmp_path):
    write(store, notes=b'mine')
    with pytest.raises(BucketError, match=f'{url}: expected nothing there, got notes; choose'):
        put(dataset(tmp_path / 'd'), url)
    store.rm_file(f'{BUCKET}/some/bag/notes')
    store.pipe_file(f'{BUCKET}/some/bag/data/rows', b'infodata/r0ws')
    with pytest.raises(BucketError, match=f'{url}/data/rows: another file lies there'):
        put(dataset(tmp_path / 'd'), url)
    assert store.cat_file(f'{BUCKET}/some/bag/data/rows') == b'infodata/r0ws'
    assert f'{BUCKET}/some/bag/meta/info.json' not in store.find(BUCKET)


def test_two_at_once_are_refused(store, url):
    with staged(url) as folder:
        assert folder.name == 'bag' and not folder.exists()
        with pytest.raises(BucketError, match=f'{url}: another process is writing it'), (
                staged(url)):
            pass


def test_what_is_not_there_is_said_in_one_line(store, url):
    with pytest.raises(BucketError, match=f'{url}: there is no such file or folder$'):
        fetch.local(Path(url))
    nowhere = url.replace(BUCKET, 'nowhere')
    with pytest.raises(BucketError, match=f'{nowhere}: there is no such bucket or file$'):
        files_at(nowhere)


def test_who_one_is_must_be_said(monkeypatch, tmp_path):
    s3fs = pytest.importorskip('s3fs')
    for name in ('AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv('HOME', str(tmp_path))
    monkeypatch.setenv('AWS_EC2_METADATA_DISABLED', 'true')
    s3fs.S3FileSystem.clear_instance_cache()
    try:
        with pytest.raises(BucketError) as told:
            files_at('s3://robots/bag')
    finally:
        s3fs.S3FileSystem.clear_instance_cache()
    assert str(told.value) == (
        's3://robots/bag: Unable to locate credentials; say who you are: AWS_ACCESS_KEY_ID and '
        'AWS_SECRET_ACCESS_KEY, or ~/.aws')


@pytest.mark.parametrize(('status', 'said'), [
    (401, 'Anonymous caller does not have storage.objects.list access'),
    (403, 'robot@lab does not have storage.objects.list access')])
def test_google_storage_that_refuses_is_told_in_one_line(monkeypatch, status, said):
    with gs() as store:
        def refuse(handler):
            handler.send_response(status)
            handler.end_headers()
            handler.wfile.write(json.dumps({'error': {'code': status, 'message': said}}).encode())

        monkeypatch.setattr('gcp_storage_emulator.server.RequestHandler.do_GET', refuse)
        with pytest.raises(BucketError) as told:
            files_at(f'{store.protocol[0]}://{BUCKET}/bag')
    assert said in str(told.value) and '\n' not in str(told.value)
    assert str(told.value).endswith('; say who you are: gcloud auth application-default login, or '
                                    'GOOGLE_APPLICATION_CREDENTIALS')


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
