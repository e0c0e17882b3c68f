"""The simulation as a robot: what is published with which stamp, commands in absolute time."""
from il_ros.contract import Contract
from il_ros.sim.robot import CLOCK_START_NS, PERIOD_NS, SimulatedRobot
from il_ros.sim.simulation import Simulation
import numpy as np
import pytest

CONTRACT = Contract.load('sim_arm')
START = np.array(CONTRACT.start)
MS = 1_000_000


@pytest.fixture
def robot():
    return SimulatedRobot(Simulation(CONTRACT))


def moments(robot, periods):
    return [moment for _ in range(periods) for moment in robot.advance()]


def test_states_every_10_ms_and_images_every_30th_of_a_second(robot):
    found = moments(robot, 11)
    states = [m.stamp_ns - CLOCK_START_NS for m in found if m.state]
    images = [m.stamp_ns - CLOCK_START_NS for m in found if m.images]
    assert states == [k * PERIOD_NS for k in range(11)]
    assert images == [0, 33_333_333, 66_666_667, 100 * MS]
    assert [m.stamp_ns for m in found] == sorted(m.stamp_ns for m in found)


def test_the_first_period_shows_the_start(robot):
    (first,) = robot.advance()
    assert first == (CLOCK_START_NS, True, True) and robot.simulation.steps == 0


def test_a_reset_starts_at_the_next_period(robot):
    moments(robot, 5)
    start = robot.reset(7, False, 0.0)
    assert start == CLOCK_START_NS + 5 * PERIOD_NS
    first, second = moments(robot, 2)
    assert first == (start, True, True) and second == (start + PERIOD_NS, False, True)
    other = Simulation(CONTRACT)
    other.reset(7)
    np.testing.assert_allclose(robot.simulation.environment, other.environment, atol=2e-4)


def test_stamps_follow_the_clock_when_they_are_off(robot):
    moments(robot, 3)
    robot.keep_time(10**18)
    assert moments(robot, 1)[-1].stamp_ns == 10**18
    robot.keep_time(10**18 + PERIOD_NS + 4 * MS)
    assert moments(robot, 1)[-1].stamp_ns == 10**18 + PERIOD_NS


def test_a_trajectory_with_a_stamp_starts_then(robot):
    moments(robot, 1)
    target = START + 0.1
    due = robot.follow(target[None], np.array([100 * MS]), CLOCK_START_NS + 200 * MS)
    assert due.tolist() == [CLOCK_START_NS + 300 * MS]
    moments(robot, 20)
    np.testing.assert_allclose(robot.simulation.positions, START, atol=1e-4)
    moments(robot, 40)
    np.testing.assert_allclose(robot.simulation.positions[:6], target[:6], atol=2e-3)


def test_a_trajectory_without_a_stamp_starts_now(robot):
    moments(robot, 11)
    due = robot.follow(START[None], np.array([33 * MS]))
    assert due.tolist() == [CLOCK_START_NS + 133 * MS]


def test_a_trajectory_of_the_past_is_not_taken(robot):
    moments(robot, 50)
    assert robot.follow(START[None], np.array([10 * MS]), CLOCK_START_NS) is None
