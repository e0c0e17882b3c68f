"""`il_ros dataset` as a person types it."""
from pathlib import Path

import bag_factory as bags
from il_ros.cli import app
from il_ros.datasets.convert import convert
from il_ros.datasets.files.history import read_history
from il_ros.datasets.reader import Dataset
from il_ros.errors import ConfigError, DatasetError
import pytest
from typer.testing import CliRunner


@pytest.fixture(scope='module')
def recorded(tmp_path_factory):
    folder = tmp_path_factory.mktemp('recorded')
    contract = bags.small_contract(cameras=())
    bags.write_bags(folder / 'bags', 3, contract=contract)
    bags.write_bag(folder / 'bags/episode_0004',
                   bags.Script(contract, 6.0, seed=4, still_s=2.0, correct_s=3.0))
    return folder / 'bags'


@pytest.fixture
def root(recorded, tmp_path, monkeypatch):
    monkeypatch.setenv('COLUMNS', '120')
    convert([recorded], tmp_path / 'dataset')
    monkeypatch.chdir(tmp_path)
    return tmp_path / 'dataset'


def run(*words):
    """Run a command and return what it prints, without the padding of tables."""
    done = CliRunner().invoke(app, ['dataset', *map(str, words)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return '\n'.join(' '.join(line.split()) for line in done.output.splitlines())


def test_episodes_are_listed_by_a_condition_and_shown(root):
    assert '3 episode_0004 success 5.93 50% 50% 1 put the red cube' in run('ls', root)
    printed = run('ls', root, '--where', 'not success')
    assert '1 episode_0002 failure' in printed and '1 of 4 episodes' in printed
    printed = run('show', root, 3)
    for text in ('source episode_0004', 'outcome success', 'take_overs 1', 'idle_tail_s 1.90',
                 'human_share 50%', 'idle for 2.0 s at an end'):
        assert text in printed


def test_edits_are_made_told_and_undone(root):
    assert ('delete: 1 episodes; dataset has 3 episodes,' in run(
        'delete', 'dataset', 1, '--why', 'blurred', '--by', 'anna'))
    run('relabel', root, 'failure', '0', '--by', 'anna')
    run('retask', root, 'fold the towel', '--where', "source ~ '4$'")
    assert 'trim: 1 episodes' in run('trim', root, '--where', 'idle_tail_s > 1', '--idle')
    assert 'cut: 1 episodes; ' in run('cut', root, 0, '--at', 0.5, '--at', 1.0)
    assert 'delete: 4 episodes' in run('filter', root, "task ~ 'towel'")
    found = Dataset(root)
    assert found.tasks == ['fold the towel'] and len(found.lengths) == 1
    assert found.lengths[0] < 120
    history = run('ls', root, '--history').splitlines()
    assert history[0].startswith('version 1: delete 1 episodes by anna, 20')
    assert history[0].endswith(': blurred') and history[5].endswith(": task ~ 'towel'")
    assert 'undone: delete: 4 episodes; ' in run('undo', root)
    assert [c.do for c in read_history(root)] == ['delete', 'relabel', 'retask', 'trim', 'cut',
                                                  'delete', 'undo']
    assert [row['outcome'] for row in Dataset(root).episodes] == ['failure'] * 3 + ['success'] * 2


def test_rights_are_stated_and_withdrawn(root):
    run('rights', root, '0-2', '--licence', 'cc-by-4.0', '--owner', 'the lab')
    assert 'rights: 1 episodes' in run('rights', root, 1, '--consent', 'withdrawn: letter')
    stated = [(row.get('licence'), row.get('owner'), row.get('consent'))
              for row in Dataset(root).episodes]
    assert stated == [('CC-BY-4.0', 'the lab', '')] + [
        ('CC-BY-4.0', 'the lab', 'withdrawn: letter')] + [
        ('CC-BY-4.0', 'the lab', ''), ('', '', '')]
    assert 'consent withdrawn: letter' in run('show', root, 1)
    run('filter', root, 'trainable')
    assert len(Dataset(root).lengths) == 3


def test_others_are_kept(root):
    assert 'delete: 2 episodes' in run('keep', root, '0,3')
    assert [row['source'] for row in Dataset(root).episodes] == ['episode_0001', 'episode_0004']
    assert 'all episodes are kept' in run('keep', root, '0-1')
    assert 'nothing to take off' in run('trim', root, 0, '--idle')


def test_parts_are_drawn_or_chosen_and_merged(root, tmp_path):
    printed = run('split', root, '--out', 'train=0.75', '--out', 'test=0.25')
    assert 'train: 3 episodes' in printed and 'test: 1 episodes' in printed
    assert 'whole: 4 episodes' in run('merge', 'train', 'test', '--out', 'whole')
    run('split', root, '--where', 'success', '--into', 'good', '--rest', 'bad')
    assert len(Dataset(tmp_path / 'good').lengths) == 3
    assert [row['source'] for row in Dataset(tmp_path / 'bad').episodes] == ['episode_0002']
    assert len(Dataset(root).lengths) == 4


def test_a_rebuild_repeats_the_edits(root, recorded):
    run('delete', root, '0')
    assert 'again: 3 episodes' in run('rebuild', root, recorded, '--out', 'again')
    convert([recorded], Path('fresh'))
    assert 'third: 3 episodes' in run('rebuild', root, 'fresh', '--out', 'third')


@pytest.mark.parametrize('words, text', [
    (('delete', 'dataset'), 'which episodes'),
    (('delete', 'dataset', '1', '--where', 'success'), 'not both'),
    (('delete', 'dataset', 'x'), "episodes 'x': expected numbers as"),
    (('delete', 'dataset', '3-1'), 'episode 3-1: expected 0 to 3'),
    (('delete', 'dataset', '4'), 'episode 4: expected 0 to 3'),
    (('delete', 'dataset', '--where', 'frames < 0'), 'true of none of the 4 episodes'),
    (('retask', 'dataset', ' ', '0'), 'the task is empty'),
    (('relabel', 'dataset', 'good', '0'), "outcome 'good': expected one of success"),
    (('trim', 'dataset', '0'), 'how much\\? say --head'),
    (('trim', 'dataset', '0', '--head', '9'), 'nothing is left of its 1.9 s'),
    (('cut', 'dataset', '0', '--at', '7'), 'cannot be cut at 7 s; expected times within its 1.9'),
    (('cut', 'dataset', '0,1', '--at', '1'), 'expected one episode, got 2'),
    (('split', 'dataset'), 'split: expected --out NAME=SHARE'),
    (('split', 'dataset', '--out', 'a=0.5'), 'add up to 1, got a=0.5'),
    (('split', 'dataset', '--out', 'a'), "--out 'a': expected NAME=SHARE"),
    (('split', 'dataset', '--out', 'a=0.99', '--out', 'b=0.01'), 'b=0.01: no episode of 4'),
    (('merge', 'dataset', '--out', 'x'), 'two datasets or more'),
    (('rights', 'dataset', '0'), 'rights: expected --licence, --owner or --consent'),
    (('rights', 'dataset', '0', '--consent', 'witheld'), "consent 'witheld': expected one of"),
    (('show', 'dataset', '4'), 'episode 4: expected 0 to 3'),
    (('undo', 'dataset'), 'nothing to undo: it was never edited'),
    (('ls', 'nowhere'), 'expected a dataset'),
    (('split', 'dataset', '--out', 'dataset=0.5', '--out', 'b=0.5'), 'dataset exists already')])
def test_what_makes_no_sense_is_one_line(root, words, text):
    with pytest.raises((ConfigError, DatasetError), match=text):
        run(*words)
    assert not read_history(root)
