"""The simulated arm, led by hand."""
from il_ros.contract import Contract
from il_ros.sim.robot import SimulatedRobot
from il_ros.sim.simulation import Simulation
import numpy as np
import pytest

CONTRACT = Contract.load('sim_arm')
TOOL, ARM = 'end_effector', slice(0, 6)


@pytest.fixture
def led():
    """Return a simulation whose arm a person may lead."""
    simulation = Simulation(CONTRACT)
    simulation.reset(3)
    SimulatedRobot(simulation).lead(True)
    return simulation


def test_nobody_touches_it_and_it_stands_still(led):
    before = led.positions
    led.step(600)
    assert np.abs(led.positions - before).max() < 1e-6


def test_it_obeys_no_command_but_the_gripper_does(led):
    before = led.positions
    led.command(np.zeros(7))
    led.step(300)
    assert np.abs(led.positions - before)[ARM].max() < 0.02     # the fingers' motion shakes it
    assert led.positions[6] < 0.001


def test_a_hand_takes_the_tool_where_it_goes_and_lets_go(led):
    target = led.positions + np.array([0.3, 0.2, -0.1, 0.1, 0.1, 0.2, 0.0])
    for _ in range(60):
        assert led.led.pull(TOOL, led.led.pose_at(TOOL, target[ARM]))
        led.step(20)
    np.testing.assert_allclose(led.positions[ARM], target[ARM], atol=0.01)
    assert not led.led.pull('elbow', np.zeros(7))
    led.step(600)
    rest = led.positions
    led.step(600)
    assert np.abs(led.positions - rest).max() < 1e-3


def test_afterwards_it_is_held_where_it_is_and_obeys_as_before(led):
    for _ in range(30):
        led.led.pull(TOOL, led.led.pose_at(TOOL, led.positions[ARM] + 0.1))
        led.step(20)
    here = led.positions
    SimulatedRobot(led).lead(False)
    led.step(300)
    np.testing.assert_allclose(led.positions, here, atol=5e-3)
    led.command(here + np.array([0.05, 0, 0, 0, 0, 0, 0]))
    led.step(120)
    assert led.positions[0] == pytest.approx(here[0] + 0.05, abs=2e-3)


def test_a_simulation_that_was_led_is_as_one_that_was_not():
    """The same seed and commands give the same trajectory afterwards, bit for bit."""
    used, fresh = Simulation(CONTRACT), Simulation(CONTRACT)
    robot = SimulatedRobot(used)
    robot.lead(True)
    used.step(100)
    robot.lead(False)
    for simulation in (used, fresh):
        simulation.reset(5)
        simulation.command(np.array(CONTRACT.start) + 0.05)
        simulation.step(200)
    np.testing.assert_array_equal(used.positions, fresh.positions)
