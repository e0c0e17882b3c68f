from dataclasses import replace
import mmap

from checkpoint_factory import CONTRACT, observation
from il_ros.execution.layout import Layout
import numpy as np
import pytest


@pytest.fixture
def views():
    layout = Layout.of(CONTRACT, ('wrist',), 12)
    return layout.views(mmap.mmap(-1, layout.size))


def test_an_observation_survives(views):
    seen = replace(observation(), task='den W\u00fcrfel ablegen')
    views.put(seen)
    got = views.get()
    np.testing.assert_array_equal(got.state, seen.state)
    np.testing.assert_array_equal(got.environment, seen.environment)
    np.testing.assert_array_equal(got.images['wrist'], seen.images['wrist'])
    assert (got.stamp_ns, got.task) == (seen.stamp_ns, seen.task)
    views.put(observation())
    assert views.get().task == ''


def test_a_long_text_is_cut_between_characters(views):
    views.put(replace(observation(), task='a' + 'W\u00fc' * 400))
    got = views.get()
    assert len(got.task.encode()) in (1022, 1023, 1024)
    assert ('a' + 'W\u00fc' * 400).startswith(got.task)
    np.testing.assert_array_equal(got.images['wrist'], observation().images['wrist'])
