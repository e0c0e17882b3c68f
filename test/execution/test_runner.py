"""The runner with a real inference process; time is the test's."""
from dataclasses import replace
import os
import re
import select
import signal

from checkpoint_factory import CONTRACT, describe, make_checkpoint, observation, SMALL, VARIANTS
from il_ros.errors import CheckpointError, ConfigError
from il_ros.execution.chunk import Chunk, Silent
from il_ros.execution.chunk_scheduler import ChunkScheduler, make_scheduler, SCHEDULERS
from il_ros.execution.runner import PolicyRunner
from il_ros.execution.schedulers.receding import RecedingHorizon
from il_ros.execution.worker import InferenceWorker, State
from il_ros.policies.checkpoint import write
from il_ros.policies.load import load, make_network
from il_ros.policies.source import Options
from nodes.harness import wait_for
import numpy as np
import pytest

P = CONTRACT.period_ns
T0 = 1_000 * P


@pytest.fixture(scope='module')
def checkpoint(tmp_path_factory):
    return make_checkpoint(tmp_path_factory.mktemp('runner') / 'c')


@pytest.fixture(scope='module')
def ready(checkpoint):
    """One process for the tests that do not end it: a start takes seconds."""
    worker = InferenceWorker(checkpoint, CONTRACT)
    worker.wait(60)
    yield worker
    worker.close()


class Life:
    """A runner that lives tick by tick."""

    def __init__(self, ready: InferenceWorker, scheduler: ChunkScheduler | None = None) -> None:
        ready.wait(10)
        self.workers = [ready]
        self.runner = PolicyRunner(CONTRACT, scheduler or RecedingHorizon(P), self.start)
        self.now = T0

    def start(self, checkpoint, contract):
        if checkpoint != self.workers[0].checkpoint:
            self.workers.append(InferenceWorker(checkpoint, contract))
        return self.workers[-1]

    def load(self, checkpoint, activate=True):
        self.runner.load(checkpoint)
        return wait_for(lambda: self.runner.loaded(activate=activate), 'loading', 60)

    def see(self, age_ns=0):
        seen = observation(self.now // P)
        for topic, value in ((CONTRACT.state.topic, seen.state),
                             (CONTRACT.poses.topic, seen.environment)):
            self.runner.push(topic, self.now - age_ns, value)
        return seen

    def tick(self):
        due = self.runner.tick(self.now)
        self.now += P
        return due

    def until_idle(self):
        """Wait until the chunk under way lies in the socket."""
        if self.workers[-1].state is State.BUSY:
            select.select([self.workers[-1]._socket], [], [], 10)


@pytest.fixture
def life(ready):
    life = Life(ready)
    yield life
    for worker in life.workers[1:]:
        worker.close()


def test_row_0_is_for_the_tick_after_the_observation(life, checkpoint):
    assert life.load(checkpoint) == checkpoint
    seen = life.see()
    assert life.tick() == Silent('waiting for the first chunk')
    life.until_idle()
    life.see()
    due = life.tick()
    assert isinstance(due, Chunk)
    assert (due.stamp_ns, due.observation_ns, due.epoch) == (T0 + P, T0, 0)
    np.testing.assert_allclose(due.positions, load(checkpoint).infer(seen), atol=1e-6)


@pytest.mark.parametrize('kind', ['bc_rnn', 'bc history'])
def test_a_policy_sees_every_tick_also_those_without_an_inference(ready, tmp_path, kind):
    life = Life(ready, RecedingHorizon(P, 4))
    checkpoint = make_checkpoint(
        tmp_path / 'c', VARIANTS.get(kind) or replace(SMALL, observation_steps=4))
    life.load(checkpoint)
    policy, expected, compared = load(checkpoint), {}, 0
    for _ in range(12):
        expected[life.now] = policy.infer(life.see())
        due = life.tick()
        life.until_idle()
        if isinstance(due, Chunk) and due.observation_ns == due.stamp_ns - P:
            np.testing.assert_allclose(due.positions, expected[due.observation_ns], atol=1e-6)
            compared += 1
    assert compared >= 2 and life.runner.counters.inferences <= 4
    life.workers[-1].close()


def test_a_slow_network_costs_rows_not_ticks(life, checkpoint):
    life.load(checkpoint)
    seen = life.see()
    life.tick()
    life.until_idle()
    life.now += 3 * P
    life.see()
    due = life.tick()
    np.testing.assert_allclose(due.positions, load(checkpoint).infer(seen)[3:], atol=1e-6)


def test_the_uncertainty_of_an_ensemble_keeps_to_its_rows(life, tmp_path):
    checkpoint = make_checkpoint(tmp_path / 'c', VARIANTS['bc ensemble'])
    life.load(checkpoint)
    seen = life.see()
    life.tick()
    life.until_idle()
    life.now += 3 * P
    life.see()
    expected = load(checkpoint).spread(seen).mean(1)[3:]
    np.testing.assert_allclose(life.tick().uncertainty, expected, rtol=1e-4)


def test_a_single_network_leaves_the_uncertainty_empty(life, checkpoint):
    life.load(checkpoint)
    life.see()
    life.tick()
    life.until_idle()
    life.see()
    assert life.tick().uncertainty.shape == (0,)


def test_says_what_is_missing(life, checkpoint):
    assert life.tick() == Silent('no policy is loaded')
    with pytest.raises(ConfigError, match='no policy is loaded; call policy/load'):
        life.runner.activate()
    life.load(checkpoint, activate=False)
    assert life.tick() == Silent('not active')
    assert life.runner.activate() == f'active: {checkpoint}'
    assert life.tick() == Silent('joint_states: no message yet', problem=True)
    life.see(age_ns=0)
    life.now += 10 * P
    assert life.tick() == Silent('joint_states: the newest sample is 0.333 s old, at most 0.1 s '
                                 'is accepted', problem=True)
    assert life.runner.counters.unavailable == 2
    assert life.runner.deactivate() == 'not active'
    assert life.tick() == Silent('not active')


def test_a_new_epoch_voids_everything_from_before(life, checkpoint):
    life.load(checkpoint)
    life.see()
    life.tick()
    life.until_idle()
    life.see()
    assert isinstance(life.tick(), Chunk)  # and the next is under way
    life.until_idle()
    life.runner.change_epoch(7, life.now + P // 2)
    life.see()
    assert life.tick() == Silent('waiting for the first chunk')  # not newer than the epoch
    assert life.runner.counters.void == 1
    first = life.see()
    assert life.tick() == Silent('waiting for the first chunk')
    life.until_idle()
    life.see()
    due = life.tick()
    assert (due.epoch, due.observation_ns) == (7, life.now - 2 * P)
    np.testing.assert_allclose(due.positions, load(checkpoint).infer(first), atol=1e-6)


def test_the_same_epoch_again_changes_nothing(life, checkpoint):
    life.load(checkpoint)
    life.runner.change_epoch(3, T0 - P)
    for _ in range(4):
        life.see()
        due = life.tick()
        life.until_idle()
        life.runner.change_epoch(3, life.now)
    assert isinstance(due, Chunk)


def test_a_clock_set_back_starts_afresh(life, checkpoint):
    life.load(checkpoint)
    life.runner.change_epoch(1, T0 - 1)
    life.see()
    life.tick()
    life.until_idle()
    life.now = T0 - 500 * P
    assert life.tick() == Silent('joint_states: no message yet', problem=True)
    life.see()
    life.tick()
    life.until_idle()
    life.see()
    assert isinstance(life.tick(), Chunk)


def test_a_checkpoint_that_fails_leaves_the_policy_at_work(life, checkpoint, tmp_path):
    life.load(checkpoint)
    failure = life.load(make_checkpoint(tmp_path / 'bad', poison=np.inf))
    assert 'is not finite; training diverged' in failure.reason
    assert life.runner.checkpoint == checkpoint
    assert life.runner.active


def test_a_crash_silences_at_once_and_the_policy_comes_back(life, checkpoint):
    life.load(checkpoint)
    life.see()
    life.tick()
    life.until_idle()
    life.see()
    assert isinstance(life.tick(), Chunk)
    life.until_idle()
    os.kill(life.workers[0].pid, signal.SIGKILL)

    def crashed():
        life.see()
        due = life.tick()
        return isinstance(due, Silent) and due
    assert wait_for(crashed, 'silence') == Silent(
        'inference process ended with SIGKILL', problem=True, event=True)
    assert life.runner.counters.failures == 1

    def again():
        life.see()
        return isinstance(life.tick(), Chunk)
    wait_for(again, 'chunks of the new process', 60)


def test_a_policy_stays_at_work_until_the_next_is_ready(life, checkpoint, tmp_path):
    other = make_checkpoint(tmp_path / 'other', seed=1)
    life.load(checkpoint)
    life.runner.load(other)
    with pytest.raises(CheckpointError, match='other is being loaded; wait until that is done'):
        life.runner.load(checkpoint)
    chunks = 0
    while (found := life.runner.loaded()) is None:
        life.see()
        chunks += isinstance(life.tick(), Chunk)
        wait_for(lambda: True, 'a moment')
    assert found == other == life.runner.checkpoint
    assert chunks > 0
    seen = life.see()
    life.tick()
    life.until_idle()
    life.see()
    np.testing.assert_allclose(life.tick().positions, load(other).infer(seen), atol=1e-6)


@pytest.fixture(scope='module')
def drawing(tmp_path_factory):
    """A flow that draws 0.15 rad of noise around the measured position, in its own process."""
    weights = make_network(VARIANTS['flow'], CONTRACT).state_dict()
    description = describe(VARIANTS['flow'])
    description.normalize.scale['actions'][:] = 0.15
    folder = tmp_path_factory.mktemp('drawing') / 'c'
    write(folder, description, {k: np.zeros_like(v.numpy()) for k, v in weights.items()}, {})
    worker = InferenceWorker(folder, CONTRACT, options=Options(realtime=True))
    worker.wait(60)
    yield worker
    worker.close()


def off_course(drawing, scheduler):
    """Return by how much each chunk, 3 ticks late, is off what was announced. Shape (N, 6)."""
    life, off, announced = Life(drawing, scheduler), [], None
    life.load(drawing.checkpoint)
    for _ in range(10):
        life.see()
        due = life.tick()
        life.until_idle()
        life.now += 3 * P
        if isinstance(due, Chunk):
            if announced is not None:
                off.append(np.abs(due.positions[0] - announced)[:6])
            announced = due.positions[4]
    return np.array(off)


def test_a_late_chunk_continues_the_one_that_runs(drawing):
    free = off_course(drawing, make_scheduler('asynchronous', CONTRACT, refill_s=10))
    guided = off_course(drawing, make_scheduler('realtime', CONTRACT))[1:]  # it knows the delay
    assert guided.shape == (7, 6)
    assert guided.mean() < 0.15 * free.mean()


@pytest.mark.parametrize('name', SCHEDULERS)
def test_joined_rows_keep_to_the_velocity_limit(drawing, name):
    def steps(join):
        life, rows = Life(drawing, make_scheduler(name, CONTRACT, join=join)), []
        life.load(drawing.checkpoint)
        for tick in range(40):
            if tick % 5 == 0:
                life.until_idle()
            life.see()
            due = life.tick()
            rows += [due.positions[0][:6]] if isinstance(due, Chunk) else []
        return np.abs(np.diff(rows, axis=0)) / (CONTRACT.velocity * P * 1e-9)[:6]

    joined = steps(0.5)
    assert len(joined) > 30
    assert joined.max() <= 1 + 1e-9
    assert steps(0.0).max() > 1, 'the policy itself leaps'


def test_says_when_a_chunk_has_ended(drawing):
    life = Life(drawing)
    life.load(drawing.checkpoint)
    life.see()
    life.tick()
    life.until_idle()
    life.now += 12 * P
    life.see()
    due = life.tick()
    assert due.problem and re.fullmatch(
        r'the chunk has ended; the last inference took \d+ ms', due.reason)


def test_real_time_chunking_refuses_other_policies_before_a_process_starts(checkpoint):
    with pytest.raises(ConfigError, match="scheduler 'realtime': expected a flow or diffusion "):
        InferenceWorker(checkpoint, CONTRACT, options=Options(realtime=True))


@pytest.mark.parametrize('kind', ['bc_rnn', 'bc history'])
def test_a_history_ends_at_a_gap_as_it_does_in_training(ready, tmp_path, kind):
    life = Life(ready)
    checkpoint = make_checkpoint(
        tmp_path / 'c', VARIANTS.get(kind) or replace(SMALL, observation_steps=4))
    life.load(checkpoint)

    def answers(ticks):
        found = {}
        for _ in range(ticks):
            life.see()
            due = life.tick()
            life.until_idle()
            if isinstance(due, Chunk):
                found[due.observation_ns] = due.positions
        return found

    policy = load(checkpoint)
    answers(4)
    life.now += 12 * P      # the streams were silent, or this process was stopped
    begin = life.now
    found = answers(5)
    for k in range(4):      # as if nothing had been before
        expected = policy.infer(observation(begin // P + k))
        np.testing.assert_allclose(found[begin + k * P], expected, atol=1e-6)
    assert life.runner.counters.gaps == 1
    life.workers[-1].close()


def test_a_tick_that_came_late_is_looked_at_afterwards(ready, tmp_path):
    life = Life(ready)
    checkpoint = make_checkpoint(tmp_path / 'c', VARIANTS['bc_rnn'])
    life.load(checkpoint)
    policy = load(checkpoint)
    for k in range(6):
        last = policy.infer(life.see())
        if k == 3:          # its samples came, the tick itself was skipped
            life.now += P
            continue
        life.tick()
        life.until_idle()
    life.see()
    np.testing.assert_allclose(life.tick().positions, last, atol=1e-6)
    assert life.runner.counters.gaps == 0
    life.workers[-1].close()
