"""A policy, its episodes and the gate that they give; the watcher that works with it."""
from dataclasses import replace
import shutil

from checkpoint_factory import CONTRACT
from gate_factory import CONFIG, EPISODES, LENGTH, make_gate, make_policy, source, START
from il_ros.errors import CheckpointError, ConfigError, DatasetError
from il_ros.intervention.gates import files, fitting
from il_ros.intervention.gates.fitting import fit_gate, renew_gate
from il_ros.intervention.gates.gate import Decision
from il_ros.intervention.gates.lasting import Lasting
from il_ros.intervention.gates.watcher import Watcher
from il_ros.policies.checkpoint import read
from il_ros.policies.load import load
from il_ros.types import Observation
import numpy as np
import pytest
import torch

torch.set_num_threads(1)
WANDERS = np.array([0.02] * 6 + [0.0])   # all joints but the gripper
OFF = START + np.array([0.0, 0.6, -0.6, 0.6, 0.6, 0.6, 0.0])


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory):
    return make_gate(tmp_path_factory.mktemp('gate') / 'run')


@pytest.fixture(scope='module')
def policy(checkpoint):
    return load(checkpoint)


@pytest.fixture
def model(checkpoint):
    return files.read(checkpoint, read(checkpoint))


def at(joint_0, rest=START):
    state = rest.copy()
    state[0] += joint_0
    return Observation(0, state, np.empty(0))


def watch(policy, watcher, seen, human=None, policy_acts=True):
    target = policy.infer(seen)[0]
    return watcher.decide(seen, target, policy.uncertainty[0], human, policy_acts)


def test_doubt_is_ten_times_as_large_off_the_data(policy):
    def doubt(seen):
        return policy.infer(seen) is not None and policy.uncertainty[0]
    on = [doubt(at(x)) for x in np.linspace(-0.4, 0.0, 5)]
    off = [doubt(at(x, OFF)) for x in np.linspace(-0.4, 0.0, 5)]
    assert np.mean(off) >= 10 * np.mean(on)


def test_a_gap_ends_no_episode_and_leads_nowhere(policy):
    rows = source()
    tick = np.tile(np.arange(LENGTH), EPISODES)
    tick[LENGTH // 2:LENGTH] += 100
    nobody = np.zeros(len(tick), bool)
    steps, _ = fitting._steps(policy, replace(rows, columns={**rows.columns, 'tick': tick}),
                              ~nobody, nobody)
    assert np.flatnonzero(steps.cut).tolist() == [LENGTH // 2 - 1]
    assert np.flatnonzero(steps.last).tolist() == [
        LENGTH * (k + 1) - 1 for k in range(EPISODES)]


def test_a_fifth_of_held_out_steps_is_unsafe(model):
    record = model[0].record
    assert record.rows == 6 * LENGTH, 'a quarter of 24 episodes of a person'
    assert record.episodes == EPISODES
    assert record.thresholds.tau > 0
    assert record.thresholds.chi > 0


def test_the_classifier_knows_where_the_person_differs(model, policy):
    gate, inputs = model
    random = np.random.default_rng(5)

    def safe(joint_0):
        seen = [at(joint_0, START + WANDERS * random.standard_normal(7)) for _ in range(40)]
        return gate.safe(np.array([inputs(s, policy.infer(s)[0]) for s in seen])).mean()
    left, right = safe(-0.3), safe(0.3)
    assert left > 0.9
    assert right < left - 0.2


def test_q_knows_where_the_task_fails(model, policy):
    gate, inputs = model
    q = [gate.value(inputs(at(x), policy.infer(at(x))[0])[None])[0] for x in (-0.35, 0.35)]
    assert q[0] > q[1] + 0.3


@pytest.mark.parametrize('name', files.GATES)
def test_every_gate_works_with_what_was_learnt(model, policy, name):
    watcher = Watcher(name, *model, steps=1)
    assert isinstance(watch(policy, watcher, at(-0.3)), Decision)


def test_the_ensemble_asks_off_the_data_alone(model, policy):
    watcher = Watcher('ensemble', *model, steps=1)
    assert not any(watch(policy, watcher, at(x)).human for x in np.linspace(-0.35, 0.35, 9))
    asked = watch(policy, watcher, at(0.0, OFF))
    assert asked.human and asked.score > asked.threshold
    assert asked.reason == 'the members of the policy disagree'
    calm = Watcher('ensemble', *model, steps=1, chi=1e9)
    assert not watch(policy, calm, at(0.0, OFF)).human


def test_a_request_has_to_last_and_ends_at_once(model, policy):
    watcher = Watcher('ensemble', *model, steps=3)
    told = [watch(policy, watcher, at(0.0, OFF)).human for _ in range(4)]
    assert told == [False, False, True, True]
    assert not watch(policy, watcher, at(0.0)).human
    assert not watch(policy, watcher, at(0.0, OFF)).human, 'counts from one again'


def test_a_person_who_acts_is_not_released_for_being_new():
    asks = Decision(True, 'x', 1.0, 0.5)
    _, told = Lasting(3).update(asks, human=True)
    assert told.human


def test_lazy_releases_the_person_on_agreement(model, policy):
    watcher = Watcher('lazy', *model, steps=1)
    wanted = policy.infer(at(0.3))[0]
    assert not watch(policy, watcher, at(0.3), human=wanted, policy_acts=False).human
    assert watch(policy, watcher, at(0.3), human=wanted + 0.2, policy_acts=False).human


def test_thrifty_takes_its_thresholds_anew_after_an_episode(model, policy):
    watcher = Watcher('thrifty', *model, steps=1)
    before = watcher.gate
    for _ in range(25):
        watch(policy, watcher, at(0.0, OFF))
    watch(policy, watcher, at(0.0, OFF), policy_acts=False)
    watcher.end_episode()
    assert watcher.gate is before, '25 steps are too few, and paused ones do not count'
    watch(policy, watcher, at(0.0, OFF))
    watcher.end_episode()
    assert watcher.gate.delta_h > before.delta_h
    assert watcher.gate.delta_r == before.delta_r


def test_a_single_network_has_no_gate_of_doubt(tmp_path):
    checkpoint = make_policy(tmp_path / 'run', members=1)
    model = fit_gate(checkpoint, source())
    for name in ('ensemble', 'thrifty'):
        with pytest.raises(ConfigError, match=f"gate '{name}': needs an ensemble.*--members 5"):
            model.gate(name)
    assert model.gate('safe') and model.gate('lazy')
    with pytest.raises(ConfigError, match="gate 'lasy': did you mean 'lazy'"):
        model.gate('lasy')


def test_a_policy_that_follows_one_with_a_gate_gets_its_own_with_the_same_budget(tmp_path):
    first, second = tmp_path / 'first', make_policy(tmp_path / 'run', members=1)
    shutil.copytree(second, first)
    assert renew_gate(first, second, source()) == ''
    assert not (second / files.JSON).exists(), 'who had no gate gets none'
    fit_gate(first, source(), alpha=0.11)
    assert renew_gate(first, second, source()) == 'learnt when to ask for help'
    model, _ = files.read(second, read(second))
    assert model.record.thresholds.alpha == 0.11
    fewer = replace(source(), lengths=source().lengths[1:])
    assert f'{EPISODES} episodes, got {EPISODES - 1}' in renew_gate(first, second, fewer)


def test_files_that_do_not_fit_are_refused(checkpoint, tmp_path):
    folder = tmp_path / 'c'
    shutil.copytree(checkpoint, folder)
    other = make_policy(tmp_path / 'run', members=1)
    with pytest.raises(CheckpointError, match='no gate: missing gate.json, gate.safetensors; '
                                              'make it with il_ros train DATASET'):
        files.read(other, read(other))
    for name in (files.JSON, files.TENSORS):
        shutil.copy(folder / name, other / name)
    with pytest.raises(CheckpointError, match='the gate belongs to other weights'):
        files.read(other, read(other))
    text = (folder / files.JSON).read_text()
    (folder / files.JSON).write_text(text.replace('"tau"', '"tao"'))
    with pytest.raises(CheckpointError, match="unknown key 'tao'; did you mean 'tau'"):
        files.read(folder, read(folder))


def test_another_dataset_is_refused(checkpoint):
    whole = source()
    fewer = replace(whole, lengths=whole.lengths[1:])
    with pytest.raises(DatasetError, match=f'{EPISODES} episodes, got {EPISODES - 1}'):
        fit_gate(checkpoint, fewer)


def test_thresholds_of_chi_are_for_the_ensemble(model):
    with pytest.raises(ConfigError, match="chi: is for the gate 'ensemble', got 'safe'"):
        Watcher('safe', *model, steps=1, chi=1.0)


def test_nobody_in_the_validation_episodes_is_refused(tmp_path):
    from il_ros.training.train import fit
    checkpoint = fit(source(), tmp_path / 'run', replace(
        CONFIG, steps=2, validation_share=0.0, policy=replace(CONFIG.policy, members=1)))
    with pytest.raises(DatasetError, match='at least 25 steps of a person that the policy did not '
                                           'learn from, got 0'):
        fit_gate(checkpoint, source())
    assert CONTRACT.joints
