import bag_factory as bags
from il_ros.commands.replay import replay
from il_ros.datasets.convert import convert
from il_ros.errors import ConfigError, DatasetError
import pytest


def test_prints_the_difference_of_each_joint(tmp_path, capsys):
    [bag] = bags.write_bags(tmp_path / 'bags', 1, seconds=1.0)
    convert([bag], tmp_path / 'data')
    replay(bag)
    of_bag = capsys.readouterr().out
    replay(tmp_path / 'data')
    of_dataset = capsys.readouterr().out
    assert of_bag.splitlines()[:-1] == of_dataset.splitlines()[:-1]  # the table
    assert 'shoulder_pan' in of_bag and 'gripper' in of_bag
    assert f'{bag}: 28 ticks in the simulation: no success; largest difference' in of_bag
    assert f'episode 0 of {tmp_path}/data: 28 ticks in the simulation' in of_dataset


def test_a_folder_of_neither_is_refused(tmp_path):
    with pytest.raises(DatasetError, match=f'^{tmp_path}: expected a dataset'):
        replay(tmp_path)


def test_a_namespace_without_the_robot_is_refused(tmp_path):
    with pytest.raises(ConfigError, match='^--namespace goes with --ros: it is that of the runn'):
        replay(tmp_path, namespace='left')
