"""The scripted operator of the arm on a base: drives to the table, fetches the cube."""
from __future__ import annotations

from il_ros.config import nearest
from il_ros.contract import Contract
from il_ros.errors import ConfigError
from il_ros.sim.actuated import BASE
from il_ros.teleop.scripted.arm import ScriptedArm, ToolGoal
from il_ros.teleop.scripted.goals import draw_habits, Goal, pick_place
from il_ros.teleop.scripted.hands import ScriptedHands
from il_ros.teleop.scripted.stages import Reader, Stage, View
from il_ros.types import Floats
import numpy as np

TURNED = 2.6                # joints may be so far from the start pose: the box is beside [rad]
REACH = 0.44                # how far before the robot the cube is to be [m]
NEAR = 0.02                 # the base stands once it is so near to that [m]
BLOCKED = 0.06, 0.01        # or once the table's edge holds it up, so near [m] and so slow [m/s]
GAIN, TURN_GAIN = 1.5, 1.5  # of the base [1/s]
RAMP = 0.8                  # share of the base's acceleration that the operator uses
READY = np.array([0.34, 0.0, 0.26])   # of the tool while the base drives [m]


class MobileOperator(ScriptedHands):
    """The person who drives the base and the arm of the mobile robot; see `ScriptedHands`.

    Args:
        contract: The robot; needs an arm with a gripper, base_x and base_yaw, and the poses of
            the simulation in its own frame.
        seed: Decides how the hand moves.
        task: FetchCube.

    Raises:
        ConfigError: The contract lacks something, or there is no such task.
    """

    def __init__(self, contract: Contract, seed: int, task: str = 'FetchCube') -> None:
        if task != 'FetchCube':
            raise ConfigError(f'the scripted operator of the mobile robot knows no task {task!r}; '
                              f'{nearest(task, ["FetchCube"])}')
        if missing := [name for name in BASE if name not in contract.joint_names]:
            raise ConfigError(f'the scripted operator needs {" and ".join(BASE)}; the contract of '
                              f'{contract.robot!r} lacks {", ".join(missing)}')
        self._reader = Reader(contract)
        self._arm = ScriptedArm(contract, contract.arms[0], TURNED)
        (self._column, self._gripper), = contract.grippers.items()
        self._base = contract.indices(BASE)
        self._fastest = np.array([contract.joints[i].velocity for i in self._base])
        self._change = RAMP * np.array([contract.joints[i].acceleration for i in self._base])
        super().__init__([self._arm], seed)

    def _begin(self, rng: np.random.Generator) -> None:
        super()._begin(rng)
        self._habits = draw_habits(rng)

    def _take_up(self, state: Floats) -> None:
        super()._take_up(state)
        self._twist = state[self._base].copy()

    def _targets(self, state: Floats, environment: Floats, dt: float, now_ns: int,
                 following: bool) -> Floats:
        view = self._reader.view(state, environment)
        wanted = self._drive(view, abs(state[self._base[0]]))
        self._twist = self._twist + np.clip(wanted - self._twist, -self._change * dt,
                                            self._change * dt)
        goal = (pick_place(view, self._habits) if not wanted.any()
                else Goal(READY, 0.0, True, 0.2))
        target = state.copy()
        target[self._arm.columns] = self._arm.move(
            state[self._arm.columns], ToolGoal.pointing_down(goal), dt, now_ns)
        target[self._base] = self._twist
        if following or not goal.open:
            target[self._column] = self._gripper.open if goal.open else self._gripper.closed
        return target

    def _drive(self, view: View, speed: float) -> Floats:
        """Return the base's velocities: to the cube while it is out of reach."""
        left = float(np.hypot(*view.cube[:2])) - REACH
        blocked = left < BLOCKED[0] and speed < BLOCKED[1]
        if view.stage is not Stage.APPROACH or left < NEAR or blocked:
            return np.zeros(2)
        bearing = float(np.arctan2(view.cube[1], view.cube[0]))
        ahead = GAIN * max(left - NEAR / 2, 0.03) * np.cos(bearing)
        wanted: Floats = np.clip([ahead, TURN_GAIN * bearing], -self._fastest, self._fastest)
        return wanted
