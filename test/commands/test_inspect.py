from pathlib import Path

import bag_factory as bags
from il_ros.commands.inspect import inspect
from il_ros.datasets.convert import convert
from il_ros.errors import DatasetError
import pytest


@pytest.fixture
def dataset(tmp_path):
    convert(bags.write_bags(tmp_path / 'bags', 2, contract=bags.small_contract(cameras=())),
            tmp_path / 'out')
    return tmp_path / 'out'


def test_prints_and_writes_html(dataset, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv('COLUMNS', '200')
    inspect(dataset, tmp_path / 'report.html')
    printed = capsys.readouterr().out
    assert 'episode_0001  success  1.9 s' in printed
    assert '2 episodes, 116 rows, 0.1 min of sim_arm; starts in 2 zones, grasps in 0' in printed
    assert 'start positions cover 2 zones of 10 x 10 cm, expected at least 6' in printed
    assert 'episode_0002' in (tmp_path / 'report.html').read_text()


def test_unwritable_html(dataset):
    with pytest.raises(DatasetError, match='/proc/nowhere.html: cannot be written: '):
        inspect(dataset, Path('/proc/nowhere.html'))


def test_what_is_missing_is_told_with_what_is_taken_in_its_place(dataset, capsys, monkeypatch):
    monkeypatch.setenv('COLUMNS', '200')
    (dataset / 'meta/contract.yaml').unlink()
    inspect(dataset)
    assert capsys.readouterr().out.startswith(
        f'{dataset}: no meta/contract.yaml: the robot is taken from info.json, where it is '
        'without workspace and scene\n')
