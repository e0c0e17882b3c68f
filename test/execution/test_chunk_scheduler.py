from collections import Counter
import itertools

from checkpoint_factory import CONTRACT
from il_ros.errors import ConfigError
from il_ros.execution.chunk_scheduler import make_scheduler, SCHEDULERS
from il_ros.execution.schedulers.asynchronous import Asynchronous
from il_ros.execution.schedulers.ensemble import TemporalEnsemble
from il_ros.execution.schedulers.realtime import RealTimeChunking
from il_ros.execution.schedulers.receding import RecedingHorizon
from il_ros.execution.schedulers.smooth_join import ACCELERATION, SmoothJoin
from il_ros.policies.policy import Continuation
from il_ros.safety.gate import Gate
from il_ros.safety.rules import Command
from il_ros.timing import Now
from il_ros.types import ControlSource
import numpy as np
import pytest

P = CONTRACT.period_ns
STEP = CONTRACT.velocity * P * 1e-9
CHANGE = ACCELERATION * CONTRACT.acceleration * (P * 1e-9) ** 2
ALL = {
    'receding 1': lambda: RecedingHorizon(P),
    'receding 4': lambda: RecedingHorizon(P, execute_steps=4),
    'ensemble': lambda: TemporalEnsemble(P),
    'asynchronous': lambda: Asynchronous(P, refill_s=0.1),
    'asynchronous, always full': lambda: Asynchronous(P, refill_s=10.0),
    'realtime': lambda: RealTimeChunking(P),
    'realtime 4': lambda: RealTimeChunking(P, execute_steps=4),
    **{f'{name}, joined': lambda name=name: make_scheduler(name, CONTRACT, join=0.5)
       for name in SCHEDULERS}}


def chunk(first, horizon=8):
    """Rows count up, so that a row tells which tick it was meant for; within velocity limits."""
    return 0.01 * np.arange(first, first + horizon, dtype=float)[:, None] * np.ones(7)


def ticks(rows):
    return np.round(rows[..., 0] / 0.01, 6)


@pytest.mark.parametrize('make', ALL.values(), ids=ALL.keys())
class TestEveryScheduler:
    def test_silent_before_the_first_chunk_and_asks_for_it(self, make):
        scheduler = make()
        assert scheduler.output(0) is None
        assert scheduler.due(0)
        assert scheduler.previous(0) is None

    def test_the_row_of_the_tick_comes_first(self, make):
        scheduler = make()
        scheduler.add(chunk(0), 5 * P, 5 * P)
        for tick in range(5, 13):
            np.testing.assert_allclose(ticks(scheduler.output(tick * P)), np.arange(tick - 5, 8))
        assert scheduler.output(13 * P) is None
        assert scheduler.due(13 * P)

    def test_elapsed_rows_are_skipped(self, make):
        scheduler = make()
        scheduler.add(chunk(0), 5 * P, 8 * P)
        assert ticks(scheduler.output(8 * P)[0]) == 3

    def test_a_chunk_that_is_over_gives_nothing(self, make):
        scheduler = make()
        scheduler.add(chunk(0), 0, 20 * P)
        assert scheduler.output(20 * P) is None
        assert scheduler.due(20 * P)
        assert scheduler.previous(20 * P) is None

    def test_a_chunk_of_the_future_waits(self, make):
        scheduler = make()
        scheduler.add(chunk(0), 5 * P, 3 * P)
        assert scheduler.output(4 * P) is None
        assert ticks(scheduler.output(5 * P)[0]) == 0

    def test_the_present_chunk_is_played_until_the_next_is_due(self, make):
        scheduler = make()
        scheduler.add(chunk(0), 0, 0)
        assert scheduler.output(0) is not None
        scheduler.add(chunk(6), 6 * P, 4 * P)
        np.testing.assert_allclose([ticks(scheduler.output(t * P)[0]) for t in range(4, 10)],
                                   range(4, 10))

    def test_ticks_may_jitter(self, make):
        scheduler = make()
        scheduler.add(chunk(0), 0, 0)
        got = [ticks(scheduler.output(tick * P + late)[0])
               for tick, late in zip(range(8), itertools.cycle([0, P // 3, -P // 3]))]
        np.testing.assert_allclose(got, range(8))

    def test_ticks_may_be_missed(self, make):
        scheduler = make()
        scheduler.add(chunk(0), 0, 0)
        got = [ticks(scheduler.output(tick * P)[0]) for tick in (0, 1, 4, 7)]
        np.testing.assert_allclose(got, (0, 1, 4, 7))

    def test_agreeing_chunks_give_what_they_agree_on(self, make):
        scheduler = make()
        for tick in range(20):
            scheduler.add(chunk(tick), tick * P, tick * P)
            rows = ticks(scheduler.output(tick * P))
            np.testing.assert_allclose(rows, np.arange(tick, tick + len(rows)))
            assert len(rows) >= 5

    @pytest.mark.parametrize('late', [0, 1, 3, 7])
    def test_asked_when_it_says_so_a_late_policy_leaves_no_gap(self, make, late):
        """Chunks of 20 rows, one at a time, each `late` ticks after it was asked for."""
        scheduler, way, got, asked = make(), None, [], 0
        for tick in range(100):
            if way is None and scheduler.due(tick * P):
                way, asked = tick, asked + 1
            if way is not None and tick >= way + late:
                scheduler.add(chunk(way, 20), way * P, tick * P)
                way = None
            rows = scheduler.output(tick * P)
            got.append(None if rows is None else ticks(rows[0]))
        assert got[:late] == [None] * late
        np.testing.assert_allclose(np.array(got[late:], float), range(late, 100))
        assert asked >= 5

    def test_what_the_next_chunk_continues_is_what_runs(self, make):
        scheduler = make()
        scheduler.add(chunk(0), 0, 2 * P)
        now = scheduler.output(2 * P)
        if found := scheduler.previous(3 * P):
            assert found.delay == 2
            np.testing.assert_allclose(found.positions, now[1:])
            np.testing.assert_allclose(scheduler.output(3 * P), found.positions)

    def test_reset_forgets(self, make):
        scheduler = make()
        scheduler.add(chunk(0), 0, 0)
        assert scheduler.output(0) is not None
        scheduler.add(chunk(0), 0, 0)
        scheduler.reset()
        assert scheduler.output(P) is None
        assert scheduler.due(P)
        assert scheduler.previous(P) is None

    def test_does_not_change_what_it_was_given(self, make):
        scheduler, given = make(), chunk(0)
        scheduler.add(given, 0, 0)
        scheduler.output(0)
        scheduler.add(chunk(30), P, P)
        scheduler.output(P)
        np.testing.assert_array_equal(given, chunk(0))


def test_receding_horizon_executes_its_steps_before_it_changes():
    scheduler = RecedingHorizon(P, execute_steps=4)
    got = []
    for tick in range(10):
        scheduler.add(np.full((8, 1), float(tick)), tick * P, tick * P)
        got.append(scheduler.output(tick * P)[0, 0])
    assert got == [0, 0, 0, 0, 4, 4, 4, 4, 8, 8]


def test_receding_horizon_of_one_step_uses_the_newest():
    scheduler = RecedingHorizon(P)
    for tick in range(4):
        scheduler.add(np.full((8, 1), float(tick)), tick * P, tick * P)
        assert scheduler.output(tick * P)[0, 0] == tick


@pytest.mark.parametrize('steps', [1, 3, 8])
def test_receding_horizon_needs_a_chunk_only_when_due(steps):
    """Inferring at every tick and only when due executes the same rows."""
    def executed(only_when_due):
        scheduler, rows = RecedingHorizon(P, steps), []
        for k in range(20):
            if not only_when_due or scheduler.due(k * P):
                scheduler.add(100.0 * k + np.arange(10.0)[:, None], k * P, k * P)
            rows.append(scheduler.output(k * P)[0, 0])
        return rows
    assert executed(True) == executed(False)


def test_receding_horizon_asks_as_early_as_the_last_chunks_were_late():
    scheduler = RecedingHorizon(P, execute_steps=8)
    scheduler.add(chunk(0, 20), 0, 3 * P)
    scheduler.output(3 * P)  # takes over: 8 steps end at tick 11
    assert [scheduler.due(tick * P) for tick in (6, 7, 8)] == [False, False, True]
    scheduler.add(chunk(8, 20), 8 * P, 9 * P)  # sooner than it was
    np.testing.assert_allclose(scheduler.output(9 * P)[-1, 0], 0.19)
    np.testing.assert_allclose(scheduler.output(11 * P)[-1, 0], 0.27)


def test_ensemble_weights_are_those_of_the_paper():
    scheduler = TemporalEnsemble(P, m=0.01)
    for value, start in ((0.0, 0), (1.0, P), (2.0, 2 * P)):
        scheduler.add(np.full((5, 1), value), start, start)
    rows = scheduler.output(2 * P)
    assert rows[0, 0] == pytest.approx(0.99333, abs=1e-5)
    weights = np.exp(-0.01 * np.arange(2))
    assert rows[3, 0] == pytest.approx(weights @ [1, 2] / weights.sum())  # the oldest has ended
    assert rows[4, 0] == 2.0


def test_ensemble_orders_by_start_whatever_arrives_first():
    scheduler = TemporalEnsemble(P, m=1.0)
    scheduler.add(np.full((5, 1), 1.0), P, P)
    scheduler.add(np.full((5, 1), 0.0), 0, P)
    assert scheduler.output(P)[0, 0] == pytest.approx(np.exp(-1) / (1 + np.exp(-1)))


def test_ensemble_stops_before_a_gap():
    scheduler = TemporalEnsemble(P)
    scheduler.add(chunk(0, 3), 0, 0)
    scheduler.add(chunk(6, 3), 6 * P, 0)
    np.testing.assert_allclose(ticks(scheduler.output(0)), [0, 1, 2])


def test_asynchronous_asks_by_the_time_left_or_as_early_as_chunks_were_late():
    scheduler = Asynchronous(P, refill_s=5 * P * 1e-9)
    scheduler.add(chunk(0, 20), 0, 0)
    scheduler.output(0)
    assert [scheduler.due(tick * P) for tick in (0, 14, 15, 16)] == [False, False, True, True]
    scheduler.add(chunk(20, 20), 20 * P, 28 * P)  # 8 ticks late
    scheduler.output(28 * P)
    assert [scheduler.due(tick * P) for tick in (31, 32)] == [False, True]
    np.testing.assert_allclose(ticks(scheduler.output(39 * P)), [39], err_msg='uses it at once')


def test_realtime_asks_once_the_delay_or_its_steps_have_run():
    scheduler = RealTimeChunking(P, execute_steps=3)
    scheduler.add(chunk(0, 20), 0, 0)
    scheduler.output(0)
    assert [scheduler.due(tick * P) for tick in (2, 3)] == [False, True]
    scheduler.add(chunk(3, 20), 3 * P, 8 * P)  # 5 ticks late
    scheduler.output(8 * P)
    assert [scheduler.due(tick * P) for tick in (7, 8)] == [False, True]
    found = scheduler.previous(9 * P)
    assert found.delay == 5
    np.testing.assert_allclose(ticks(found.positions), range(9, 23))


def test_a_delay_is_remembered_for_ten_chunks_and_over_a_reset():
    scheduler = RealTimeChunking(P)
    scheduler.add(chunk(0, 20), 0, 6 * P)
    for number in range(10):
        scheduler.reset()
        scheduler.add(chunk(0, 20), 0, P)
        scheduler.output(P)
        assert scheduler.previous(P).delay == (6 if number < 9 else 1)


class Fixed:
    """Gives out what a test lays down."""

    def __init__(self):
        self.rows, self.found = None, None

    def output(self, now_ns):
        return self.rows

    def previous(self, start_ns):
        return self.found


def soonest(apart, fastest, change):
    """Return the least number of rows in which a way from rest to rest can be gone."""
    rows = 1
    while np.minimum(change * np.minimum(range(1, rows + 1), range(rows, 0, -1)),
                     fastest).sum() < apart - 1e-12:
        rows += 1
    return rows


@pytest.mark.parametrize('apart', [1e-4, 0.005, 0.02, -0.05, -0.13])
def test_a_join_dies_away_within_acceleration_and_half_the_velocity_limit(apart):
    inner = Fixed()
    scheduler = SmoothJoin(inner, CONTRACT, share=0.5)
    inner.rows = np.zeros((40, 7))
    scheduler.output(0)
    inner.rows = np.full((40, 7), apart)
    rows = scheduler.output(P)
    steps = np.diff(rows, axis=0, prepend=np.zeros((1, 7)))
    arm, gripper = slice(0, 6), next(iter(CONTRACT.grippers))
    assert (np.abs(steps[:, arm]) <= STEP[arm] / 2 + 1e-12).all()
    assert (np.abs(np.diff(steps[:, arm], axis=0, prepend=0)) <= CHANGE[arm] + 1e-12).all()
    for joint in range(6):
        needed = soonest(abs(apart), STEP[joint] / 2, CHANGE[joint])
        np.testing.assert_allclose(rows[needed - 1:, joint], apart)
        assert (np.abs(rows[:needed - 1, joint]) < abs(apart) - 1e-9).all(), 'no row beyond'
    assert (rows[:, gripper] == apart).all(), 'the gripper leaps'
    for tick in range(2, 12):  # and goes on as announced, tick by tick
        inner.rows = np.full((40, 7), apart)
        np.testing.assert_allclose(scheduler.output(tick * P)[:20], rows[tick - 1:tick + 19],
                                   atol=1e-12)


def test_a_wide_join_goes_at_the_limit_until_it_is_near():
    inner = Fixed()
    scheduler = SmoothJoin(inner, CONTRACT, share=0.5)
    inner.rows = np.zeros((40, 7))
    scheduler.output(0)
    inner.rows = np.full((40, 7), 10.3 * STEP[0])
    got = np.array([scheduler.output(tick * P)[0, 0] for tick in range(1, 25)]) / STEP[0]
    np.testing.assert_allclose(got[:8], range(1, 9))
    assert (np.diff(got[7:]) < 0.9).all() and (got <= 10.3 + 1e-9).all(), 'not past its aim'
    np.testing.assert_allclose(got[-4:], 10.3)


def test_a_new_chunk_may_come_while_the_last_join_dies_away():
    """Each joint goes on with the speed it has: no step of the speed is beyond the limit."""
    random, inner = np.random.default_rng(0), Fixed()
    scheduler = SmoothJoin(inner, CONTRACT)
    given = []
    for tick in range(300):
        if tick % 3 == 0:
            inner.rows = np.tile(random.uniform(-0.015, 0.015, 7), (20, 1))
        given.append(scheduler.output(tick * P)[0, :6])
    speeds = np.diff(given, axis=0)
    assert np.abs(speeds).max() > 0.01
    assert (np.abs(np.diff(speeds, axis=0)) <= CHANGE[:6] + 1e-12).all()


def test_a_policy_at_rest_whose_chunks_differ_is_not_limited_by_the_gate():
    random, gate = np.random.default_rng(0), Gate(CONTRACT)
    rest = np.array(CONTRACT.start)
    scheduler = make_scheduler('receding', CONTRACT, 8, join=0.5)
    gate.measure(rest, P, Now(P, P))
    gate.arm(Now(P, P))
    rules = Counter()
    for tick in range(1, 400):
        now = (tick + 1) * P
        if scheduler.due(now):
            rows = np.tile(rest, (16, 1))
            rows[:, :6] += (tick > 1) * random.uniform(-0.03, 0.03, 6)
            scheduler.add(rows, now, now)
        gate.measure(rest, now, Now(now, now))
        rules[gate.receive(Command(CONTRACT.joint_names, scheduler.output(now)[0],
                                   ControlSource.POLICY, b'test', tick, 0, now),
                           Now(now, now)).rule] += 1
    assert rules == {'': 399}


def test_a_policy_that_takes_back_what_it_announced_leads_nowhere():
    """A robot that stands still under a policy that sets off at full speed at every tick."""
    inner = Fixed()
    scheduler = SmoothJoin(inner, CONTRACT)
    inner.rows = np.arange(1, 13)[:, None] * STEP
    inner.rows[:, 6] = 0.0
    off = [scheduler.output(tick * P)[0] - inner.rows[0] for tick in range(100)]
    assert (np.abs(off)[:, :6] <= 2 * STEP[:6] + 1e-12).all()


def test_no_row_is_beyond_the_velocity_limit_whatever_the_policy_says():
    random, inner = np.random.default_rng(0), Fixed()
    scheduler = SmoothJoin(inner, CONTRACT)
    before = None
    for tick in range(200):
        inner.rows = random.normal(size=(12, 7))
        rows = scheduler.output(tick * P)
        if before is not None:
            whole = np.concatenate([before[None], rows])[:, :6]
            assert (np.abs(np.diff(whole, axis=0)) <= STEP[:6] + 1e-12).all()
            assert (rows[:, :6] != inner.rows[:, :6]).any()
        before = rows[0]


def test_rows_go_on_as_announced_while_the_plan_is_the_same():
    scheduler = make_scheduler('asynchronous', CONTRACT, join=0.5)
    scheduler.add(np.random.default_rng(0).normal(size=(20, 7)), 0, 0)
    announced = scheduler.output(0)
    assert (np.abs(np.diff(announced, axis=0))[:, :6] <= STEP[:6] + 1e-12).all()
    for tick in (1, 2, 5, 6):
        np.testing.assert_array_equal(scheduler.output(tick * P), announced[tick:])


def test_a_joined_chunk_continues_the_rows_as_they_were_given_out():
    inner = Fixed()
    scheduler = SmoothJoin(inner, CONTRACT)
    inner.rows = np.zeros((12, 7))
    scheduler.output(0)
    inner.rows, inner.found = np.ones((12, 7)), Continuation(np.ones((11, 7)), 3)
    rows = scheduler.output(P)
    found = scheduler.previous(2 * P)
    assert found.delay == 3
    np.testing.assert_array_equal(found.positions, rows[1:])


def test_make_scheduler_names_the_nearest():
    kinds = [type(make_scheduler(name, CONTRACT, 3)) for name in SCHEDULERS]
    assert kinds == [RecedingHorizon, TemporalEnsemble, Asynchronous, RealTimeChunking]
    assert isinstance(make_scheduler('receding', CONTRACT, join=0.1), SmoothJoin)
    for arguments, settings, text in (
            (('ensembel',), {}, "scheduler 'ensembel': did you mean 'ensemble'?"),
            (('receding', 0), {}, 'execute_steps: expected 1 or more, got 0'),
            (('realtime', 0), {}, 'execute_steps: expected 1 or more, got 0'),
            (('ensemble',), {'ensemble_m': np.nan}, 'm: expected a finite number, got nan'),
            (('asynchronous',), {'refill_s': -1.0}, 'refill_s: expected 0 or more, got -1.0'),
            (('receding',), {'join': 2.0},
             'join: expected more than 0 and at most 1, got 2.0')):
        with pytest.raises(ConfigError) as error:
            make_scheduler(arguments[0], CONTRACT, *arguments[1:], **settings)
        assert str(error.value) == text
