"""A small policy with its gate, learnt from made-up episodes around the start pose.

Joint 0 of each episode goes left, where the person is sure and the task succeeds, or right, where
the person does now this and now that and the task fails. The last four episodes are rollouts.
"""
from dataclasses import replace
from pathlib import Path

from checkpoint_factory import CONTRACT, SMALL
from il_ros.intervention.gates.fitting import fit_gate
from il_ros.training.config import TrainConfig
from il_ros.training.samples import ArraySource
from il_ros.training.train import fit
from il_ros.types import ControlSource
import numpy as np

START = np.array([0.0, -0.4, 1.2, 0.0, 0.77, 0.0, 0.02])
EPISODES, LENGTH, ROLLOUTS = 28, 25, 4
CONFIG = TrainConfig(
    replace(SMALL, inputs=('state',), horizon=4, members=3, tool_actions=False),
    steps=300, batch_size=32, validate_every=300, warmup_steps=5, learning_rate=3e-3,
    validation_share=0.25)


def source() -> ArraySource:
    """Return the episodes."""
    random = np.random.default_rng(0)
    states, actions = [], []
    for episode in range(EPISODES):
        state = START + 0.02 * random.standard_normal((LENGTH, 7))
        side = 1 if episode % 2 else -1
        state[:, 6] = START[6]
        state[:, 0] = START[0] + side * np.linspace(0, 0.4, LENGTH)
        action = state + 0.0005 * random.standard_normal((LENGTH, 7))
        action[:, 6] = START[6]
        action[:, 0] += 0.2 * (START - state)[:, 0]
        if side > 0:
            action[:, 1] += random.choice([-0.1, 0.1], LENGTH)
        states.append(state)
        actions.append(action)
    lengths = [LENGTH] * EPISODES
    episode = np.repeat(np.arange(EPISODES), LENGTH)
    human = episode < EPISODES - ROLLOUTS
    return ArraySource(CONTRACT, lengths, {
        'observation.state': np.concatenate(states), 'action': np.concatenate(actions),
        'control_source': np.where(human, ControlSource.HUMAN, ControlSource.POLICY),
        'intervention': np.zeros(len(human)), 'success': episode % 2 == 0})


def make_policy(folder: Path, members: int = 3) -> Path:
    """Train a policy; return its checkpoint."""
    config = replace(CONFIG, policy=replace(CONFIG.policy, members=members))
    return fit(source(), folder, config)


def make_gate(folder: Path) -> Path:
    """Train a policy and its gate; return the checkpoint."""
    checkpoint = make_policy(folder)
    fit_gate(checkpoint, source())
    return checkpoint
