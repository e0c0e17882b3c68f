"""DAgger's rule: every visited state gets the expert's label, whoever acted."""
from checkpoint_factory import CONTRACT
import gymnasium
from il_ros.evaluation.labelled_rollout import label_rollout
from il_ros.evaluation.rollout import Conditions
from il_ros.execution.chunk_scheduler import make_scheduler
import il_ros.sim  # noqa: F401  registers the environments
from il_ros.teleop.scripted import ScriptedOperator
from il_ros.types import ControlSource, LABELLED
import numpy as np
import pytest

STEPS = 60


class Wanderer:
    """A bad policy: holds the arm a little beside where it is."""

    contract, horizon, cameras = CONTRACT, 4, ()

    def infer(self, observation):
        return np.tile(observation.state + 0.02, (self.horizon, 1))

    def reset(self):
        pass


class Corrupted(gymnasium.Wrapper):
    """Executes something else than it is told, and keeps both."""

    def __init__(self, env, spread):
        super().__init__(env)
        self.spread, self.random, self.asked = spread, np.random.default_rng(3), []

    def step(self, action):
        self.asked.append(np.array(action))
        return self.env.step(action + self.random.normal(0, self.spread, len(action)))


def run(beta, spread=0.0, noise=0.0):
    env = Corrupted(gymnasium.make('il_ros/PickPlace-v0'), spread)
    found = label_rollout(env, CONTRACT, Wanderer(), make_scheduler('receding', CONTRACT, 2),
                          ScriptedOperator(CONTRACT, 0), beta, 11, Conditions(True, noise), STEPS)
    env.close()
    return found, env.asked


@pytest.mark.parametrize('beta', [0.0, 0.4, 1.0])
def test_labels_are_the_experts_exactly_even_if_what_was_executed_is_corrupted(beta):
    found, asked = run(beta, spread=0.05, noise=0.02)
    expert = ScriptedOperator(CONTRACT, 0)
    expert.reset(11)
    for row, sent in zip(found.rows, asked, strict=True):
        seen = row.observation
        assert np.array_equal(row.action, expert.act(seen.state, seen.environment, seen.stamp_ns))
        acted = row.source == ControlSource.HUMAN
        assert np.array_equal(sent, row.action) == acted
        if not acted:
            assert row.source == LABELLED and np.array_equal(sent, row.policy_action)


def test_the_share_of_the_expert_follows_beta():
    shares = [np.mean([row.source == ControlSource.HUMAN for row in run(beta)[0].rows])
              for beta in (0.0, 0.4, 1.0)]
    assert shares[0] == 0.0 and shares[2] == 1.0
    assert shares[1] == pytest.approx(0.4, abs=0.2)   # of 60 draws: three standard deviations


def test_the_learner_visits_states_that_the_expert_would_not():
    states = [np.array([row.observation.state for row in run(beta)[0].rows])
              for beta in (0.0, 1.0)]
    assert np.array_equal(states[0][0], states[1][0])
    assert (np.abs(states[0][1:] - states[1][1:]).max(axis=1) > 0.01).sum() > STEPS // 2


def test_it_repeats_itself():
    first, second = run(0.5)[0], run(0.5)[0]
    assert all(np.array_equal(a.action, b.action) and a.source == b.source
               for a, b in zip(first.rows, second.rows, strict=True))
    assert first.result == second.result
