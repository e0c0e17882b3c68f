from dataclasses import replace

from checkpoint_factory import CONTRACT
from il_ros.errors import DatasetError
from il_ros.policies.config import PolicyConfig
from il_ros.training.config import TrainConfig
from il_ros.training.samples import ArraySource, Samples
from il_ros.training.split import split_episodes
from il_ros.training.windows import run_ends
import numpy as np
import pytest

POLICY, HUMAN, HOLD = 0, 1, 2
CONFIG = TrainConfig(PolicyConfig(horizon=4), validation_share=0.0)


def source(control_source, lengths, intervention=None):
    """Row k has state k and action k + 0.5 in every joint."""
    rows = np.arange(len(control_source), dtype=float)[:, None]
    return ArraySource(CONTRACT, lengths, {
        'observation.state': rows * np.ones(7), 'action': (rows + 0.5) * np.ones(7),
        'observation.environment_state': np.zeros((len(rows), 21)),
        'control_source': np.array(control_source),
        'intervention': np.zeros(len(rows)) if intervention is None else np.array(intervention)})


def test_run_ends_by_hand():
    labelled = np.array([1, 1, 1, 0, 1, 1, 1, 0], bool)
    np.testing.assert_array_equal(run_ends([5, 3], labelled), [3, 3, 3, 3, 5, 7, 7, 7])


def test_run_ends_against_the_definition():
    random = np.random.default_rng(0)
    for _ in range(20):
        lengths = random.integers(1, 6, 4)
        labelled = random.random(lengths.sum()) < 0.7
        episode = np.repeat(np.arange(4), lengths)
        for row, end in enumerate(run_ends(lengths.tolist(), labelled)):
            expected = row
            while (expected < len(labelled) and labelled[expected]
                   and episode[expected] == episode[row]):
                expected += 1
            assert end == expected


def test_a_chunk_ends_at_a_gap_as_at_the_end_of_an_episode():
    rows = source([HUMAN] * 8, [5, 3])
    rows.columns['tick'] = np.array([3, 4, 9, 10, 11, 0, 1, 2])
    samples = Samples.of(rows, CONFIG, {})
    np.testing.assert_array_equal(samples.ends, [2, 2, 5, 5, 5, 8, 8, 8])
    np.testing.assert_array_equal(samples.stretch, [0, 0, 1, 1, 1, 2, 2, 2])
    np.testing.assert_array_equal(samples.episode, [0, 0, 0, 0, 0, 1, 1, 1])
    assert samples.batch(np.array([1]))[1].tolist() == [[True, False, False, False]]


def test_only_what_the_human_did_is_a_label_and_chunks_end_with_it():
    samples = Samples.of(source([1, 1, 1, 0, 2, 1, 1, 1], [6, 2]), CONFIG, {})
    assert samples.training.tolist() == [0, 1, 2, 5, 6, 7]
    data, valid = samples.batch(samples.training)
    assert valid.astype(int).tolist() == [
        [1, 1, 1, 0], [1, 1, 0, 0], [1, 0, 0, 0],   # before the policy took over
        [1, 0, 0, 0],                               # the last row of episode 0
        [1, 1, 0, 0], [1, 0, 0, 0]]
    assert data['state'][:, 0].tolist() == [0, 1, 2, 5, 6, 7]
    assert data['actions'].shape == (6, 4, 7)
    assert data['actions'][0, :3, 0].tolist() == [0.5, 1.5, 2.5]


def test_other_sources_on_request():
    config = replace(CONFIG, sources=('human', 'policy'))
    samples = Samples.of(source([1, 0, 2, 1], [4]), config, {})
    assert samples.training.tolist() == [0, 1, 3]
    assert samples.batch(np.array([0]))[1].tolist() == [[True, True, False, False]]


def test_nothing_to_learn_from():
    with pytest.raises(DatasetError, match='no row to learn from: none of 3 rows was controlled '
                                           'by human; record demonstrations or name other'):
        Samples.of(source([0, 2, 0], [3]), CONFIG, {})


def test_values_that_are_not_finite_are_refused():
    bad = source([1, 1, 1], [3])
    bad.columns['action'][1, 2] = np.nan
    with pytest.raises(DatasetError, match="column 'action': row 1 is not finite; convert"):
        Samples.of(bad, CONFIG, {})
    del bad.columns['action']
    with pytest.raises(DatasetError, match="the dataset has no column 'action'"):
        Samples.of(bad, CONFIG, {})


def test_the_split_is_by_episode_and_repeats():
    episodes = np.arange(20)
    training, validation = split_episodes(episodes, 0.2, seed=1)
    assert len(validation) == 4
    assert sorted([*training, *validation]) == list(range(20))
    again = split_episodes(episodes, 0.2, seed=1)
    np.testing.assert_array_equal(again[1], validation)
    assert split_episodes(episodes, 0.2, seed=2)[1].tolist() != validation.tolist()
    assert [len(part) for part in split_episodes(episodes[:2], 0.01, 0)] == [1, 1]
    assert [len(part) for part in split_episodes(episodes[:1], 0.5, 0)] == [1, 0]
    assert [len(part) for part in split_episodes(episodes, 0.0, 0)] == [20, 0]


def test_no_episode_is_in_both_splits_and_unlabelled_ones_in_none():
    control = np.repeat([1, 1, 0, 1, 1], 10)
    samples = Samples.of(source(control, [10] * 5), replace(CONFIG, validation_share=0.25), {})
    training, validation = set(samples.training // 10), set(samples.validation // 10)
    assert training | validation == {0, 1, 3, 4}
    assert not training & validation
    assert len(validation) == 1


def test_corrections_get_their_share():
    control, intervention = np.ones(1000), np.arange(1000) < 20
    samples = Samples.of(source(control, [500, 500], intervention), CONFIG, {})
    random = np.random.default_rng(0)
    half = samples.mixture(replace(CONFIG, correction_share=0.5)).draw(25_600, random)
    assert np.mean(half < 20) == pytest.approx(0.5, abs=0.02)
    plain = samples.mixture(CONFIG).draw(25_600, random)
    assert np.mean(plain < 20) == pytest.approx(0.02, abs=0.005)
    without = Samples.of(source(control, [500, 500]), CONFIG, {})
    assert len(without.mixture(replace(CONFIG, correction_share=0.5)).draw(256, random)) == 256


def test_a_chunk_ends_after_a_label_that_was_only_said():
    labelled = np.array([True, True, True, True, True, False, True])
    said = np.array([False, False, True, True, False, False, True])
    # h h l l h p | l: h h l is one plan; after it the arm went where the policy led it.
    assert run_ends([7], labelled, said).tolist() == [3, 3, 3, 4, 5, 5, 7]
