"""The scripted operator: plays the person at the controls of the simulated arm."""
from __future__ import annotations

from il_ros.config import nearest
from il_ros.contract import Contract
from il_ros.errors import ConfigError
from il_ros.teleop.scripted_arm import ScriptedArm, ToolGoal
from il_ros.teleop.scripted_goals import draw_habits, GOALS
from il_ros.teleop.scripted_stages import Reader
from il_ros.teleop.scripted_supervisor import Supervisor
from il_ros.timing import to_s
from il_ros.types import Floats
import numpy as np

__all__ = ['ScriptedOperator', 'Supervisor']

SQUEEZE = 0.022   # how far the gripper may be behind a command, closed on something [m]


class ScriptedOperator:
    """A person who does a task of the simulation, from any state, watching what happens.

    The goal follows from the present state alone; the hand on the way there wanders a little,
    varies its speed and pauses at times. Targets stay inside the contract's limits of velocity
    and acceleration.

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
        self.reset(seed)

    def reset(self, seed: int) -> None:
        """Begin an episode with the habits of another seed."""
        rng = np.random.default_rng(seed)
        self._arm.begin(rng)
        self._habits = draw_habits(rng)
        self._last_ns: int | None = None

    def act(self, state: Floats, environment: Floats, now_ns: int,
            following: bool = True) -> Floats:
        """Return the joint targets for now.

        Call it all the time, also while another drives.

        Args:
            state: Measured joint positions [rad] or [m]. Shape (J,).
            environment: Poses as the contract says. Shape (7 * P,).
            now_ns: The present time [ns].
            following: Whether the arm obeys these targets. While it does not, each target is one
                small step from the measured state, so that a take-over begins without a jump.

        Returns:
            Absolute joint targets [rad] or [m]. Shape (J,).
        """
        measured, opening = state[self._arm.columns], float(state[self._gripper])
        goal = self._wanted(self._reader.view(state, environment), self._habits)
        if self._last_ns is None or not following:
            self._arm.take_up(measured)
        dt = float(np.clip(to_s(now_ns - (self._last_ns or 0)), 1e-3, 0.1))
        self._last_ns = now_ns
        target = np.empty(len(state))
        target[self._arm.columns] = self._arm.move(
            measured, ToolGoal.pointing_down(goal), dt, now_ns)
        # The gripper is a button: open or closed. Until the arm follows it keeps what it holds.
        wanted = self._open if goal.open else self._closed
        target[self._gripper] = wanted if following else opening - SQUEEZE * (not goal.open)
        return target
