"""The interactive methods on the lane: what is stored, who acts, and what it is worth."""
from functools import partial

from il_ros.intervention.beta import Beta, expert_acts
from il_ros.intervention.gates.lazy import with_noise
import numpy as np
import pytest
import torch

from benchmarks.learning import gated, methods
from benchmarks.learning.collecting import demonstrate, learn, roll_out, Watching
from benchmarks.learning.effort import Line, Together
from benchmarks.learning.interactive import Seed
from benchmarks.learning.judging import auroc, Judged
from benchmarks.learning.methods import Sizes
from benchmarks.tasks.lane import Lane

torch.set_num_threads(1)
SEED = 4


@pytest.fixture(scope='module')
def novice():
    return learn([demonstrate(Lane(), seed, False) for seed in range(4)], 0, Sizes().train_steps)


def experts(episode):
    """Return what the expert says at every state of an episode, asked again."""
    lane, said = Lane(), []
    lane.reset(SEED)
    for step in episode.steps:
        said.append(lane.expert())
        lane.step(step.executed)
    return np.array(said)


def test_the_expert_drives_well_after_a_kick():
    assert all(demonstrate(Lane(), seed, True).success for seed in range(40))


def test_dagger_labels_every_state_with_the_expert_whoever_acted(novice):
    random = np.random.default_rng(0)
    episode = roll_out(Lane(), novice, SEED, label_all=partial(expert_acts, 0.5, random),
                       disturb_executed=lambda action: action + 0.3)
    assert episode.labels == len(episode.steps)
    np.testing.assert_array_equal(episode.column('label'), experts(episode))
    human = episode.column('human')
    assert 0 < human.sum() < len(human), 'states that the novice led to are among them'
    assert (episode.column('executed') != episode.column('label'))[human].all()


@pytest.mark.parametrize('beta, share', [(Beta('power', p=0.5).at(0), 1.0), (0.0, 0.0)])
def test_beta_says_who_acts(novice, beta, share):
    random = np.random.default_rng(0)
    episode = roll_out(Lane(), novice, SEED, label_all=partial(expert_acts, beta, random))
    assert episode.column('human').mean() == share
    assert episode.labels == len(episode.steps)


def test_of_hg_dagger_only_what_the_person_did_is_learnt_from(novice):
    lane = Lane()
    episode = roll_out(lane, novice, SEED, person=Watching(lane))
    human = episode.column('human')
    assert 0 < human.sum() < len(human)
    np.testing.assert_array_equal(episode.column('labelled'), human)
    assert len(episode.column('label', True)) == human.sum() == sum(episode.interventions)
    np.testing.assert_array_equal(episode.column('executed')[~human],
                                  episode.column('novice')[~human])


def test_noise_is_executed_and_the_label_stays_clean(novice):
    lane, random = Lane(), np.random.default_rng(0)
    episode = roll_out(lane, novice, SEED, person=Watching(lane),
                       disturb_executed=lambda action: with_noise(action, 0.2, random))
    human = episode.column('human')
    assert (episode.column('executed') != episode.column('label'))[human].all()
    np.testing.assert_array_equal(episode.column('label'), experts(episode))


def test_auroc():
    assert auroc(np.array([2.0, 3.0]), np.array([0.0, 1.0])) == 1.0
    assert auroc(np.array([0.0, 2.0]), np.array([1.0, 1.0])) == 0.5
    assert auroc(np.array([1.0]), np.array([1.0])) == 0.5


@pytest.mark.slow
def test_hg_dagger_beats_demonstrations_of_equal_time():
    lane, sizes = Lane(), Sizes(rounds=2, episodes=40)
    human = methods.hg_dagger(lane, 0, sizes)
    time = human.human_steps
    alone = methods.demonstrations_only(lane, 0, sizes, [time], disturbed=False)
    assert time <= alone.human_steps < time + lane.steps, 'equal, to one demonstration'
    assert time <= 1200
    assert human.success.mean() >= 0.97
    assert alone.success.mean() <= human.success.mean() - 0.15


@pytest.mark.parametrize('method', [
    gated.safe_dagger, pytest.param(gated.lazy_dagger, marks=pytest.mark.slow)])
def test_a_classifier_of_held_out_steps_calls_a_person_in_the_first_round(method):
    run = method(Lane(), 0, Sizes(rounds=1, episodes=1))
    (switches, robot), = Line.of(run).rounds
    assert 0 < switches < robot
    disturbed = np.concatenate([(e.column('executed') != e.column('label')).any(1)
                                for e in run.collected])
    human = np.concatenate([e.column('human') for e in run.collected])
    assert disturbed[human].all() == (method is gated.lazy_dagger), 'noise, and a clean label'


@pytest.mark.slow
def test_thrifty_dagger_keeps_to_its_budget_and_does_not_chatter():
    sizes = Sizes(episodes=10)
    runs = [gated.thrifty_dagger(Lane(), 0, sizes, hysteresis) for hysteresis in (True, False)]
    with_it, without = (Together.of([Line.of(run)]) for run in runs)
    assert 0.5 <= with_it.switch_rate / sizes.alpha <= 1.5
    assert with_it.length >= 2 * without.length


def together(*curve, rounds=()):
    return Together.of([Line([(t, [1] * won + [0] * (10 - won)) for t, won in curve], rounds, [])])


def test_time_for_the_same_success():
    other = together((50, 2), (80, 6), (100, 8))
    assert together((50, 2), (60, 4), (80, 10)).time_of(other) == pytest.approx(220 / 3 / 100)
    assert together((50, 9), (90, 10)).time_of(other) == 0.5
    assert together((50, 2), (90, 7)).time_of(other) == np.inf
    assert other.time_of(other) == 1.0


def test_who_decides_watches_while_the_robot_acts():
    assert together((1, 1), rounds=[(10, 100), (3, 200)]).watched == 287


def test_fall_of_the_switch_rate():
    assert together((1, 1), rounds=[(10, 100), (3, 200), (2, 200)]).fall == pytest.approx(10)
    assert together((1, 1), rounds=[(10, 100), (0, 200)]).fall == pytest.approx(20)


def test_results_are_kept_between_sessions(tmp_path):
    seed = Seed({'HG-DAgger': Line([(1.5, [0, 1])], [(2, 30)], [7])}, Judged(1.0, 0.5, 0.2, 30.0))
    kept = Seed.of(seed.to_json())
    assert Together.of([kept.lines['HG-DAgger']]).times == [1.5]
    assert (kept.judged, Seed.of(Seed(seed.lines, None).to_json()).judged) == (seed.judged, None)
