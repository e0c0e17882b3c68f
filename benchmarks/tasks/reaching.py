"""A joint of the simulated arm goes where the instruction, or a pose, says: no simulator needed.

From a start alone nobody can tell the goal. What learns it goes the whole way from an
`ArraySource` through `il_ros.training.train.fit` to `il_ros.policies.load`.
"""
from __future__ import annotations

from il_ros.contract import Contract
from il_ros.policies.policy import Policy
from il_ros.training.samples import ArraySource
from il_ros.types import Floats, Observation
import numpy as np

CONTRACT = Contract.load('sim_arm')
LEFT, RIGHT = 'move to the left box', 'move to the right box'
TEXTS = (RIGHT, LEFT)  # in another order than the alphabet's
OFFSETS = {LEFT: 0.6, RIGHT: -0.6}  # of the first joint's goal from the start [rad]
START = np.array(CONTRACT.start)
STEPS, EPISODES, STRIDE = 30, 40, 0.05
NEAR = 0.15  # of the goal [rad]
WIDEST = 0.6  # goal that a pose gives [rad]


def start(random: np.random.Generator) -> Floats:
    """Return a position of the arm around its start. Shape (J,)."""
    return START + np.array([0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.0]) * random.uniform(-1, 1, 7)


def towards(state: Floats, offset: float) -> Floats:
    """Return what the demonstrator commands: the first joint to its goal, the rest stays."""
    step = np.clip(START[0] + offset - state[0], -STRIDE, STRIDE)
    return state + step * np.eye(len(state))[0]


def poses(offset: float, unit: float) -> Floats:
    """Return three poses; x of the first is the goal, in `unit` per radian. Shape (21,)."""
    values = np.zeros(CONTRACT.environment_size)
    values[6::7] = 1.0
    values[0] = unit * offset
    return values


def demonstrations(texts: tuple[str, ...] = TEXTS) -> ArraySource:
    """Return episodes that take turns with the instructions."""
    offsets = [OFFSETS[texts[episode % len(texts)]] for episode in range(EPISODES)]
    index = np.repeat(np.arange(EPISODES) % len(texts), STEPS)
    return _record(offsets, 0, {'task_index': index}, texts)


def pose_demonstrations(unit: float, seed: int) -> ArraySource:
    """Return episodes whose goals are drawn, and seen as a pose."""
    offsets = np.random.default_rng([seed, 1]).uniform(-WIDEST, WIDEST, EPISODES).tolist()
    seen = np.repeat([poses(offset, unit) for offset in offsets], STEPS, 0)
    return _record(offsets, seed, {'observation.environment_state': seen}, ())


def arrives(policy: Policy, state: Floats, offset: float, *, text: str = '',
            environment: Floats | None = None) -> bool:
    """Return whether a policy drives the first joint to its goal, step by step."""
    policy.reset()
    seen = np.zeros(0) if environment is None else environment
    for _ in range(STEPS):
        state = policy.infer(Observation(0, state, seen, task=text))[0]
    return bool(abs(state[0] - START[0] - offset) < NEAR)


def _record(offsets: list[float], seed: int, columns: dict[str, Floats],
            texts: tuple[str, ...]) -> ArraySource:
    random = np.random.default_rng(seed)
    states, actions = [], []
    for offset in offsets:
        state = start(random)
        for _ in range(STEPS):
            states.append(state)
            state = towards(state, offset)
            actions.append(state)
    rows = len(states)
    return ArraySource(CONTRACT, [STEPS] * len(offsets), {
        'observation.state': np.array(states), 'action': np.array(actions),
        'control_source': np.ones(rows, int), 'intervention': np.zeros(rows), **columns},
        tasks=texts)
