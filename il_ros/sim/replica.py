"""What the cameras of a simulation see, elsewhere: the same model in the pose that it is told."""
from __future__ import annotations

from il_ros.contract import Contract
from il_ros.sim.model import load_model
from il_ros.sim.rendering import Cameras, SEEN
from il_ros.sim.tasks import make_task
from il_ros.types import Floats, View
import mujoco
import numpy as np


class Replica:
    """The model of a `Simulation` in its usual variation, without physics.

    Args:
        contract: As of the simulation.
        task: As of the simulation.

    Raises:
        ConfigError: As of the simulation.
    """

    def __init__(self, contract: Contract, task: str) -> None:
        self._model = load_model(contract, make_task(task).world)
        self._data = mujoco.MjData(self._model)
        self._cameras = Cameras(self._model)
        mujoco.mj_forward(self._model, self._data)

    def take(self, seen: Floats) -> None:
        """Take the pose that a `Simulation` has seen. Shape (n,)."""
        mujoco.mj_setState(self._model, self._data, seen, SEEN)
        mujoco.mj_kinematics(self._model, self._data)
        mujoco.mj_camlight(self._model, self._data)

    def render(self, camera: str, height: int, width: int, metres: bool = False) -> View:
        """Return what a camera sees.

        Raises:
            IlRosError: See `Cameras.render`.
        """
        return self._cameras.render(self._data, camera, height, width, metres)

    def focal_length(self, camera: str, height: int) -> float:
        """Return a camera's focal length [pixels] for images of `height`."""
        half = np.deg2rad(self._model.camera(camera).fovy[0]) / 2
        return float(height / 2 / np.tan(half))

    def close(self) -> None:
        """Free the cameras."""
        self._cameras.close()
