"""Rollouts of a checkpoint over the live ROS graph."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from il_ros.contract import Contract
from il_ros.evaluation.rollout import Conditions, Rollout
from il_ros.policies.source import Place
from il_ros.workflow.session import Session, System

TIMEOUT_S = 12.0


def evaluate_live(checkpoint: Place, contract: Contract, task: str, seeds: Sequence[int],
                  conditions: Conditions, supervised: bool, out: Path,
                  progress: Callable[[int], None], instruction: str = '',
                  scheduler: str = 'receding', execute_steps: int = 8) -> list[Rollout]:
    """Return one rollout per seed; every episode is also recorded under `out`/bags.

    Interventions are counted from what the arbiter reports; without `supervised` nobody takes
    over.
    """
    system = System(contract.robot, task, checkpoint=checkpoint, instruction=instruction,
                    scheduler=scheduler, execute_steps=execute_steps)
    results: list[Rollout] = []
    with Session(system, out / 'bags', out / 'logs') as session:
        for number, seed in enumerate(seeds, 1):
            results.append(session.roll_out(seed, conditions, TIMEOUT_S, supervised))
            progress(number)
    return results
