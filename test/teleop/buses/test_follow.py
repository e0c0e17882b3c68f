"""When the motors of a leader may move it."""
from il_ros.teleop.buses.follow import Follow, HELD
from il_ros.timing import MILLISECOND
import numpy as np
import pytest

STEP_NS = 33 * MILLISECOND


class Leader:
    """Two joints with motors, that go to their goals unless a hand keeps them."""

    def __init__(self):
        self.follow, self.now_ns = Follow(np.array([1.0, 0.5])), 10**9
        self.at, self.robot = np.zeros(2), np.array([1.0, 1.0])
        self.grasped = False

    def run(self, ticks, held=False, target=True):
        goals = []
        for _ in range(ticks):
            self.now_ns += STEP_NS
            goal = self.follow.step(self.at, self.robot if target else None, held, self.now_ns)
            if goal is not None and not self.grasped:
                self.at = goal
            goals.append(goal)
        return goals


def test_it_begins_once_it_rested_and_goes_no_faster_than_each_joint_may():
    leader = Leader()
    goals = leader.run(30)
    first = next(n for n, goal in enumerate(goals) if goal is not None)
    assert first == 16, 'half a second after it was first seen'
    steps = np.diff([np.zeros(2), *goals[first:]], axis=0)
    assert (steps <= np.array([1.0, 0.5]) * 0.033 + 1e-12).all() and (steps > 0).all()
    leader.run(60)
    np.testing.assert_allclose(leader.at, leader.robot)


def test_a_pressed_pedal_ends_it_at_once():
    leader = Leader()
    assert leader.run(30)[-1] is not None
    assert leader.run(1, held=True) == [None]
    assert leader.run(15) == [None] * 15
    assert leader.run(5)[-1] is not None


def test_while_it_is_moved_by_hand_it_never_begins():
    leader = Leader()
    for n in range(100):
        leader.at = np.array([0.1 * (n % 2), 0.0])
        assert leader.run(1) == [None]


def test_a_hand_that_holds_it_ends_it_until_the_pedal_was_pressed_anew():
    leader = Leader()
    leader.run(20)
    leader.grasped = True
    assert leader.run(60)[-1] is None
    assert leader.follow.notice == HELD
    leader.grasped = False
    assert leader.run(60) == [None] * 60, 'it rests, but who knows in whose hand'
    leader.run(1, held=True)
    assert leader.run(30)[-1] is not None


def test_without_a_target_the_motors_are_off():
    leader = Leader()
    leader.run(30)
    assert leader.run(1, target=False) == [None]
    assert leader.run(15) == [None] * 15, 'it has to rest anew'
    assert leader.run(2)[-1] is not None


@pytest.mark.parametrize('seed', range(20))
def test_whatever_happens_torque_never_comes_on_while_the_pedal_is_held_or_the_leader_moves(seed):
    draw, leader = np.random.default_rng(seed), Leader()
    moved_ns = held_ns = leader.now_ns
    before = None
    for _ in range(400):
        held, target = bool(draw.random() < 0.05), bool(draw.random() < 0.95)
        if draw.random() < 0.05:
            leader.at = leader.at + draw.choice([-0.3, 0.3], 2)
            moved_ns = leader.now_ns
        at = leader.at
        goal, = leader.run(1, held, target)
        held_ns = leader.now_ns if held else held_ns
        if goal is not None:
            assert np.abs(goal - at).max() <= 0.2 + 0.034
            if before is None:
                assert leader.now_ns - max(held_ns, moved_ns) >= 5e8
        before = goal
