"""`il_ros redact` and `il_ros card` as a person types them."""
import json

import bag_factory as bags
from il_ros.cli import app
from il_ros.commands.train import train
from il_ros.datasets.convert import convert
from il_ros.datasets.reader import Dataset
from il_ros.errors import CheckpointError, ConfigError
from il_ros.policies.source import weights_hash
from il_ros.recording.metadata import EpisodeInfo
from il_ros.rights import Rights
import pytest
from typer.testing import CliRunner
import yaml

CONTRACT = bags.small_contract(cameras=())


@pytest.fixture(scope='module')
def recorded(tmp_path_factory):
    folder = tmp_path_factory.mktemp('recorded')
    for number, consent in enumerate(('given: form 3', 'withheld')):
        info = EpisodeInfo(CONTRACT, CONTRACT.task, 'anna', 'success',
                           rights=Rights('CC-BY-4.0', 'a | lab', consent))
        bags.write_bag(folder / f'bags/episode_{number}', bags.Script(CONTRACT, 1.0, seed=number),
                       info=info)
    convert([folder / 'bags'], folder / 'dataset')
    return folder


@pytest.fixture(autouse=True)
def place(recorded, monkeypatch):
    monkeypatch.chdir(recorded)
    monkeypatch.setenv('XDG_CONFIG_HOME', str(recorded / 'settings'))


def run(*words):
    done = CliRunner().invoke(app, list(map(str, words)), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_a_dataset_and_a_bag_are_redacted_under_one_key(recorded):
    printed = run('redact', 'dataset', '--out', 'shared', '--text')
    assert 'settings/il_ros/redaction.key: a new key' in printed
    assert 'shared: redacted; report: shared.redaction.json' in printed
    printed = run('redact', 'bags/episode_0', '--out', 'one')
    assert 'a new key' not in printed and '1 names became pseudonyms' in printed
    convert([recorded / 'one'], recorded / 'again')
    operators = [row['operator'] for name in ('shared', 'again')
                 for row in Dataset(recorded / name).episodes]
    assert len(set(operators)) == 1 and operators[0].startswith('operator-')


@pytest.mark.parametrize('words, text', [
    (('dataset', '--out', 'x', '--drop-topic', '/a'), 'are for bags; dataset is a dataset'),
    (('dataset', '--out', 'x', '--region', 'scene:1'), "--region 'scene:1': expected CAMERA:"),
    (('dataset', '--out', 'x', '--region', 'scene:0,0,1,1'), 'of the dataset: it has none'),
    (('dataset', '--out', 'x', '--faces', '--threshold', '2'), '--threshold: expected more than')])
def test_what_makes_no_sense_is_one_line(recorded, words, text):
    with pytest.raises(ConfigError, match=text):
        run('redact', *words)
    assert not (recorded / 'x').exists()


def front(text):
    return yaml.safe_load(text.split('---')[1])


def test_a_data_card_says_what_is_in_it_and_what_may_be_done(recorded):
    assert 'card: dataset/README.md' in run('card', 'dataset')
    text = (recorded / 'dataset/README.md').read_text()
    assert front(text)['license'] == 'cc-by-4.0' and front(text)['tags'][0] == 'LeRobot'
    for line in ('| put the red cube into the box | 2 |',
                 '| CC-BY-4.0 | a \\| lab | given: form 3 | 1 |',
                 '**1 episodes must not be trained on: consent withheld.**', 'Operators: 1.',
                 f'| contract | sha256 `{CONTRACT.hash}` |', 'Cameras: none.',
                 'Nothing says that its pictures were redacted; the names of operators stand in'):
        assert line in text, text
    assert 'anna' not in text
    with pytest.raises(ConfigError, match='README.md exists already and is not overwritten'):
        run('card', 'dataset')
    run('redact', 'dataset', '--out', 'for_all')
    run('card', 'for_all', '--out', 'all.md')
    assert ('Redacted: faces not looked for; regions blacked out in no camera; names in free '
            'texts not looked for; operators have pseudonyms.') in (
                recorded / 'all.md').read_text()


def test_a_model_card_says_what_it_can_do_and_was_made_of(recorded):
    pytest.importorskip('torch')
    train(recorded / 'dataset', recorded / 'run', steps=2, despite='a form came later')
    best, digest = recorded / 'run/best', weights_hash(recorded / 'run/best')
    layers = [{'layer': 'nominal', 'variant': 'nominal', 'meaning': '', 'successes': 45,
               'episodes': 50, 'mean_success_s': 7.25, 'interventions': 0, 'disturb': True},
              {'layer': 'shifted', 'variant': 'light', 'unseen': 'it has no camera'}]
    result = {'checkpoint': str(best), 'weights_sha256': digest, 'task': 'PickPlace',
              'scheduler': 'receding', 'action_noise': 0.0, 'layers': layers, **layers[0]}
    (recorded / 'result.json').write_text(json.dumps(result))
    run('card', best, '--evaluation', 'result.json')
    text = (best / 'README.md').read_text()
    for line in ('| PickPlace | nominal | disturbed, scheduler receding | 45 of 50 | 79 % to '
                 '96 % | 7.2 s | 0 |',
                 '| CC-BY-4.0 | a \\| lab | withheld | 1 |', f'| weights | sha256 `{digest}` |',
                 '**1 episodes forbid training: consent withheld.** It was trained all the same: '
                 'a form came later.', '| torch | '):
        assert line in text, text
    assert front(text)['license'] == 'cc-by-4.0'

    (recorded / 'other.json').write_text(json.dumps(result | {'weights_sha256': '0' * 64}))
    with pytest.raises(CheckpointError, match='other.json: is of other weights .000000000000.'):
        run('card', best, '--evaluation', 'other.json', '--out', 'x.md')
    del result['weights_sha256']
    (recorded / 'old.json').write_text(json.dumps(result))
    run('card', best, '--evaluation', 'old.json', '--out', 'old.md')
    assert 'old.json does not say of which weights it is' in (recorded / 'old.md').read_text()


def test_a_checkpoint_from_before_says_that_nothing_was_stated(recorded, tmp_path):
    pytest.importorskip('torch')
    train(recorded / 'dataset', tmp_path / 'run', steps=2, despite='old')
    file = tmp_path / 'run/best/training.json'
    said = json.loads(file.read_text())
    for name in ('trained_on', 'despite', 'versions'):
        del said[name]
    file.write_text(json.dumps(said))
    run('card', tmp_path / 'run/best', '--out', tmp_path / 'card.md')
    text = (tmp_path / 'card.md').read_text()
    assert 'Not stated: the checkpoint is of an il_ros that did not record it.' in text
    assert front(text)['license_name'] == 'not stated'
    assert 'Not evaluated: no result of `il_ros evaluate --out` was given.' in text
