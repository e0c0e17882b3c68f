"""The setpoint follows trajectories as joint_trajectory_controller does."""
from il_ros.controller import TrajectoryController
import numpy as np

START = np.array([1.0, -1.0])


def controller():
    return TrajectoryController(START)


def at(controller, *times):
    return controller.setpoints(np.array(times)).tolist()


def rows(*values):
    return np.array(values, dtype=float)


def due(*times):
    return np.array(times, dtype=np.int64)


def test_rests_without_a_trajectory():
    assert at(controller(), 0, 10**12) == [[1, -1], [1, -1]]


def test_begins_where_it_is_told_if_nobody_knew():
    c = TrajectoryController(np.array([np.nan, 4.0]))
    c.follow(rows([2, 2]), due(100), 0, 0)
    c.begin(np.array([0.0, 9.0]))
    assert at(c, 0, 50, 100) == [[0, 4], [1, 3], [2, 2]]


def test_moves_linearly_and_holds_the_last_point():
    c = controller()
    assert c.follow(rows([2, -2], [2, 0]), due(100, 200), 0, 0) == 2
    assert at(c, 50, 100, 150, 200, 900) == [[1.5, -1.5], [2, -2], [2, -1], [2, 0], [2, 0]]


def test_waits_for_the_start():
    c = controller()
    c.follow(rows([3, 1]), due(200), 100, 0)
    assert at(c, 99, 100, 150, 200) == [[1, -1], [1, -1], [2, 0], [3, 1]]


def test_goes_on_with_the_old_trajectory_until_the_new_one_starts():
    c = controller()
    c.follow(rows([3, -1]), due(200), 0, 0)
    c.follow(rows([0, -1]), due(200), 100, 20)
    assert at(c, 50, 100, 150, 200) == [[1.5, -1], [2, -1], [1, -1], [0, -1]]


def test_a_new_trajectory_begins_at_the_present_setpoint():
    c = controller()
    c.follow(rows([3, -1]), due(200), 0, 0)
    c.follow(rows([2, -1]), due(150), 0, 100)
    assert at(c, 100, 125, 150, 200) == [[2, -1], [2, -1], [2, -1], [2, -1]]


def test_leaves_out_points_that_are_past():
    c = controller()
    assert c.follow(rows([9, 9], [2, -1]), due(100, 300), 0, 200) == 1
    assert at(c, 200, 250, 300) == [[1, -1], [1.5, -1], [2, -1]]


def test_a_trajectory_that_is_over_changes_nothing():
    c = controller()
    assert c.follow(rows([9, 9]), due(100), 0, 101) == 0
    assert at(c, 101, 1000) == [[1, -1], [1, -1]]


def test_a_point_due_now_is_taken_at_once():
    c = controller()
    assert c.follow(rows([9, 9]), due(100), 100, 100) == 1
    assert at(c, 100, 101) == [[9, 9], [9, 9]]


def test_does_not_grow():
    c = controller()
    for now in range(0, 100_000, 10):
        c.follow(rows([now, now]), due(now + 33), now, now)
    assert len(c._times) <= 4
