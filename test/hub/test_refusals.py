"""What the hub, the network and we ourselves refuse: a line each, and nothing is changed by it."""
import json
import shutil

import bag_factory as bags
import foreign_sets as sets
from hub.server import OWNER, READER, Refusal, STRANGER, WRITER
from il_ros.cli import app
from il_ros.datasets.convert import convert
from il_ros.datasets.files.history import Change, write_history
from il_ros.datasets.reader import Dataset
from il_ros.errors import CheckpointError, DatasetError, HubError
from il_ros.hub.address import Address, parse_address
from il_ros.hub.pull import pull
from il_ros.hub.push import push
import pytest
from typer.testing import CliRunner

PLACE = parse_address('hf://anna/pick')
HERE = ('dataset', 'anna/pick')


@pytest.mark.parametrize(('text', 'address'), [
    ('hf://anna/pick', Address('anna/pick')),
    ('hf://datasets/anna/pick@v3.0', Address('anna/pick', 'dataset', 'v3.0')),
    ('hf://models/anna/pick@refs/pr/1', Address('anna/pick', 'model', 'refs/pr/1'))])
def test_addresses_are_read(text, address):
    assert parse_address(text) == address and str(address) == text


@pytest.mark.parametrize('text', [
    'anna/pick', 'hf://pick', 'hf://datasets/pick', 'hf://anna/pick/data', 'hf://anna/',
    'hf://anna/pick up', 'hf://anna/pick@', 'hf://anna/..', 'hf://anna/a--b', 'hf://anna/x.git'])
def test_what_is_no_address_is_named(text):
    with pytest.raises(HubError, match='hf://'):
        parse_address(text)


@pytest.mark.parametrize(('token', 'text'), [
    ('', r'expected a token of the hub, got none; hf auth login, or HF_TOKEN'),
    ('hf_gone', 'the token was refused; make another'),
    (READER, "refused: You don't have the rights to create .*; expected a token that may write"),
    (STRANGER, "refused: You don't have the rights to create")])
def test_who_may_not_push_is_told(hub, converted, monkeypatch, token, text):
    monkeypatch.setenv('HF_TOKEN', token)
    with pytest.raises(HubError, match=rf'^hf://datasets/anna/pick: {text}') as refused:
        push(converted, PLACE)
    assert not hub.repositories and '\n' not in str(refused.value)
    assert not token or token not in str(refused.value)


@pytest.mark.parametrize(('token', 'text'), [
    ('', r'not found, or private; check the name, and log in where it is private'),
    (STRANGER, 'not found, or private; check the name and whose token yours is'),
    ('hf_gone', 'the token was refused')])
def test_who_may_not_pull_is_told(hub, tmp_path, monkeypatch, token, text):
    hub.put(HERE, {'meta/info.json': b'{}'}, private=True)
    monkeypatch.setenv('HF_TOKEN', token)
    with pytest.raises(HubError, match=rf'^hf://anna/pick: {text}'):
        pull(PLACE, tmp_path / 'theirs')
    assert not list(tmp_path.glob('*theirs*'))


def test_what_is_not_there_is_told(hub, tmp_path):
    with pytest.raises(HubError, match='hf://anna/pick: not found, or private'):
        pull(PLACE, tmp_path / 'theirs')
    hub.put(HERE, {'meta/info.json': b'{}'})
    with pytest.raises(HubError, match='pick@v2: no such revision; expected a branch, a tag or'):
        pull(parse_address('hf://anna/pick@v2'), tmp_path / 'theirs')
    hub.put(('model', 'anna/pick'), {})
    with pytest.raises(HubError, match='is a dataset and a checkpoint; say hf://datasets/anna/p'):
        pull(PLACE, tmp_path / 'theirs')
    with pytest.raises(HubError, match=r'expected a LeRobotDataset \(meta/info.json\) or a check'
                                       r'point .*, found 0 other files'):
        pull(parse_address('hf://models/anna/pick'), tmp_path / 'theirs')
    with pytest.raises(HubError, match=r"info.json: expected a LeRobotDataset's, with total_ep"):
        pull(parse_address('hf://datasets/anna/pick'), tmp_path / 'theirs')
    assert not (tmp_path / 'theirs').exists()


def test_a_dataset_behind_a_gate_is_told(hub, tmp_path):
    hub.put(HERE, {'meta/info.json': b'{}'}).gated = True
    with pytest.raises(HubError, match='its owner gives access on request; ask for it'):
        pull(PLACE, tmp_path / 'theirs')
    assert not (tmp_path / 'theirs').exists()


def test_no_network_is_told(tmp_path, converted, monkeypatch):
    monkeypatch.setenv('HF_ENDPOINT', 'http://127.0.0.1:9')
    for act in (lambda: pull(PLACE, tmp_path / 'theirs'), lambda: push(converted, PLACE)):
        with pytest.raises(HubError, match=r'cannot be reached: .*Connection refused; what arriv'
                                           r'ed is kept: go on with il_ros pu(ll|sh) '):
            act()
    monkeypatch.setattr('huggingface_hub.constants.HF_HUB_OFFLINE', True)
    with pytest.raises(HubError, match='cannot be reached: HF_HUB_OFFLINE is set; unset it'):
        pull(PLACE, tmp_path / 'theirs')


def test_a_hub_that_is_down_or_busy_is_told(hub, converted):
    hub.refusals = [Refusal('POST', '/create', 503, text='in repair')]
    with pytest.raises(HubError, match='it answers 503: in repair; later, il_ros push '):
        push(converted, PLACE)


def test_what_lies_at_the_place_stays(hub, converted, tmp_path):
    push(converted, PLACE)
    (tmp_path / 'theirs').mkdir()
    (tmp_path / 'theirs/mine.txt').write_text('mine')
    with pytest.raises(DatasetError, match='theirs exists already and is not overwritten'):
        pull(PLACE, tmp_path / 'theirs')
    assert [p.name for p in (tmp_path / 'theirs').iterdir()] == ['mine.txt']


def test_what_comes_while_it_is_fetched_stays(hub, converted, tmp_path):
    push(converted, PLACE)
    hub.on_tree = lambda: ((tmp_path / 'theirs').mkdir(exist_ok=True),
                           (tmp_path / 'theirs/mine.txt').write_text('mine'))
    with pytest.raises(DatasetError, match='theirs: cannot be written: Directory not empty; what '
                                           r'arrived is in .*\.part'):
        pull(PLACE, tmp_path / 'theirs')
    assert [p.name for p in (tmp_path / 'theirs').iterdir()] == ['mine.txt']


def test_a_file_that_arrives_damaged_is_not_taken_and_fetched_again(hub, converted, tmp_path):
    push(converted, PLACE)
    oid = next(blob.oid for blob in hub.repositories[HERE].files.values() if blob.large)
    whole, hub.blobs[oid] = hub.blobs[oid], bytes(len(hub.blobs[oid]))
    with pytest.raises(HubError, match='and 0 others did not arrive as they are on the hub'):
        pull(PLACE, tmp_path / 'theirs')
    assert not (tmp_path / 'theirs').exists()
    hub.blobs[oid], count = whole, len(hub.asked('GET', '/content/'))
    pull(PLACE, tmp_path / 'theirs')
    assert len(hub.asked('GET', '/content/')) == count + 1
    assert len(Dataset(tmp_path / 'theirs')) == 28


def test_visibility_is_never_changed(hub, converted):
    push(converted, PLACE)
    with pytest.raises(HubError, match='is private; leave out --public, or change that on its'):
        push(converted, PLACE, public=True)
    hub.repositories[HERE].private = False
    with pytest.raises(HubError, match='is public; everybody sees what is pushed there: say --'):
        push(converted, PLACE)
    assert not push(converted, PLACE, public=True).private
    assert not push(converted, parse_address('hf://anna/open'), public=True).private


def test_somebody_elses_push_in_between_is_told(hub, converted):
    hub.on_preupload = lambda: hub.repositories[HERE].commit({})
    with pytest.raises(HubError, match='somebody else pushed meanwhile; look at it, then il_ros'):
        push(converted, PLACE)


def test_a_page_of_ones_own_goes_with_it_and_a_wrong_head_is_told(hub, converted, tmp_path):
    own = shutil.copytree(converted, tmp_path / 'own')
    (own / 'README.md').write_text('---\ntags: robotics\n---\nOurs.\n')
    with pytest.raises(HubError, match='README.md.*"tags" must be an array') as refused:
        push(own, PLACE)
    assert '\n' not in str(refused.value)
    (own / 'README.md').write_text('Ours.\n')
    push(own, PLACE)
    assert hub.blobs[hub.repositories[HERE].files['README.md'].oid] == b'Ours.\n'
    (own / 'README.md').unlink()
    assert not push(own, PLACE).changed, 'the page there stays'


def test_an_edit_in_between_is_told(hub, converted, tmp_path):
    edited = shutil.copytree(converted, tmp_path / 'edited')
    hub.on_preupload = lambda: (edited.rename(tmp_path / 'before'),
                                shutil.copytree(tmp_path / 'before', edited))
    with pytest.raises(HubError, match='edited: changed while it was sent; push again'):
        push(edited, PLACE)
    assert len(hub.repositories[HERE].commits) == 1


def test_what_the_hub_leaves_out_is_told(hub, converted):
    hub.ignored = 'meta/contract.yaml'
    with pytest.raises(HubError, match='left out meta/contract.yaml and 0 others; remove .gitig'):
        push(converted, PLACE)


def test_only_what_is_whole_is_pushed(hub, converted, tmp_path):
    damaged = shutil.copytree(converted, tmp_path / 'damaged')
    (damaged / 'meta/tasks.parquet').unlink()
    with pytest.raises(DatasetError, match='damaged'):
        push(damaged, PLACE)
    for folder, text in ((tmp_path / 'nowhere', 'expected a dataset or a checkpoint, got nothing'),
                         (tmp_path, 'expected a dataset .* or a checkpoint .*, got neither')):
        with pytest.raises(HubError, match=text):
            push(folder, PLACE)
    with pytest.raises(HubError, match='is a dataset; leave out models/'):
        push(converted, parse_address('hf://models/anna/pick'))
    with pytest.raises(HubError, match='a push goes to the branch main; leave out @v1'):
        push(converted, parse_address('hf://anna/pick@v1'))
    assert not hub.requests


def test_a_dataset_that_asks_for_redaction_is_pushed_redacted_only(hub, converted, tmp_path):
    asking = shutil.copytree(converted, tmp_path / 'asking')
    info = json.loads((asking / 'meta/info.json').read_text())
    (asking / 'meta/info.json').write_text(json.dumps({**info, 'redaction': 'required'}))
    more = bags.write_bag(tmp_path / 'more', bags.Script(Dataset(converted).contract, 1.0, 2))
    convert([more], asking, append=True)
    for done, text in (([], 'nobody redacted it; make a redacted copy with il_ros redact'),
                       (['redact', 'append'], 'episodes were added since it was redacted')):
        write_history(asking, [Change(k, '', 'anna', '', do) for k, do in enumerate(done, 1)])
        with pytest.raises(HubError, match=f'asks for redaction .*, and {text}'):
            push(asking, PLACE)
    assert not hub.requests
    write_history(asking, [Change(1, '', 'anna', '', 'append'),
                           Change(2, '', 'anna', '', 'redact'),
                           Change(3, '', 'anna', '', 'delete', {'episodes': []})])
    assert push(asking, PLACE).changed


def test_a_checkpoint_goes_and_comes(hub, tmp_path):
    pytest.importorskip('torch')
    from checkpoint_factory import make_checkpoint
    from il_ros.policies.load import load
    make_checkpoint(tmp_path / 'run/best')
    with pytest.raises(HubError, match='did you mean .*/run/best'):
        push(tmp_path / 'run', PLACE)
    done = push(tmp_path / 'run/best', PLACE)
    assert done.address == Address('anna/pick', 'model') and not done.content.tag
    assert hub.repositories['model', 'anna/pick'].tags == {}
    found = pull(PLACE, tmp_path / 'theirs', by='bert')
    assert load(tmp_path / 'theirs').horizon == 12
    note = json.loads((tmp_path / 'theirs/pulled.json').read_text())
    assert note.pop('at').startswith('20')
    assert note == {'from': 'hf://models/anna/pick', 'revision': found.revision, 'by': 'bert'}
    (tmp_path / 'run/best/config.json').write_text('{}')
    with pytest.raises(CheckpointError):
        push(tmp_path / 'run/best', PLACE)


def test_the_command_tells_what_it_did(hub, converted, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = CliRunner()
    said = run.invoke(app, ['push', str(converted), 'hf://anna/pick'], catch_exceptions=False)
    assert 'hf://datasets/anna/pick: 1 episodes, 28 rows; 9 of 8 files sent' not in said.output
    assert '; private, commit ' in said.output and ', tag v3.0' in said.output
    said = run.invoke(app, ['push', str(converted), 'hf://anna/pick'], catch_exceptions=False)
    assert '1 episodes, 28 rows; all of it is there already; private' in said.output
    said = run.invoke(app, ['pull', 'hf://anna/pick'], catch_exceptions=False)
    assert said.output.startswith('pick: hf://datasets/anna/pick at commit ')
    assert 'pick: 1 episodes, 28 rows' in said.output
    said = run.invoke(app, ['dataset', 'ls', 'pick', '--history'], catch_exceptions=False)
    assert 'version 1: pull of hf://datasets/anna/pick at ' in said.output
    assert WRITER not in said.output


@pytest.mark.parametrize('write', [sets.write_v3, sets.write_v21])
def test_a_dataset_of_others_comes_and_is_read(hub, tmp_path, write):
    root = write(tmp_path / 'so101', sets.so101())
    hub.put(('dataset', f'{OWNER}/so101'), {
        p.relative_to(root).as_posix(): p.read_bytes() for p in root.rglob('*') if p.is_file()})
    pull(parse_address(f'hf://{OWNER}/so101'), tmp_path / 'theirs')
    ours, theirs = Dataset(root), Dataset(tmp_path / 'theirs')
    assert theirs.lengths == ours.lengths and theirs.elsewhere
