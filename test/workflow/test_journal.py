import json

from il_ros.errors import ConfigError, IlRosError
from il_ros.workflow.journal import Journal
import pytest


def test_a_step_is_done_once(tmp_path):
    done = []
    for _ in range(2):
        with Journal(tmp_path / 'run', {'steps': 3}) as journal:
            assert journal.do('train', lambda: done.append(1) or {'loss': 0.5}) == {'loss': 0.5}
    assert done == [1]


def test_what_is_on_disk_is_always_whole(tmp_path):
    with Journal(tmp_path / 'run', {}) as journal:
        journal.record('a', {'value': [1, 2]})
        (tmp_path / 'run' / '.journal.json.partial').write_text('{"torn')   # as a killed one left
    with Journal(tmp_path / 'run', {}) as journal:
        assert journal.steps == {'a': {'value': [1, 2]}}
    assert json.loads((tmp_path / 'run/journal.json').read_text())['format'] == 1


def test_other_settings_are_named(tmp_path):
    with Journal(tmp_path / 'run', {'rollouts': 10, 'seed': 1}):
        pass   # a mistake that was seen before the first step binds nobody
    with Journal(tmp_path / 'run', {'rollouts': 10, 'seed': 0}) as journal:
        journal.record('start', {})
    with pytest.raises(ConfigError, match='begun with other settings: rollouts: 10, now 5; give'):
        Journal(tmp_path / 'run', {'rollouts': 5, 'seed': 0})


def test_two_processes_do_not_share_a_run(tmp_path):
    with (Journal(tmp_path / 'run', {}),
          pytest.raises(ConfigError, match='another process is at this run')):
        Journal(tmp_path / 'run', {})


def test_a_folder_with_something_else_is_left_alone(tmp_path):
    (tmp_path / 'notes.txt').write_text('mine')
    with pytest.raises(ConfigError, match='is not empty; name a new folder with --out'):
        Journal(tmp_path, {})
    assert [p.name for p in tmp_path.iterdir()] == ['notes.txt']


def test_a_damaged_journal_says_so(tmp_path):
    (tmp_path / 'journal.json').write_text('[]')
    with pytest.raises(IlRosError, match='damaged.*name a new folder'):
        Journal(tmp_path, {})
