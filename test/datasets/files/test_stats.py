from il_ros.datasets.files.stats import aggregate, column_stats, ImageStats, to_json
import numpy as np
import pytest

RNG = np.random.default_rng(0)


@pytest.mark.parametrize('sizes', [(1,), (5, 9), (1, 1, 30)])
def test_parts_add_up_to_the_whole(sizes):
    parts = [RNG.normal(size=(n, 3)) for n in sizes]
    whole = column_stats(np.concatenate(parts))
    found = aggregate(column_stats(part) for part in parts)
    for name in whole:
        assert np.allclose(found[name], whole[name], atol=1e-12), name


def test_rows_with_nan_do_not_count():
    values = np.array([[1.0, 2.0], [np.nan, np.nan], [3.0, 6.0]])
    found = column_stats(values)
    assert (found['mean'].tolist(), found['count'].tolist()) == ([2.0, 4.0], [2.0])


def test_a_column_of_nan_gives_zeros_and_weighs_nothing():
    empty = column_stats(np.full((4, 2), np.nan))
    assert all(not values.any() for values in empty.values())
    some = column_stats(np.array([[1.0, 2.0]]))
    assert aggregate([empty, some])['mean'].tolist() == [1.0, 2.0]
    assert aggregate([empty, empty])['count'].tolist() == [0.0]


def test_images_in_zero_to_one():
    stats = ImageStats()
    for k in range(10):
        image = np.zeros((8, 8, 3), np.uint8)
        image[..., 0], image[..., 1] = 255, 51 * (k // 5)
        stats.add(image)
    found = to_json(stats.stats(), image=True)
    assert found['max'] == [[[1.0]], [[0.2]], [[0.0]]]
    assert found['mean'] == [[[1.0]], [[pytest.approx(0.1)]], [[0.0]]]
    assert found['std'][1] == [[pytest.approx(0.1)]]
    assert found['count'] == [2]
