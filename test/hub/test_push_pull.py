"""Datasets and checkpoints to a hub on this machine and back, through the real client."""
import json
import os
import shutil
import signal
import subprocess
import sys

from hub.server import Break, LARGE, PART, Refusal, WRITER
from il_ros.cli import app
from il_ros.datasets.files.history import read_history
from il_ros.datasets.reader import Dataset
from il_ros.errors import HubError
from il_ros.hub.address import Address, parse_address
from il_ros.hub.card import card
from il_ros.hub.content import content_of
from il_ros.hub.pull import pull
from il_ros.hub.push import push
from il_ros.workbench.session import change, Who
from il_ros.workbench.takes import takes_of
import pytest
from typer.testing import CliRunner
import yaml

PLACE = parse_address('hf://anna/pick')
HERE = ('dataset', 'anna/pick')
AT_ONCE = 8     # files that huggingface_hub asks for


def contents(folder):
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob('*')
            if p.is_file()}


def sent(hub):
    return [path.split('/')[2] for _, path, _, size in hub.asked('PUT', '/store/')]


@pytest.fixture
def dataset(converted, tmp_path):
    return shutil.copytree(converted, tmp_path / 'dataset')


@pytest.mark.parametrize('way', ['hub', 'xet_hub'])
def test_what_is_pushed_comes_back(way, request, dataset, tmp_path):
    hub = request.getfixturevalue(way)
    done = push(dataset, PLACE)
    assert done.private and done.changed == len(contents(dataset)) + 1, 'and the card'
    repository = hub.repositories[HERE]
    assert repository.private and len(repository.commits) == 2, 'all of it in one commit'
    assert repository.tags == {'v3.0': done.revision}
    again = push(dataset, PLACE)
    assert (again.changed, again.revision) == (0, done.revision)

    found = pull(PLACE, tmp_path / 'theirs', by='bert')
    assert found.address == Address('anna/pick', 'dataset') and found.revision == done.revision
    theirs, card = contents(tmp_path / 'theirs'), (tmp_path / 'theirs/README.md').read_text()
    assert {name: theirs[name] for name in contents(dataset)} == contents(dataset)
    assert 'tags:\n- LeRobot\n- il_ros\n' in card and 'license' not in card
    assert not (tmp_path / 'theirs/.cache').exists()
    change, = read_history(tmp_path / 'theirs')
    assert (change.do, change.by, change.episodes, change.frames) == ('pull', 'bert', 1, 28)
    assert change.what == {'from': 'hf://datasets/anna/pick', 'revision': done.revision}
    assert len(Dataset(tmp_path / 'theirs')) == 28
    for file in (*tmp_path.rglob('*'), *hub.blobs.values()):
        data = file if isinstance(file, bytes) else file.read_bytes() if file.is_file() else b''
        assert WRITER.encode() not in data, f'a token in {file}'


def test_the_page_says_under_which_licence(hub, dataset):
    change(dataset, 'rights', {'episodes': {take.key: {'licence': 'CC-BY-4.0'} for take in
                                            takes_of(Dataset(dataset))}}, Who('anna'))
    head = card(content_of(dataset), PLACE).split('---')[1]
    assert yaml.safe_load(head) == {
        'license': 'cc-by-4.0', 'task_categories': ['robotics'], 'tags': ['LeRobot', 'il_ros'],
        'configs': [{'config_name': 'default', 'data_files': 'data/*/*.parquet'}]}
    push(dataset, PLACE)
    pull(PLACE, dataset.parent / 'theirs')
    assert 'license: cc-by-4.0\n' in (dataset.parent / 'theirs/README.md').read_text()


@pytest.mark.slow
def test_what_was_pulled_is_learned_from_and_so_is_what_lies_there(hub, dataset, tmp_path,
                                                                   monkeypatch):
    pytest.importorskip('torch')
    monkeypatch.setenv('IL_ROS_CACHE', str(tmp_path / 'cache'))
    push(dataset, PLACE)
    pull(PLACE, tmp_path / 'theirs')
    records = []
    for source in (dataset, tmp_path / 'theirs', 'hf://datasets/anna/pick'):
        run = tmp_path / f'run_{len(records)}'
        done = CliRunner().invoke(app, ['train', str(source), '--out', str(run), '--steps', '2',
                                        '--cameras', 'scene', '--seed', '1'])
        assert (done.exit_code, done.exception) == (0, None), done.output
        records.append((json.loads((run / 'best/training.json').read_text())['trained_on'],
                        (run / 'best/model.safetensors').read_bytes()))
    (ours, weights), (theirs, same), (there, again) = records
    assert weights == same == again
    assert ours['dataset']['hash'] == theirs['theirs']['hash'] == there['pick']['hash']
    assert (ours['dataset']['version'], theirs['theirs']['version']) == (0, 1)


def test_a_revision_is_named_and_another_in_its_place_only_when_asked(hub, dataset, tmp_path):
    first = push(dataset, PLACE).revision
    (dataset / 'meta/notes.txt').write_text('new')
    (dataset / 'meta/stats.json').write_text(
        json.dumps(json.loads((dataset / 'meta/stats.json').read_text()), indent=1))
    shutil.move(dataset / 'data/chunk-000/file-000.parquet',
                dataset / 'data/chunk-000/file-001.parquet')
    shutil.copy(dataset / 'data/chunk-000/file-001.parquet',
                dataset / 'data/chunk-000/file-000.parquet')
    hub.repositories[HERE].commit({**hub.repositories[HERE].files, 'old.parquet': next(
        blob for name, blob in hub.repositories[HERE].files.items() if name.endswith(LARGE))})
    with pytest.raises(HubError, match='holds something else already: 1 files would be another, '
                                       '1 gone; name a new one, or say --update'):
        push(dataset, PLACE)
    assert len(hub.repositories[HERE].commits) == 3
    done = push(dataset, PLACE, update=True, why='renamed')
    assert (done.changed, done.removed) == (3, 1)
    assert hub.repositories[HERE].messages[-1] == 'renamed'
    assert hub.repositories[HERE].tags == {'v3.0': done.revision}, 'the tag follows'
    assert sorted(hub.repositories[HERE].files) == sorted(
        [*contents(dataset), 'README.md', '.gitattributes'])
    pull(parse_address(f'hf://datasets/anna/pick@{first}'), tmp_path / 'first')
    assert not (tmp_path / 'first/meta/notes.txt').exists()
    assert read_history(tmp_path / 'first')[0].what['revision'] == first
    pull(parse_address('hf://anna/pick@v3.0'), tmp_path / 'tagged')
    assert (tmp_path / 'tagged/meta/notes.txt').exists()


def test_a_connection_that_breaks_in_an_upload_is_made_again(hub, dataset):
    big = dataset / 'videos/extra.mp4'
    big.write_bytes(os.urandom(PART + PART // 2))
    hub.breaks = [Break('PUT', '/2', 1000)]         # in the midst of the second part of two
    push(dataset, PLACE)
    sizes = [size for _, path, _, size in hub.asked('PUT', '/store/')
             if path.endswith(('/1', '/2'))]
    assert sizes == [PART, 1000, PART // 2], 'only that part again'
    assert big.read_bytes() in hub.blobs.values()


def test_a_connection_that_breaks_in_a_download_goes_on_at_its_byte(hub, dataset, tmp_path):
    (dataset / 'videos/extra.mp4').write_bytes(data := os.urandom(11 << 20))
    push(dataset, PLACE)
    oid = hub.repositories[HERE].files['videos/extra.mp4'].oid
    hub.breaks = [Break('GET', oid, 11_000_000)]
    pull(PLACE, tmp_path / 'theirs')
    asked = [headers.get('Range') for _, _, headers, _ in hub.asked('GET', oid)]
    assert asked == [None, f'bytes={10 << 20}-'], 'the client writes 10 MB at a time'
    assert (tmp_path / 'theirs/videos/extra.mp4').read_bytes() == data


def test_xet_goes_on_after_a_connection_that_broke(xet_hub, dataset, tmp_path):
    (dataset / 'videos/extra.mp4').write_bytes(data := os.urandom(300_000))
    xet_hub.breaks = [Break('POST', '/v1/xorbs/', 1000), Break('GET', '/v1/contents/', 1000)]
    push(dataset, PLACE)
    pull(PLACE, tmp_path / 'theirs')
    assert [one.times for one in xet_hub.breaks] == [0, 0]
    assert (tmp_path / 'theirs/videos/extra.mp4').read_bytes() == data


def test_a_push_that_was_cut_off_sends_the_rest_and_is_seen_whole(hub, dataset):
    for number in range(12):
        (dataset / f'videos/{number:02d}.mp4').write_bytes(os.urandom(2000))
    hub.refusals = [Refusal('POST', '/batch', 400, text='the link has expired', after=1)]
    with pytest.raises(HubError, match=r'hf://datasets/anna/pick: refused \(400\): the link has'):
        push(dataset, PLACE)
    assert len(hub.repositories[HERE].commits) == 1, 'nothing of it is seen'
    assert not hub.repositories[HERE].tags
    before, hub.refusals = sent(hub), []
    push(dataset, PLACE)
    assert before and len(set(sent(hub))) == len(sent(hub)), 'no file is sent twice'
    assert set(sent(hub)) == {blob.oid for blob in hub.repositories[HERE].files.values()
                              if blob.large}


def test_a_pull_that_was_killed_goes_on_where_it_was(hub, dataset, tmp_path):
    for number in range(12):
        (dataset / f'meta/note_{number:02d}.txt').write_text(str(number))
    push(dataset, PLACE)
    files = hub.repositories[HERE].files
    hub.held = next(blob.oid for name, blob in files.items() if name.endswith('.mp4'))
    command = [sys.executable, '-c', 'from il_ros.cli import main; main()', 'pull',
               'hf://anna/pick', '--out', str(tmp_path / 'theirs')]
    with subprocess.Popen(command, env=os.environ | {'HF_HUB_DISABLE_XET': '1'}) as process:
        hub.wait_for(lambda: len(hub.asked('HEAD', '/resolve/')) == len(files)
                     and hub.asked('GET', hub.held))     # some at a time: the first are there
        process.send_signal(signal.SIGKILL)
    hub.held = ''
    hub.free.set()
    assert not (tmp_path / 'theirs').exists()
    part, = tmp_path.glob('.theirs.*.part')
    assert sum((part / name).is_file() for name in files) >= len(files) - AT_ONCE
    count = len(hub.requests)
    pull(PLACE, tmp_path / 'theirs')
    # Killed with a file in place whose note is missing, the client looks at it once more.
    assert sum(method == 'HEAD' for method, *_ in hub.requests[count:]) <= AT_ONCE
    assert not list(tmp_path.glob('.theirs.*')) and len(Dataset(tmp_path / 'theirs')) == 28
