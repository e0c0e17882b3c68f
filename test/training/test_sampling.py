from dataclasses import replace

from checkpoint_factory import CONTRACT
from il_ros.config import build, to_mapping
from il_ros.errors import ConfigError, DatasetError
from il_ros.policies.config import PolicyConfig
from il_ros.training.config import Mix, TrainConfig
from il_ros.training.samples import ArraySource, Samples
from il_ros.training.sampling import before_interventions, Origin, origins
import numpy as np
import pytest

POLICY, HUMAN, HOLD, GUIDED = 0, 1, 2, 11
CONFIG = TrainConfig(PolicyConfig(horizon=4), validation_share=0.0)
DEMO_ROWS, ROLLOUT_ROWS, CORRECTION_ROWS = 300, 600, 100


def samples_of(control, lengths, config, intervention=None):
    rows = len(control)
    return Samples.of(ArraySource(CONTRACT, lengths, {
        'observation.state': np.zeros((rows, 7)), 'action': np.zeros((rows, 7)),
        'observation.environment_state': np.zeros((rows, 21)), 'control_source': control,
        'intervention': np.zeros(rows) if intervention is None else intervention}), config, {})


def dataset(demonstrations=DEMO_ROWS):
    """One demonstrated episode, and ten rollouts of 60 rows, 20 corrected in every second."""
    rollout = [POLICY] * 60
    corrected = [POLICY] * 30 + [HUMAN] * 20 + [POLICY] * 10
    control = np.array([HUMAN] * demonstrations + 5 * (rollout + corrected))
    lengths = ([demonstrations] if demonstrations else []) + [60] * 10
    return control, lengths


def shares(config, control, lengths, count=100_000):
    """Return what is drawn from: demonstrations, corrections, rows before them, others."""
    samples = samples_of(control, lengths, config)
    drawn = samples.mixture(config).draw(count, np.random.default_rng(0))
    assert len(drawn) == count
    near = before_interventions(samples.origin, samples.episode)[drawn]
    kind = samples.origin[drawn]
    return [np.mean(kind == Origin.DEMO), np.mean(kind == Origin.HUMAN), np.mean(near),
            np.mean((kind == Origin.POLICY) & ~near)]


def test_origins():
    control = np.array([1, 1, 2, 0, 1, 2, 0, 1, 1])
    episode = np.array([0, 0, 0, 1, 1, 1, 1, 2, 2])
    intervention = np.array([0, 0, 0, 0, 1, 0, 0, 0, 1], bool)
    D, H, P, X = Origin
    # Episode 2 is a rollout that a human took over before the policy did anything.
    assert origins(control, intervention, episode).tolist() == [D, D, X, P, H, X, P, H, H]


def test_rows_before_an_intervention_are_the_policys_last_ones_of_its_episode():
    D, H, P, X = Origin
    origin = np.array([P, P, P, P, X, X, H, P, H, D, H, P, P, H, H], np.int8)
    episode = np.array([0] * 9 + [1] * 2 + [2] * 4)
    assert np.flatnonzero(before_interventions(origin, episode, 3)).tolist() == [1, 2, 3, 7,
                                                                                11, 12]


def test_before_interventions_against_the_definition():
    random = np.random.default_rng(0)
    for _ in range(20):
        episode = np.repeat(np.arange(4), 40)
        origin = np.repeat(random.integers(1, 4, 32), 5).astype(np.int8)
        expected = np.zeros(160, bool)
        for row in np.flatnonzero(origin == Origin.POLICY):
            following = [k for k in range(row, 160)
                         if episode[k] == episode[row] and origin[k] != Origin.OTHER]
            # Its 15 successors, cut where an intervention begins.
            expected[row] = any(
                origin[k] == Origin.HUMAN and origin[following[i]] == Origin.POLICY
                for i, k in enumerate(following[1:16]))
        np.testing.assert_array_equal(before_interventions(origin, episode), expected)


def test_a_mix_holds():
    config = replace(CONFIG, mix=Mix(demo=0.5, human=0.4, policy=0.1))
    demo, human, near, policy = shares(config, *dataset())
    assert (demo, human, near + policy) == pytest.approx((0.5, 0.4, 0.1), abs=0.02)
    demo, human, near, policy = shares(replace(CONFIG, mix=Mix(demo=0.3, human=0.7)), *dataset())
    assert (demo, human) == pytest.approx((0.3, 0.7), abs=0.02)
    assert near + policy == 0


def test_within_a_group_all_rows_are_alike():
    config = replace(CONFIG, mix=Mix(demo=0.5, human=0.5))
    drawn = samples_of(*dataset(), config).mixture(config).draw(
        200_000, np.random.default_rng(0))
    counts = np.bincount(drawn[drawn < DEMO_ROWS], minlength=DEMO_ROWS)
    assert counts.min() > 0.7 * counts.mean() and counts.max() < 1.3 * counts.mean()


def test_iwr_draws_half_from_interventions_and_keeps_the_robots_rows():
    demo, human, near, policy = shares(replace(CONFIG, weighting='iwr'), *dataset())
    assert human == pytest.approx(0.5, abs=0.02)
    others = DEMO_ROWS + ROLLOUT_ROWS - CORRECTION_ROWS
    assert demo == pytest.approx(0.5 * DEMO_ROWS / others, abs=0.02)
    assert near + policy == pytest.approx(0.5 * (1 - DEMO_ROWS / others), abs=0.02)


def test_sirius_draws_its_shares():
    demo, human, near, policy = shares(replace(CONFIG, weighting='sirius'), *dataset())
    assert human == pytest.approx(0.5, abs=0.02)
    assert near == pytest.approx(0.002, abs=0.001)
    before = DEMO_ROWS / (DEMO_ROWS + ROLLOUT_ROWS)
    assert demo == pytest.approx(before, abs=0.02)
    assert policy == pytest.approx(1 - 0.502 - before, abs=0.02)


def test_sirius_says_when_demonstrations_leave_nothing_for_rollouts():
    with pytest.raises(DatasetError, match=(
            r'^sirius: 60.0% of the rows are demonstrations and keep that share; with 50% for '
            r'interventions and 0.2% for what led to them that leaves -10.2% for rollouts, '
            r'expected 0 or more; record more rollouts, or give shares of your own with mix$')):
        shares(replace(CONFIG, weighting='sirius'), *dataset(900))


@pytest.mark.parametrize(('changes', 'demonstrations', 'text'), [
    ({'mix': Mix(demo=0.5, human=0.5)}, 0, '^mix: demo has a share of 0.5 but no rows to draw'),
    ({'weighting': 'iwr'}, None, '^iwr: interventions has a share of 0.5 but no rows to draw'),
    ({'mix': Mix(demo=0.9, policy=0.1)}, None, '^mix: policy has a share of 0.1 but no rows'),
])
def test_a_source_without_rows_is_named(changes, demonstrations, text):
    control, lengths = dataset(0) if demonstrations == 0 else (np.ones(50, int), [50])
    with pytest.raises(DatasetError, match=text):
        shares(replace(CONFIG, **changes), control, lengths)


def test_who_is_drawn_is_a_label():
    assert replace(CONFIG, mix=Mix(demo=0.9, policy=0.1)).labels == (
        'human', 'label', 'guided', 'policy')
    assert replace(CONFIG, mix=Mix(demo=1.0)).labels == ('human', 'label', 'guided')
    assert replace(CONFIG, weighting='sirius').labels == ('human', 'label', 'guided', 'policy')


@pytest.mark.parametrize(('text', 'error'), [
    ('demo=0.5,humen=0.5', "--mix: unknown key 'humen'; did you mean 'human'?"),
    ('demo=0.5', 'mix: expected shares of 0 or more that add up to 1, got demo=0.5, human=0, po'),
    ('demo=1.5,human=-0.5', '--mix: expected shares of 0 or more whose sum is more than 0'),
    ('demo=nan', '--mix: expected names and shares as in '),
    ('demo=1,demo=1', "--mix: 'demo' stands twice"),
    ('demo', "--mix: expected names and shares as in demo=0.5,human=0.4,policy=0.1, got 'demo'"),
])
def test_wrong_mixes(text, error):
    with pytest.raises(ConfigError) as caught:
        Mix.parse(text)
    assert error in str(caught.value)


def test_a_mix_goes_through_yaml_and_excludes_the_other_ways():
    config = replace(CONFIG, mix=Mix.parse('demo=0.5, human=0.4, policy=0.1'))
    assert to_mapping(config)['mix'] == {'demo': 0.5, 'human': 0.4, 'policy': 0.1}
    assert build(TrainConfig, to_mapping(config), 'x') == config
    with pytest.raises(ConfigError, match='^expected one of correction_share, mix, weighting, got '
                                          'mix and weighting$'):
        replace(config, weighting='iwr')
    with pytest.raises(ConfigError, match="^weighting 'sirrius': did you mean 'sirius'"):
        replace(CONFIG, weighting='sirrius')


def test_rows_of_a_led_arm_are_demonstrations():
    control = np.array([GUIDED, GUIDED, 2, 1])
    assert origins(control, np.zeros(4, bool), np.zeros(4, int)).tolist() == [
        Origin.DEMO, Origin.DEMO, Origin.OTHER, Origin.DEMO]
