"""The robot in the model: columns of a contract onto joints, and onto velocities of a base."""
from __future__ import annotations

from il_ros.contract import Contract
from il_ros.sim.led import Led
from il_ros.sim.world import World
from il_ros.types import Floats
import mujoco
import numpy as np

BASE = ('base_x', 'base_yaw')   # forwards [m/s], to the left [rad/s]
SLIDES = ('base_slide_x', 'base_slide_y', 'base_turn')


class Actuated:
    """Sets and measures the columns of a contract.

    A column is a joint of the model, or one of the two velocities of a base that drives without
    slipping sideways.

    Attributes:
        led: Lets a person lead the arms.
    """

    def __init__(self, model: mujoco.MjModel, data: mujoco.MjData, contract: Contract,
                 world: World) -> None:
        """Find each column in the model, which has it."""
        self._model, self._data = model, data
        names = contract.joint_names
        self._base = [names.index(name) if name in names else -1 for name in BASE]
        self._columns = np.array([i for i, n in enumerate(names) if i not in self._base])
        joints = [names[i] for i in self._columns]
        self._q = np.array([model.joint(n).qposadr[0] for n in joints])
        self._v = np.array([model.joint(n).dofadr[0] for n in joints])
        self._u = np.array([model.actuator(n).id for n in joints])
        self._grips = np.array([model.joint(f'{arm}gripper').qposadr[0] for arm in world.arms])
        self._mirrors = np.array([model.joint(f'{arm}gripper_mirror').qposadr[0]
                                  for arm in world.arms])
        self._wheels = np.array([model.actuator(n).id for n in SLIDES]) if world.base else None
        self._size = len(names)
        arm = ~contract.is_gripper[self._columns]
        self.led = Led(model, data, world, self._u[arm], self._v[arm])

    def place(self, start: Floats) -> None:
        """Put the joints where they start, at rest [rad] or [m]. Shape (J,)."""
        self._data.qpos[self._q] = start[self._columns]
        self._data.qpos[self._mirrors] = self._data.qpos[self._grips]
        self.drive(start)

    def drive(self, setpoint: Floats) -> None:
        """Set what the actuators follow. Shape (J,)."""
        self._data.ctrl[self._u] = setpoint[self._columns]
        self.led.apply()
        if self._wheels is not None:
            ahead, turn = (setpoint[i] if i >= 0 else 0.0 for i in self._base)
            heading = self._data.joint('base_turn').qpos[0]
            self._data.ctrl[self._wheels] = (ahead * np.cos(heading), ahead * np.sin(heading),
                                             turn)

    @property
    def openings(self) -> Floats:
        """Positions of all grippers [m]. Shape (A,)."""
        return np.array(self._data.qpos[self._grips])

    @property
    def positions(self) -> Floats:
        """Measured positions, of a base its velocities. Shape (J,)."""
        return self._columns_of(self._data.qpos[self._q], self._twist())

    @property
    def velocities(self) -> Floats:
        """Measured velocities [rad/s] or [m/s]. Shape (J,)."""
        return self._columns_of(self._data.qvel[self._v], self._twist())

    @property
    def efforts(self) -> Floats:
        """Actuator efforts [Nm] or [N]; 0 of a base. Shape (J,)."""
        return self._columns_of(self._data.actuator_force[self._u], (0.0, 0.0))

    @property
    def odometry(self) -> tuple[float, float, float]:
        """Where the base is: x, y [m] and heading [rad]."""
        if self._wheels is None:
            return 0.0, 0.0, 0.0
        x, y, heading = (float(self._data.joint(n).qpos[0]) for n in SLIDES)
        return x, y, heading

    def _twist(self) -> tuple[float, float]:
        if self._wheels is None:
            return 0.0, 0.0
        vx, vy, turn = (float(self._data.joint(n).qvel[0]) for n in SLIDES)
        heading = self._data.joint('base_turn').qpos[0]
        return float(vx * np.cos(heading) + vy * np.sin(heading)), turn

    def _columns_of(self, joints: Floats, twist: tuple[float, float]) -> Floats:
        values = np.empty(self._size)
        values[self._columns] = joints
        for column, value in zip(self._base, twist, strict=True):
            if column >= 0:
                values[column] = value
        return values
