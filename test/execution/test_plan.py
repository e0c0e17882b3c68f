"""What the player does between two plans; time is the test's."""
from il_ros.execution.chunk import Chunk
from il_ros.execution.plan import Plan, Playback, SILENCE
import numpy as np
import pytest

P, STEADY = 33_333_333, 8_333_333  # the arm runs four times as fast as the clock on the wall
T0, S0 = 1_000 * P, 77_000
ROWS = np.arange(42.0).reshape(6, 7)


def plan(tick=0, rows=ROWS):
    return Plan(S0 + tick * STEADY, 'act', Chunk(T0 + tick * P, rows, T0 - P, 12_345, 3,
                                              rows.sum(1)))


@pytest.fixture
def playback():
    return Playback(STEADY, P, patience_ns=4 * STEADY)


def same(got, expected):
    source, chunk = got
    np.testing.assert_array_equal(chunk.positions, expected.positions)
    np.testing.assert_array_equal(chunk.uncertainty, expected.uncertainty)
    return source == 'act' and chunk._replace(positions=0, uncertainty=0) == expected._replace(
        positions=0, uncertainty=0)


def test_a_datagram_holds_the_whole_plan():
    sent = plan()
    got = Plan.unpack(sent.pack())
    assert got._replace(chunk=0) == sent._replace(chunk=0)
    assert same((got.source, got.chunk), sent.chunk)
    assert Plan.unpack(SILENCE) is None


def test_a_plan_goes_on_until_it_is_renewed_empty_or_void(playback):
    assert playback.at(S0) is None, 'no plan yet'
    playback.take(plan().pack())
    for tick in range(5):
        chunk = Chunk(T0 + tick * P, ROWS[tick:], T0 - P, 12_345, 3, ROWS[tick:].sum(1))
        assert same(playback.at(S0 + tick * STEADY), chunk)
    assert playback.at(S0 + 5 * STEADY) is None, 'nobody renewed it for too long'
    playback.take(plan(5, ROWS[:2]).pack())
    assert playback.at(S0 + 6 * STEADY) is not None
    assert playback.at(S0 + 7 * STEADY) is None, 'no row is left'
    playback.take(plan(7).pack())
    playback.take(SILENCE)
    assert playback.at(S0 + 7 * STEADY) is None


def test_a_tick_that_the_next_plan_overtook_is_left_out(playback):
    playback.take(plan(1).pack())
    assert playback.at(S0) is None
    assert playback.overtaken == 1
    assert same(playback.at(S0 + STEADY), plan(1).chunk)


def test_a_plan_that_is_not_renewed_ends_with_its_lease():
    """Who follows the chunks sees the end of the rows, and does not have to wait for silence."""
    playback = Playback(STEADY, P, lease_ns=3 * STEADY)
    playback.take(plan().pack())
    lengths = []
    for tick in range(6):
        due = playback.at(S0 + tick * STEADY)
        lengths.append(len(due[1].positions) if due else 0)
        if tick and due:
            np.testing.assert_array_equal(due[1].positions, ROWS[tick:4])
            np.testing.assert_array_equal(due[1].uncertainty, ROWS.sum(1)[tick:4])
    assert lengths == [6, 3, 2, 1, 0, 0]
    playback.take(plan(6).pack())
    assert len(playback.at(S0 + 6 * STEADY)[1].positions) == 6
