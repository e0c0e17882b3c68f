"""The scripted operator of each simulated robot."""
from __future__ import annotations

from typing import Protocol

from il_ros.contract import Contract
from il_ros.sim.tasks import default_task, make_task
from il_ros.sim.world import MOBILE, PAIR
from il_ros.teleop.scripted.mobile import MobileOperator
from il_ros.teleop.scripted.pair import PairOperator
from il_ros.teleop.scripted.single import ScriptedOperator
from il_ros.types import Floats


class Operator(Protocol):
    """Does a task of the simulation from any state; see `ScriptedOperator`."""

    def reset(self, seed: int) -> None:
        """Begin an episode with the habits of another seed."""

    def act(self, state: Floats, environment: Floats, now_ns: int,
            following: bool = True) -> Floats:
        """Return the joint targets for now. Shape (J,)."""


def make_operator(contract: Contract, seed: int, task: str = '') -> Operator:
    """Return the operator of a task; of the robot's first one when it is empty.

    Raises:
        ConfigError: There is no such task, or the contract lacks what the operator needs.
    """
    task = task or default_task(contract)
    world = make_task(task).world
    if world is PAIR:
        return PairOperator(contract, seed, task)
    if world is MOBILE:
        return MobileOperator(contract, seed, task)
    return ScriptedOperator(contract, seed, task)
