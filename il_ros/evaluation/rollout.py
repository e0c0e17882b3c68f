"""Seeded rollouts of a policy in the Gymnasium environment, alone or with a human beside it."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from il_ros.contract import Contract
from il_ros.evaluation.asked import Asked, Shares
from il_ros.evaluation.faults import Delay, Faults, Sensors
from il_ros.execution.schedulers.scheduler import ChunkScheduler
from il_ros.policies.policy import infer_or_hold, Policy
from il_ros.sim.variation import Variation
from il_ros.timing import to_s
from il_ros.types import ControlSource, Floats, Observation
import numpy as np

IMAGE_KEY = 'observation.images.'


class Human(Protocol):
    """Somebody beside the robot who may take over; see `il_ros.teleop.scripted.device`."""

    def reset(self, seed: int) -> None:
        """Start an episode."""

    def act(self, state: Floats, environment: Floats, now_ns: int,
            driving: bool) -> Floats | None:
        """Return joint targets while the human drives, None while the policy may."""


@dataclass(frozen=True)
class Conditions:
    """What disturbs the rollouts.

    Attributes:
        disturb: Push the object away at a random moment.
        action_noise: Standard deviation added to each joint target [rad].
        variation: How the scene differs from the usual one.
        faults: What goes wrong between robot and policy.
    """

    disturb: bool = True
    action_noise: float = 0.0
    variation: Variation = Variation()
    faults: Faults = Faults()


@dataclass(frozen=True)
class Rollout:
    """The result of one episode.

    Attributes:
        beyond: See `Asked`; empty where it was not counted.
    """

    seed: int
    success: bool
    duration_s: float
    interventions: int = 0
    human_seconds: float = 0.0
    beyond: Shares = field(default_factory=dict)


def observation_of(values: Mapping[str, Any], stamp_ns: int, task: str = '') -> Observation:
    """Return the environment's observation as the policy's."""
    return Observation(
        stamp_ns, np.asarray(values['observation.state'], dtype=np.float64),
        np.asarray(values['observation.environment_state'], dtype=np.float64),
        {key.removeprefix(IMAGE_KEY): value for key, value in values.items()
         if key.startswith(IMAGE_KEY)}, task=task)


def roll_out(env: Any, contract: Contract, policy: Policy, scheduler: ChunkScheduler, seed: int,
             conditions: Conditions, human: Human | None = None,
             on_step: Callable[[Observation, Floats, ControlSource], None] | None = None,
             repeat: bool = False, instruction: str = '') -> Rollout:
    """Run one episode until success or the environment's time limit.

    Row 0 of a chunk is due one tick after its observation, as on the live robot.

    Args:
        on_step: Told each observation with the action that followed it and who chose it.
        repeat: Go on from where the last episode ended, with the objects laid out anew.
        instruction: What the policy is told to do, in words.
    """
    values, _ = env.reset(seed=seed, options={'repeat': True} if repeat else {
        'disturb': conditions.disturb, 'action_noise': conditions.action_noise,
        'variation': conditions.variation})
    sensors = Sensors(conditions.faults, contract, seed)
    delay = Delay(conditions.faults.latency_ticks)
    policy.reset()
    scheduler.reset()
    if human:
        human.reset(seed)
    target = np.asarray(values['observation.state'], dtype=np.float64)
    asked = Asked(contract, target)
    step, interventions, human_steps, success, done = 0, 0, 0, False, False
    driving = False
    past: list[Observation] = []  # since the last one that the policy was given
    while not done:
        now = step * contract.period_ns
        observation = sensors.see(observation_of(values, now, instruction))
        theirs = human.act(observation.state, observation.environment, now, driving) \
            if human else None
        if theirs is not None:
            interventions += not driving
            human_steps += 1
            target, source = theirs, ControlSource.HUMAN
        else:
            if driving:
                policy.reset()
                scheduler.reset()
                delay.clear()
                past = []
            if not delay.busy and scheduler.due(now):
                seen, past = replace(observation, past=tuple(past)), []
                found = infer_or_hold(policy, seen, scheduler.previous(now))
                if found is None:
                    scheduler.reset()
                else:
                    delay.send(found, step, now)
            else:
                past.append(observation)
            if chunk := delay.arrived(step):
                scheduler.add(*chunk, now)
            rows = scheduler.output(now)
            if rows is not None:
                target = rows[0]
            source = ControlSource.POLICY
        driving = theirs is not None
        if on_step:
            on_step(observation, target, source)
        asked.add(target)
        values, _, terminated, truncated, info = env.step(target)
        success, done = bool(info['success']), terminated or truncated
        step += 1
    return Rollout(seed, success, to_s(step * contract.period_ns), interventions,
                   to_s(human_steps * contract.period_ns), asked.shares)


def evaluate(env: Any, contract: Contract, policy: Policy,
             make_scheduler: Callable[[], ChunkScheduler], seeds: Iterable[int],
             conditions: Conditions,
             progress: Callable[[Rollout], None] = lambda _: None,
             before: Callable[[int], None] = lambda _: None, repeats: int = 1,
             instruction: str = '') -> list[Rollout]:
    """Roll the policy out once per seed, without a human.

    Args:
        progress: Told each result.
        before: Told each seed before its episode.
        repeats: Episodes between two resets of the arm.
        instruction: What the policy is told to do, in words.
    """
    results = []
    for number, seed in enumerate(seeds):
        before(seed)
        result = roll_out(env, contract, policy, make_scheduler(), seed, conditions,
                          repeat=number % repeats > 0, instruction=instruction)
        progress(result)
        results.append(result)
    return results
