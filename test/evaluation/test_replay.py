from dataclasses import replace

from il_ros.contract import Contract
from il_ros.evaluation.recording import Recording
from il_ros.evaluation.replay import replay
from il_ros.sim.simulation import Simulation
from il_ros.teleop.scripted import ScriptedOperator
import numpy as np
import pytest

CONTRACT = Contract.load('sim_arm')
SEED = 4


@pytest.fixture(scope='module')
def recording():
    """The scripted operator's episode, as the simulation itself shows it."""
    simulation, operator = Simulation(CONTRACT), ScriptedOperator(CONTRACT, SEED)
    simulation.reset(SEED)
    operator.reset(SEED)
    rows = []
    while not simulation.success and len(rows) < 400:
        state, environment = simulation.positions, simulation.environment
        action = operator.act(state, environment, simulation.now_ns)
        rows.append((state, environment, action))
        simulation.command(action)
        simulation.step(simulation.tick_steps)
    assert simulation.success
    states, environments, actions = map(np.array, zip(*rows, strict=True))
    return Recording('test', CONTRACT, np.arange(len(rows)), states, environments, actions)


def test_the_same_actions_lead_to_the_same_motion_and_success(recording):
    result = replay(recording)
    assert result.success
    assert result.differences.shape == recording.states.shape
    assert result.largest.max() < 0.02


def test_the_difference_is_that_of_the_recording(recording):
    wrong = recording.states.copy()
    wrong[50, 3] += 0.5
    result = replay(replace(recording, states=wrong))
    assert np.argmax(result.largest) == 3
    assert result.largest[3] == pytest.approx(0.5, abs=0.02)


def test_ticks_without_an_observation_are_driven_through(recording):
    kept = np.delete(np.arange(len(recording.ticks)), slice(20, 23))
    result = replay(replace(recording, ticks=recording.ticks[kept], states=recording.states[kept],
                            environments=recording.environments[kept],
                            actions=recording.actions[kept]))
    assert result.largest.max() < 0.05
