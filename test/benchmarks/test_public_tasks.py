"""The adapter carries an environment's numbers through this package's policies unchanged."""
from types import SimpleNamespace

from il_ros.training.config import TrainConfig
from il_ros.training.samples import Samples
import numpy as np
import pytest

from benchmarks.public_tasks import Adapter, ALOHA, demonstrate, expert, make


class Line:
    """A block beneath a perfect gripper; the observation is laid out like the real one."""

    action_space = SimpleNamespace(low=-np.ones(4, np.float32), high=np.ones(4, np.float32))

    def reset(self, seed):
        self.random, self.tick = np.random.default_rng(seed), 0
        self.block, self.goal = self.random.uniform(-0.1, 0.1, (2, 3))
        self.gripper, self.width = self.block + [0.05, 0.0, 0.1], 0.1
        return self._seen(), {}

    def step(self, action):
        assert action.dtype == np.float32 and (np.abs(action) <= 1).all()
        held = np.linalg.norm(self.block - self.gripper) < 0.02 and self.width < 0.06
        self.gripper = self.gripper + 0.03 * action[:3]
        self.block = self.gripper.copy() if held and action[3] < 0 else self.block
        self.width = 0.05 if action[3] < 0 else 0.1
        self.tick += 1
        reached = np.linalg.norm(self.block - self.goal) < 0.05
        return self._seen(), 0.0, False, self.tick == 50, {'is_success': float(reached)}

    def _seen(self):
        rest = np.zeros(14)
        return {'observation': np.concatenate([self.gripper, self.block, self.block - self.gripper,
                                               [self.width / 2] * 2, rest]),
                'desired_goal': self.goal, 'achieved_goal': self.block}


def test_the_script_solves_it_and_every_value_arrives():
    adapter = Adapter(Line(), expert)
    source, failed = demonstrate(adapter, 5)
    assert failed == 0 and source.lengths == [50] * 5
    values, _ = adapter.reset(3, {})
    poses = values['observation.environment_state'].reshape(-1, 7)
    expected = np.concatenate([adapter.raw['observation'], adapter.raw['desired_goal']])
    np.testing.assert_array_equal(poses[:, :3].reshape(-1)[:len(expected)], expected)
    np.testing.assert_array_equal(poses[:, 3:], np.tile([0, 0, 0, 1.0], (len(poses), 1)))
    samples = Samples.of(source, TrainConfig(validation_share=0.2), {})
    assert samples.actions.shape == (250, 4) and len(samples.training) == 200


def test_the_script_opens_over_the_block_and_closes_on_it():
    adapter = Adapter(Line(), expert)
    assert expert(adapter.raw)[3] == 1.0
    adapter.env.gripper = adapter.env.block.copy()
    assert (expert(adapter.env._seen()) == [0, 0, 0, -1]).all()


def test_the_script_hands_the_cube_over():
    pytest.importorskip('gym_aloha')
    adapter = make(ALOHA)
    source, failed = demonstrate(adapter, 5)
    assert failed == 0 and max(source.lengths) < 300
    actions = source.columns['action']
    assert actions.shape == (sum(source.lengths), 14)
    low, high = adapter.env.action_space.low, adapter.env.action_space.high
    assert (actions >= low).all() and (actions <= high).all()
    adapter.reset(0, {})
    assert not any(adapter.step(actions[0])[4]['success'] for _ in range(50))
