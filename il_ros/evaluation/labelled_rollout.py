"""A rollout of the mixture of expert and policy in which the expert labels every state.

S. Ross, G. Gordon, D. Bagnell (AISTATS 2011), algorithm 3.1.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from il_ros.contract import Contract
from il_ros.datasets.from_bags.rows import Row
from il_ros.evaluation.rollout import Conditions, observation_of, Rollout
from il_ros.execution.schedulers.scheduler import ChunkScheduler
from il_ros.intervention.beta import expert_acts
from il_ros.policies.policy import infer_or_hold, Policy
from il_ros.timing import to_s
from il_ros.types import ControlSource, Floats, LABELLED
import numpy as np


class Expert(Protocol):
    """Who can be asked for an action in any state; `ScriptedOperator` is one."""

    def reset(self, seed: int) -> None:
        """Begin an episode."""

    def act(self, state: Floats, environment: Floats, now_ns: int) -> Floats:
        """Return the joint targets that the expert would send now. Shape (J,)."""


@dataclass(frozen=True)
class LabelledRollout:
    """What happened.

    Attributes:
        rows: One per visited state: `action` is the expert's label, whoever acted; `source` is
            HUMAN where it was executed and LABELLED where the policy's action was.
        result: Success, and the steps in which the expert acted as human seconds.
    """

    rows: list[Row]
    result: Rollout


def label_rollout(env: Any, contract: Contract, policy: Policy, scheduler: ChunkScheduler,
                  expert: Expert, beta: float, seed: int, conditions: Conditions,
                  max_steps: int) -> LabelledRollout:
    """Run one episode until success, the environment's time limit or `max_steps`.

    Who acts is drawn anew at every step. Noise of the conditions falls on the executed action,
    never on the label.

    Args:
        env: As for `evaluation.rollout.roll_out`.
        beta: The expert's share of the steps; see `intervention.beta`.
    """
    values, _ = env.reset(seed=seed, options={
        'disturb': conditions.disturb, 'action_noise': conditions.action_noise,
        'variation': conditions.variation})
    random = np.random.default_rng(seed)
    policy.reset()
    scheduler.reset()
    expert.reset(seed)
    rows: list[Row] = []
    target = np.asarray(values['observation.state'], dtype=np.float64)
    taken, acting, success = 0, False, False
    for step in range(max_steps):
        now = step * contract.period_ns
        observation = observation_of(values, now)
        label = expert.act(observation.state, observation.environment, now)
        if scheduler.due(now):
            # Row 0 of a chunk is due one tick after its observation, as on the live robot.
            chunk = infer_or_hold(policy, observation, scheduler.previous(now))
            if chunk is None:
                scheduler.reset()
            else:
                scheduler.add(chunk, now, now)
        wanted = scheduler.output(now)
        before, acting = acting, expert_acts(beta, random)
        taken += acting and not before
        if acting:
            target = label
        elif wanted is not None:
            target = wanted[0]
        rows.append(Row(
            step, observation, label,
            np.full(len(label), np.nan) if wanted is None else np.asarray(wanted[0]),
            ControlSource.HUMAN if acting else LABELLED, True))
        values, _, terminated, truncated, info = env.step(target)
        success = bool(info['success'])
        if terminated or truncated:
            break
    acted = sum(row.source == ControlSource.HUMAN for row in rows)
    return LabelledRollout(rows, Rollout(
        seed, success, to_s(len(rows) * contract.period_ns), taken,
        to_s(acted * contract.period_ns)))
