from dataclasses import replace
import mmap

from bag_factory import with_depth
from checkpoint_factory import CONTRACT, observation
from il_ros.execution.layout import Layout
from il_ros.policies.policy import Continuation
import numpy as np
import pytest


@pytest.fixture
def views():
    layout = Layout.of(CONTRACT, ('wrist',), 12)
    return layout.views(mmap.mmap(-1, layout.size))


def test_an_observation_survives(views):
    seen = replace(observation(), task='den W\u00fcrfel ablegen')
    views.put(seen)
    got, previous = views.get()
    assert previous is None
    np.testing.assert_array_equal(got.state, seen.state)
    np.testing.assert_array_equal(got.environment, seen.environment)
    np.testing.assert_array_equal(got.images['wrist'], seen.images['wrist'])
    assert (got.stamp_ns, got.task) == (seen.stamp_ns, seen.task)
    views.put(observation())
    assert views.get()[0].task == ''


def test_distances_survive_beside_colours():
    contract = with_depth(CONTRACT, 'wrist')
    layout = Layout.of(contract, ('scene', 'wrist'), 12, past=1)
    views = layout.views(mmap.mmap(-1, layout.size))
    random = np.random.default_rng(0)
    seen = replace(observation(), images={
        'scene': random.integers(0, 256, contract.camera('scene').shape, dtype=np.uint8),
        'wrist': random.random(contract.camera('wrist').shape, dtype=np.float32)})
    views.put(replace(seen, past=(seen,)))
    got, _ = views.get()
    for one in (got, *got.past):
        assert set(one.images) == {'scene', 'wrist'} and one.images['wrist'].flags.aligned
        for name in one.images:
            np.testing.assert_array_equal(one.images[name], seen.images[name])


def test_of_the_past_the_newest_survive():
    layout = Layout.of(CONTRACT, ('wrist',), 12, past=2)
    views = layout.views(mmap.mmap(-1, layout.size))
    seen = [observation(seed, seed) for seed in range(5)]
    for past in ((), tuple(seen[2:4]), tuple(seen[:4])):
        views.put(replace(seen[4], past=past))
        got, _ = views.get()
        assert got.stamp_ns == 4 and [one.stamp_ns for one in got.past] == [2, 3][:len(past)]
        for one in (*got.past, got):
            np.testing.assert_array_equal(one.state, seen[one.stamp_ns].state)
            np.testing.assert_array_equal(one.environment, seen[one.stamp_ns].environment)
            np.testing.assert_array_equal(one.images['wrist'], seen[one.stamp_ns].images['wrist'])


def test_a_long_text_is_cut_between_characters(views):
    views.put(replace(observation(), task='a' + 'W\u00fc' * 400))
    got, _ = views.get()
    assert len(got.task.encode()) in (1022, 1023, 1024)
    assert ('a' + 'W\u00fc' * 400).startswith(got.task)
    np.testing.assert_array_equal(got.images['wrist'], observation().images['wrist'])


@pytest.mark.parametrize('rows', [1, 12, 15])
def test_what_a_chunk_continues_survives_up_to_its_horizon(views, rows):
    previous = Continuation(np.random.default_rng(0).normal(size=(rows, 7)), 4)
    views.put(observation(), previous)
    got, found = views.get()
    np.testing.assert_array_equal(found.positions, previous.positions[:12])
    assert found.delay == 4
    np.testing.assert_array_equal(got.images['wrist'], observation().images['wrist'])
    views.put(observation())
    assert views.get()[1] is None
