"""The scripted operator: plays the person at the controls of the simulated arm."""
from __future__ import annotations

from il_ros.config import nearest
from il_ros.contract import Contract
from il_ros.errors import ConfigError
from il_ros.teleop.scripted.arm import ScriptedArm, ToolGoal
from il_ros.teleop.scripted.goals import draw_habits, GOALS
from il_ros.teleop.scripted.hands import ScriptedHands
from il_ros.teleop.scripted.stages import Reader
from il_ros.types import Floats
import numpy as np

SQUEEZE = 0.022   # how far the gripper may be behind a command, closed on something [m]


class ScriptedOperator(ScriptedHands):
    """The person at the single arm; see `ScriptedHands`.

    Args:
        contract: The robot; needs a URDF, a gripper and the poses of the simulation.
        seed: Decides how the hand moves.
        task: PickPlace, Reach or Push.

    Raises:
        ConfigError: The contract lacks something, or there is no such task.
    """

    def __init__(self, contract: Contract, seed: int, task: str = 'PickPlace') -> None:
        if task not in GOALS:
            raise ConfigError(f'the scripted operator knows no task {task!r}; '
                              f'{nearest(task, list(GOALS))}')
        self._wanted = GOALS[task]
        self._reader = Reader(contract)
        arm = contract.arms[0]
        self._gripper = next(iter(contract.grippers), -1)
        self._arm = ScriptedArm(contract, arm)
        self._closed, self._open = ((arm.gripper.closed, arm.gripper.open)
                                    if arm.gripper else (0.0, 0.0))
        super().__init__([self._arm], seed)

    def _begin(self, rng: np.random.Generator) -> None:
        super()._begin(rng)
        self._habits = draw_habits(rng)

    def _targets(self, state: Floats, environment: Floats, dt: float, now_ns: int,
                 following: bool) -> Floats:
        goal = self._wanted(self._reader.view(state, environment), self._habits)
        target = np.empty(len(state))
        target[self._arm.columns] = self._arm.move(
            state[self._arm.columns], ToolGoal.pointing_down(goal), dt, now_ns)
        # The gripper is a button: open or closed. Until the arm follows it keeps what it holds.
        wanted, opening = self._open if goal.open else self._closed, state[self._gripper]
        target[self._gripper] = wanted if following else opening - SQUEEZE * (not goal.open)
        return target
