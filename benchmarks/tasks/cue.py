"""Cue: what to do is shown at the first tick only; whoever sees one tick at a time has to guess.

The first joint of the simulated arm has four goals. A pose names one at tick 0 and is 0 from then
on; a second pose says when to go. Until then the arm waits, so that nothing but the first tick
tells one goal from another.
"""
from __future__ import annotations

from il_ros.policies.policy import Policy
from il_ros.training.samples import ArraySource
from il_ros.types import Floats, Observation
import numpy as np

from benchmarks.tasks.reaching import CONTRACT, START, start

GOALS = (-0.6, -0.2, 0.2, 0.6)  # of the first joint from the start [rad]
WAIT = 3         # ticks until the arm may go
STEPS = 12       # of an episode; the longest way takes 7
STRIDE = 0.1
NEAR = 0.15      # of the goal, of which the next one is 0.4 away [rad]


def environment(goal: float, tick: int) -> Floats:
    """Return what is seen: the goal at tick 0, and whether to go. Shape (21,)."""
    values = np.zeros(CONTRACT.environment_size)
    values[6::7] = 1.0
    values[0] = goal if tick == 0 else 0.0
    values[7] = float(tick >= WAIT)
    return values


def demonstrations(episodes: int, seed: int) -> ArraySource:
    """Return episodes that take turns with the goals."""
    random = np.random.default_rng(seed)
    states, seen, actions = [], [], []
    for episode in range(episodes):
        state, goal = start(random), GOALS[episode % len(GOALS)]
        for tick in range(STEPS):
            states.append(state)
            seen.append(environment(goal, tick))
            state = _demonstrated(state, goal, tick)
            actions.append(state)
    rows = len(states)
    return ArraySource(CONTRACT, [STEPS] * episodes, {
        'observation.state': np.array(states), 'observation.environment_state': np.array(seen),
        'action': np.array(actions), 'control_source': np.ones(rows, int),
        'intervention': np.zeros(rows)})


def solves(policy: Policy, state: Floats, goal: float) -> bool:
    """Return whether a policy waits and then drives the first joint to its goal."""
    policy.reset()
    for tick in range(STEPS):
        if tick == WAIT and abs(state[0] - START[0]) > 0.1 + NEAR:
            return False
        state = policy.infer(Observation(tick, state, environment(goal, tick)))[0]
    return bool(abs(state[0] - START[0] - goal) < NEAR)


def _demonstrated(state: Floats, goal: float, tick: int) -> Floats:
    step = np.clip(START[0] + goal - state[0], -STRIDE, STRIDE) if tick >= WAIT else 0.0
    return state + step * np.eye(len(state))[0]
