import itertools

from il_ros.errors import ConfigError
from il_ros.execution.chunk_scheduler import make_scheduler, RecedingHorizon, TemporalEnsemble
import numpy as np
import pytest

P = 33_333_333
SCHEDULERS = {
    'receding 1': lambda: RecedingHorizon(P),
    'receding 4': lambda: RecedingHorizon(P, execute_steps=4),
    'ensemble': lambda: TemporalEnsemble(P),
}


def chunk(first, horizon=8):
    """Rows count up, so that a row tells which tick it was meant for."""
    return np.arange(first, first + horizon, dtype=float)[:, None] * np.ones(2)


@pytest.mark.parametrize('make', SCHEDULERS.values(), ids=SCHEDULERS.keys())
class TestEveryScheduler:
    def test_silent_before_the_first_chunk(self, make):
        assert make().output(0) is None

    def test_the_row_of_the_tick_comes_first(self, make):
        scheduler = make()
        scheduler.add(chunk(0), 5 * P, 5 * P)
        for tick in range(5, 13):
            rows = scheduler.output(tick * P)
            np.testing.assert_allclose(rows[:, 0], np.arange(tick - 5, 8))
        assert scheduler.output(13 * P) is None

    def test_elapsed_rows_are_skipped(self, make):
        scheduler = make()
        scheduler.add(chunk(0), 5 * P, 8 * P)
        np.testing.assert_allclose(scheduler.output(8 * P)[0], [3, 3])

    def test_a_chunk_that_is_over_gives_nothing(self, make):
        scheduler = make()
        scheduler.add(chunk(0), 0, 20 * P)
        assert scheduler.output(20 * P) is None

    def test_a_chunk_of_the_future_waits(self, make):
        scheduler = make()
        scheduler.add(chunk(0), 5 * P, 3 * P)
        assert scheduler.output(4 * P) is None
        np.testing.assert_allclose(scheduler.output(5 * P)[0], [0, 0])

    def test_the_present_chunk_is_played_until_the_next_is_due(self, make):
        scheduler = make()
        scheduler.add(chunk(0), 0, 0)
        assert scheduler.output(0) is not None
        scheduler.add(chunk(6), 6 * P, 4 * P)
        np.testing.assert_allclose([scheduler.output(t * P)[0, 0] for t in range(4, 10)],
                                   range(4, 10))

    def test_ticks_may_jitter(self, make):
        scheduler = make()
        scheduler.add(chunk(0), 0, 0)
        got = [scheduler.output(tick * P + late)[0, 0]
               for tick, late in zip(range(8), itertools.cycle([0, P // 3, -P // 3]))]
        np.testing.assert_allclose(got, range(8))

    def test_agreeing_chunks_give_what_they_agree_on(self, make):
        scheduler = make()
        for tick in range(20):
            scheduler.add(chunk(tick), tick * P, tick * P)
            rows = scheduler.output(tick * P)[:, 0]
            np.testing.assert_allclose(rows, np.arange(tick, tick + len(rows)))
            assert len(rows) >= 5

    def test_reset_forgets(self, make):
        scheduler = make()
        scheduler.add(chunk(0), 0, 0)
        assert scheduler.output(0) is not None
        scheduler.add(chunk(0), 0, 0)
        scheduler.reset()
        assert scheduler.output(P) is None

    def test_does_not_change_what_it_was_given(self, make):
        scheduler, given = make(), chunk(0)
        scheduler.add(given, 0, 0)
        scheduler.add(chunk(3), P, P)
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
    np.testing.assert_allclose(scheduler.output(0)[:, 0], [0, 1, 2])


def test_make_scheduler_names_the_nearest():
    assert isinstance(make_scheduler('receding', P, 3), RecedingHorizon)
    assert isinstance(make_scheduler('ensemble', P), TemporalEnsemble)
    with pytest.raises(ConfigError, match="scheduler 'ensembel': did you mean 'ensemble'?"):
        make_scheduler('ensembel', P)
    with pytest.raises(ConfigError, match='execute_steps: expected 1 or more, got 0'):
        make_scheduler('receding', P, 0)


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
