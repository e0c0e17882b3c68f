from bag_factory import Script, small_contract, write_bag
from il_ros.datasets.convert import convert
from il_ros.datasets.effort import bag_effort, dataset_effort, Effort, effort
from il_ros.datasets.reader import Dataset
from il_ros.types import ControlSource, LABELLED
import numpy as np
import pytest

POLICY, HUMAN, HOLD, _ = ControlSource


def of(text, success=True, intervention=None):
    """Return the effort of an episode at 2 Hz; p policy, h human, - held, l labelled."""
    control = np.array([{'p': POLICY, 'h': HUMAN, '-': HOLD, 'l': LABELLED}[c] for c in text])
    marked = np.zeros(len(text), int) if intervention is None else intervention
    return effort(control, marked, success, 2.0)


def test_a_rollout_with_two_take_overs():
    found = of('ppphhhhppphh')
    assert found == Effort(1, 1, 6.0, 3.0, 3.0, 0.0, 3.0, take_overs=2, context_switches=3)
    assert found.mean_intervention_s == 1.5
    assert found.human_share == 0.5
    assert found.success_per_human_minute == 20.0


def test_a_demonstration_has_no_take_over():
    found = of('hhhhhh')
    assert (found.human_seconds, found.correcting_seconds) == (3.0, 0.0)
    assert (found.take_overs, found.context_switches) == (0, 0)
    assert found.mean_intervention_s is None


def test_held_time_splits_no_take_over_and_is_no_switch():
    assert of('pp-hh--hh-p') == Effort(1, 1, 5.5, 2.0, 2.0, 0.0, 1.5, 1, 2)


def test_a_rollout_that_a_person_drove_from_the_first_step_is_one_take_over():
    found = of('hhhh', intervention=np.ones(4, int))
    assert (found.take_overs, found.context_switches, found.correcting_seconds) == (1, 0, 2.0)


def test_labels_cost_a_person_time_but_are_no_control():
    found = of('llhhll', success=False)
    assert (found.label_seconds, found.human_seconds, found.policy_seconds) == (2.0, 1.0, 2.0)
    assert (found.take_overs, found.context_switches) == (1, 2)
    assert found.success_per_human_minute == 0.0


def test_efforts_add_up_and_what_came_on_top_is_the_difference():
    first, second = of('hhhh'), of('pphhpp')
    whole = first + second
    assert (whole.episodes, whole.human_seconds, whole.take_overs) == (2, 3.0, 1)
    assert whole - first == second
    assert Effort().human_share is None and Effort().success_per_human_minute is None


def test_it_can_be_read_and_stored():
    found = of('ppphhhhppphh') + of('hhhh')
    assert found.text == ('a person drove 5 s (62% of the time), 2 take-overs of 1.5 s, '
                          '3 changes between person and policy, 24.0 successes per human minute')
    assert found.summary() == {
        'human_share': 0.625, 'take_overs': 2, 'context_switches': 3, 'mean_intervention_s': 1.5,
        'success_per_human_minute': 24.0, 'label_seconds': 0.0, 'policy_seconds': 3.0}


def test_a_bag_and_the_dataset_made_of_it_agree(tmp_path):
    contract = small_contract(())
    corrected = write_bag(tmp_path / 'a', Script(contract, seconds=2.0, correct_s=1.2))
    shown = write_bag(tmp_path / 'b', Script(contract, seconds=1.0, seed=1), outcome='failure')
    convert([corrected, shown], tmp_path / 'dataset')
    found = bag_effort(corrected)
    assert (found.take_overs, found.context_switches, found.successes) == (1, 1, 1)
    assert found.correcting_seconds == pytest.approx(0.8, abs=0.1)
    assert bag_effort(shown).take_overs == 0
    assert dataset_effort(Dataset(tmp_path / 'dataset')) == found + bag_effort(shown)
