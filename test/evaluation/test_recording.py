import bag_factory as bags
from il_ros.contract import Contract
from il_ros.datasets.convert import convert
from il_ros.errors import DatasetError
from il_ros.evaluation.recording import read_recording, Recording, timed_actions
import numpy as np
import pytest


@pytest.fixture
def folder(tmp_path):
    bags.write_bags(tmp_path / 'bags', 2, seconds=1.0)
    return tmp_path / 'bags'


def test_a_bag_and_its_dataset_give_the_same(folder, tmp_path):
    paths = sorted(folder.iterdir())
    convert(paths, tmp_path / 'data')
    for episode, path in enumerate(paths):
        bag, stored = read_recording(path), read_recording(tmp_path / 'data', episode)
        assert len(bag.states) > 25
        np.testing.assert_array_equal(bag.ticks, stored.ticks)
        for name in ('states', 'environments', 'actions'):
            np.testing.assert_allclose(getattr(bag, name), getattr(stored, name), atol=1e-6)


def test_an_episode_that_is_not_there_is_named(folder, tmp_path):
    convert(sorted(folder.iterdir()), tmp_path / 'data')
    with pytest.raises(DatasetError, match='data: expected episode 0 to 1, got 2$'):
        read_recording(tmp_path / 'data', 2)


def test_something_else_is_refused(tmp_path):
    with pytest.raises(DatasetError, match='expected a dataset'):
        read_recording(tmp_path / 'nothing')


def test_actions_are_held_where_ticks_are_missing():
    actions = np.arange(3.0)[:, None]
    recording = Recording('', Contract.load('sim_arm'), np.array([4, 5, 8]), actions, actions,
                          actions)
    np.testing.assert_array_equal(timed_actions(recording)[:, 0], [0, 1, 1, 1, 2])
