"""What a controller makes of 30 Hz chunks is as smooth as a spline through them."""
from dataclasses import replace

from il_ros.contract import Contract
from il_ros.safety.interpolation import Setpoints
import numpy as np
import pytest

from benchmarks import jerk


@pytest.mark.parametrize(('hz', 'receiver'), [(125.0, jerk.Follower), (250.0, jerk.Follower),
                                              (500.0, jerk.Forward)])
@pytest.mark.parametrize('robot', jerk.ROBOTS)
def test_no_rougher_than_a_spline_through_the_same_rows(monkeypatch, robot, hz, receiver):
    monkeypatch.setattr(jerk, 'MOVES', 3)
    contract = Contract.load(robot)
    rows = jerk.rows(contract, 0.0)
    path = jerk.run(replace(contract, command_hz=hz), rows, receiver(rows[0]))
    assert jerk.jerk(path) <= jerk.LIMIT * jerk.jerk(jerk.reference(contract, rows))
    alone = jerk.run(replace(contract, command_hz=None), rows, jerk.Follower(rows[0]))
    assert jerk.jerk(alone) > 100 * jerk.jerk(path), 'single points are what it is better than'


@pytest.mark.parametrize('robot', jerk.ROBOTS)
def test_messages_that_say_when_they_are_due_are_as_smooth_when_they_come_late(
        monkeypatch, robot):
    monkeypatch.setattr(jerk, 'MOVES', 3)
    contract = replace(Contract.load(robot), command_hz=125.0)
    rows = jerk.rows(contract, 0.0)
    on_arrival, timed = (
        jerk.jerk(jerk.run(contract, rows, jerk.Follower(rows[0]), jerk.LATE_S, timed))
        for timed in (False, True))
    assert timed < 10 * jerk.jerk(jerk.reference(contract, rows))
    assert on_arrival > 100 * timed


def test_the_follower_goes_on_a_cubic_from_where_it_is():
    follower = jerk.Follower(np.zeros(1))
    ahead = np.array([[1.0], [2.0]]), np.array([[1.0], [0.0]]), (10**9, 2 * 10**9)
    follower.take(Setpoints(*ahead), 0)
    # From rest to 1 at speed 1: 2 t^2 - t^3; then t + t^2 - t^3 more.
    np.testing.assert_allclose(follower.sample(5 * 10**8), [0.375])
    follower.take(Setpoints(np.array([[0.375]]), np.zeros((1, 1)), (10**9,)), 5 * 10**8)
    np.testing.assert_allclose(follower.sample(15 * 10**8), [0.375])
    # A stamp of half a second ago leaves half of the second, and what was due before is gone.
    follower.take(Setpoints(np.array([[9.0], [1.375]]), np.zeros((2, 1)), (4 * 10**8, 15 * 10**8),
                            10**9), 15 * 10**8)
    np.testing.assert_allclose(follower.sample(20 * 10**8), [0.875])
    np.testing.assert_allclose(follower.sample(15 * 10**8), [0.375])
    follower.take(Setpoints(np.array([[1.375]]), np.zeros((1, 1)), (10**9,)), 15 * 10**8)
    np.testing.assert_allclose(follower.sample(20 * 10**8), [0.875], err_msg='positions: straight')
    np.testing.assert_allclose(follower.sample(40 * 10**8), [1.375], err_msg='then it stands')
