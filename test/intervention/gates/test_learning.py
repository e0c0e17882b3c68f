"""The gates' networks: what they learn, what refuses, and numpy against torch."""
from il_ros.errors import CheckpointError, ConfigError
from il_ros.intervention.gates.learning import fit_classifier, fit_value, Transitions
from il_ros.intervention.gates.models import Perceptron, Twin
import numpy as np
import pytest
import torch

torch.set_num_threads(1)


def walk(episodes, seed, length=8):
    """Return transitions of walks on a line; above 1 at the end they succeed, below they fail."""
    random = np.random.default_rng(seed)
    inputs, following, goal, done = [], [], [], []
    for _ in range(episodes):
        drift = random.choice([-0.25, 0.25])
        at = np.cumsum(drift + 0.05 * random.standard_normal(length))
        last = np.arange(length) == length - 1
        inputs.append(np.stack([at, np.full(length, drift)], 1))
        following.append(np.roll(inputs[-1], -1, axis=0))
        goal.append(last & (at[-1] > 1))
        done.append(last)
    return Transitions(*(np.concatenate(part) for part in (inputs, following, goal, done)))


def test_q_tells_walks_that_succeed_from_walks_that_fail():
    value = fit_value(walk(40, seed=0), seed=0, steps=800)
    middle = np.stack([np.linspace(-1, 1, 5), np.sign(np.linspace(-1, 1, 5)) * 0.25], 1)
    q = value(middle)
    assert max(q[:2]) < 0.4
    assert min(q[3:]) > 0.6


def test_the_value_of_a_step_before_the_goal_is_discounted():
    """One chain of three steps to the goal: gamma^2, gamma, 1."""
    chain = np.eye(3)
    data = Transitions(np.tile(chain, (20, 1)), np.tile(np.roll(chain, -1, 0), (20, 1)),
                       np.tile([False, False, True], 20), np.tile([False, False, True], 20))
    value = fit_value(data, seed=0, steps=1000, rate=3e-3, gamma=0.5)
    assert value(chain) == pytest.approx([0.25, 0.5, 1.0], abs=0.06)


def test_the_classifier_separates_what_can_be_separated():
    random = np.random.default_rng(0)
    inputs = random.uniform(-1, 1, (400, 3))
    unsafe = inputs[:, 0] > 0.6
    safe = fit_classifier(inputs, unsafe, seed=0)
    fresh = random.uniform(-1, 1, (400, 3))
    assert ((safe(fresh) < 0.5) == (fresh[:, 0] > 0.6)).mean() > 0.95
    assert 0.15 < (safe(fresh) < 0.5).mean() < 0.25


def test_same_seed_same_network():
    data = walk(5, seed=0)
    one, other = (fit_value(data, seed=3, steps=20)(data.inputs) for _ in range(2))
    np.testing.assert_array_equal(one, other)
    assert (fit_value(data, seed=4, steps=20)(data.inputs) != one).any()


def test_what_cannot_be_learnt_is_refused():
    data = walk(5, seed=0)
    with pytest.raises(ConfigError, match='Q: expected episodes that succeeded'):
        fit_value(data._replace(goal=np.zeros_like(data.goal)), seed=0)
    with pytest.raises(ConfigError, match='safe and unsafe steps, got 100 of one kind'):
        fit_classifier(data.inputs, np.zeros(100, bool), seed=0)


def test_networks_survive_their_arrays():
    network = fit_classifier(np.random.default_rng(0).normal(size=(50, 4)),
                             np.arange(50) < 10, seed=0, steps=10)
    inputs = np.random.default_rng(1).normal(size=(7, 4))
    np.testing.assert_array_equal(Perceptron.of(network.arrays('safe'), 'safe', 4)(inputs),
                                  network(inputs))
    with pytest.raises(CheckpointError, match='safe: expected a network of 5 inputs'):
        Perceptron.of(network.arrays('safe'), 'safe', 5)
    with pytest.raises(CheckpointError, match='q0: expected a network'):
        Perceptron.of(network.arrays('safe'), 'q0', 4)


def test_the_lower_of_two_answers_counts():
    def constant(bias):
        return Perceptron(np.zeros(1), np.ones(1), (np.zeros((1, 1)),), (np.array([bias]),))
    twin = Twin([constant(0.0), constant(2.0)])
    np.testing.assert_allclose(twin(np.zeros((3, 1))), 0.5)
