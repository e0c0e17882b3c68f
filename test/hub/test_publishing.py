"""What people did not consent to, or a licence forbids, is not made public without a reason."""
import json
import shutil

import bag_factory as bags
from il_ros.cli import app
from il_ros.commands.train import train
from il_ros.datasets.convert import convert
from il_ros.datasets.files.history import read_history, standing
from il_ros.datasets.reader import Dataset
from il_ros.errors import DatasetError
from il_ros.hub.address import parse_address
from il_ros.hub.pull import pull
from il_ros.hub.push import push
from il_ros.recording.metadata import EpisodeInfo
from il_ros.rights import Rights
import pytest
from typer.testing import CliRunner

PLACE = parse_address('hf://anna/pick')
HERE = ('dataset', 'anna/pick')
CONTRACT = bags.small_contract(cameras=())
STATED = (Rights('CC-BY-4.0', 'the lab', 'given: form 3'), Rights(consent='withheld'), Rights(),
          Rights('MIT AND LicenseRef-no-publishing'), Rights('LicenseRef-no-training'))
REFUSED = ('2 of 5 episodes must not be published: consent withheld (1), licence MIT AND '
           'LicenseRef-no-publishing (1); take them out (il_ros dataset filter DATASET '
           '"publishable"), or say why it is allowed: il_ros push --despite REASON')


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp('stated')
    for number, rights in enumerate(STATED):
        info = EpisodeInfo(CONTRACT, CONTRACT.task, 'anna', 'success', rights=rights)
        bags.write_bag(folder / f'bags/episode_{number}', bags.Script(CONTRACT, 1.0, number),
                       info=info)
    convert([folder / 'bags'], folder / 'all')
    return folder


@pytest.fixture
def dataset(folder, tmp_path):
    return shutil.copytree(folder / 'all', tmp_path / 'all')


def test_it_is_refused_before_anything_is_sent_and_may_lie_there_privately(hub, dataset):
    for despite in ('', '  '):
        with pytest.raises(DatasetError) as error:
            push(dataset, PLACE, public=True, despite=despite)
        assert str(error.value) == f'{dataset}: {REFUSED}'
    assert not hub.requests and not read_history(dataset)
    assert push(dataset, PLACE).private


def test_the_way_out_that_is_named_is_one(hub, dataset):
    run = CliRunner()
    assert run.invoke(app, ['dataset', 'filter', str(dataset), 'publishable']).exit_code == 0
    assert len(Dataset(dataset).lengths) == 3
    assert not push(dataset, PLACE, public=True, despite='not needed').private
    assert [change.do for change in read_history(dataset)] == ['delete']


def test_the_reason_goes_along_in_the_history_once(hub, dataset, tmp_path):
    why = 'a letter of 3 November'
    done = push(dataset, PLACE, public=True, despite=why, by='anna')
    assert push(dataset, PLACE, public=True, despite=why, by='bert').revision == done.revision
    pull(PLACE, tmp_path / 'theirs')
    for root in (dataset, tmp_path / 'theirs'):
        change = read_history(root)[0]
        assert (change.do, change.by, change.why) == ('publish', 'anna', why)
        assert (change.episodes, change.frames) == (5, len(Dataset(root)))
        assert change.what == {'to': 'hf://datasets/anna/pick', 'forbidden': {
            'consent withheld': 1, 'licence MIT AND LicenseRef-no-publishing': 1}}
    assert len(read_history(dataset)) == 1 and not standing(read_history(dataset))
    said = CliRunner().invoke(app, ['dataset', 'ls', str(dataset), '--history']).output
    assert said.startswith('version 1: publish to hf://datasets/anna/pick despite consent withhel')
    assert f': {why}' in said
    with pytest.raises(DatasetError, match='2 of 5 episodes must not be published'):
        push(dataset, parse_address('hf://anna/other'), public=True)


def test_a_push_that_is_refused_leaves_no_word_of_it(hub, dataset):
    push(dataset, PLACE)
    said = CliRunner().invoke(app, ['push', str(dataset), 'hf://anna/pick', '--public',
                                    '--despite', 'a letter'])
    assert 'is private; leave out --public' in str(said.exception)
    assert not read_history(dataset)


def test_edits_are_undone_past_it(hub, dataset):
    run = CliRunner()
    run.invoke(app, ['dataset', 'relabel', str(dataset), 'failure', '0'], catch_exceptions=False)
    push(dataset, PLACE, public=True, despite='a letter')
    said = run.invoke(app, ['dataset', 'undo', str(dataset)], catch_exceptions=False).output
    assert 'undone: relabel' in said
    assert [change.do for change in read_history(dataset)] == ['relabel', 'publish', 'undo']
    assert Dataset(dataset).episodes[0]['outcome'] == 'success'


@pytest.mark.slow
def test_a_checkpoint_is_as_free_as_all_that_it_learned_from(hub, folder, tmp_path):
    pytest.importorskip('torch')
    train(folder / 'all', tmp_path / 'run', steps=2, despite='a letter')
    best = tmp_path / 'run/best'
    with pytest.raises(DatasetError, match=f'{best}: 2 of 5 episodes must not be published: '):
        push(best, PLACE, public=True)
    assert not hub.requests
    push(best, PLACE, public=True, despite='another letter', by='anna')
    pull(PLACE, tmp_path / 'theirs')
    said = json.loads((tmp_path / 'theirs/published.json').read_text())['hf://models/anna/pick']
    assert said.pop('at').startswith('20')
    assert said == {'by': 'anna', 'despite': 'another letter', 'forbidden': {
        'consent withheld': 1, 'licence MIT AND LicenseRef-no-publishing': 1}}
    assert not push(best, PLACE, public=True, despite='another letter').changed
    record = json.loads((best / 'training.json').read_text())
    between = {'trained_on': {}, 'started_from': record}
    (best / 'training.json').write_text(json.dumps({**between, 'started_from': between}))
    with pytest.raises(DatasetError, match='2 of 5 episodes must not be published'):
        push(best, PLACE, public=True, update=True)
