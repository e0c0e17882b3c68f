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
    inspect([str(dataset)], tmp_path / 'report.html')
    printed = capsys.readouterr().out
    assert 'episode_0001  success  1.00   1.9 s' in printed
    assert '2 episodes, 116 rows, 0.1 min of sim_arm; starts in 2 zones, grasps in 0' in printed
    assert ('joint_states: stamped 3 to 3 ms before arrival (spread 4 ms, drift ' in printed)
    assert 'start positions cover 2 zones of 10 x 10 cm, expected at least 6' in printed
    assert 'episode_0002' in (tmp_path / 'report.html').read_text()


def test_it_is_readable_in_eighty_columns(dataset, capsys, monkeypatch):
    monkeypatch.setenv('COLUMNS', '80')
    inspect([str(dataset)])
    printed = capsys.readouterr().out.splitlines()
    assert [' '.join(line.split()) for line in printed[:3]] == [
        '# bag outcome score length sync human corrected',
        '0 episode_0001 success 1.00 1.9 s 13 ms 100% 0%',
        '1 episode_0002 failure 1.00 1.9 s 13 ms 100% 0%']
    assert all(len(line) <= 80 for line in printed[:3])
    assert printed[3].startswith('2 episodes, 116 rows, 0.1 min of sim_arm; starts in 2 zones, ')
    assert ('start positions cover 2 zones of 10 x 10 cm, expected at least 6: vary where the '
            'objects lie') in printed, 'into a pipe no line is broken'


def test_a_long_name_is_cut_and_what_is_odd_is_said_below(dataset, capsys, monkeypatch):
    contract = bags.small_contract(cameras=())
    folder = dataset.parent / 'rosbag2_2026_11_30-00_01_02_of_the_left_arm'
    bags.write_bags(folder.parent / 'short', 1, seconds=0.5, contract=contract)[0].rename(folder)
    convert([folder], dataset, append=True)
    monkeypatch.setenv('COLUMNS', '80')
    inspect([str(dataset)])
    printed = capsys.readouterr().out.splitlines()
    assert '…of_the_left_arm  success  0.90   0.4 s' in printed[3] and len(printed[3]) <= 80
    assert 'episode 2: only 0.4 s long' in printed


def test_unwritable_html(dataset):
    with pytest.raises(DatasetError, match='/proc/nowhere.html: cannot be written: '):
        inspect([str(dataset)], Path('/proc/nowhere.html'))


def test_what_is_missing_is_told_with_what_is_taken_in_its_place(dataset, capsys, monkeypatch):
    monkeypatch.setenv('COLUMNS', '200')
    (dataset / 'meta/contract.yaml').unlink()
    inspect([str(dataset)])
    assert capsys.readouterr().out.startswith(
        f'{dataset}: no meta/contract.yaml: the robot is taken from info.json, where it is '
        'without workspace and scene\n')
