"""Pictures from the cameras of the MuJoCo model, without a window."""
from __future__ import annotations

import os

from il_ros.errors import IlRosError
from il_ros.types import Floats, View
import mujoco
import numpy as np

SEEN = (mujoco.mjtState.mjSTATE_QPOS | mujoco.mjtState.mjSTATE_MOCAP_POS
        | mujoco.mjtState.mjSTATE_MOCAP_QUAT)   # of a model's state
APT = 'apt-get install libegl1 libegl-mesa0 libgl1-mesa-dri'


class Cameras:
    """Renders the cameras of a model; one OpenGL context per image size.

    Use it from one thread. Without shadows, reflections and oversampling: 5 to 20 times faster
    on a CPU.
    """

    def __init__(self, model: mujoco.MjModel) -> None:
        self._model = model
        self._renderers: dict[tuple[int, int], mujoco.Renderer] = {}

    def render(self, data: mujoco.MjData, camera: str, height: int, width: int,
               metres: bool = False) -> View:
        """Return what a camera sees.

        Args:
            data: The state of the model.
            camera: Its name in the model.
            height: Of the picture.
            width: Likewise.
            metres: How far what it sees is, along its axis, as depth cameras measure it.

        Returns:
            Shape (height, width, 3), rgb; or distances [m], shape (height, width), float32.

        Raises:
            IlRosError: OpenGL does not work here; the text names the packages.
        """
        renderer = self._renderers.get((height, width)) or self._open(height, width)
        if metres:
            renderer.enable_depth_rendering()
        renderer.update_scene(data, camera)
        image: View = renderer.render()
        renderer.disable_depth_rendering()
        return image

    def close(self) -> None:
        """Free the OpenGL contexts."""
        while self._renderers:
            self._renderers.popitem()[1].close()

    def _open(self, height: int, width: int) -> mujoco.Renderer:
        try:
            renderer = mujoco.Renderer(self._model, height, width)
        except (ImportError, AttributeError, RuntimeError, mujoco.FatalError) as error:
            raise IlRosError(
                f'cameras: cannot render with MUJOCO_GL={os.environ.get("MUJOCO_GL", "")} '
                f'({str(error).splitlines()[0]}); install what is missing: {APT}, and set '
                'MUJOCO_GL=egl, or go without cameras') from None
        flags = renderer.scene.flags
        flags[mujoco.mjtRndFlag.mjRND_SHADOW] = 0
        flags[mujoco.mjtRndFlag.mjRND_REFLECTION] = 0
        self._renderers[height, width] = renderer
        return renderer


def seen(model: mujoco.MjModel, data: mujoco.MjData) -> Floats:
    """Return the part of a state that cameras see, for `Replica`. Shape (n,)."""
    found = np.empty(mujoco.mj_stateSize(model, SEEN))
    mujoco.mj_getState(model, data, found, SEEN)
    return found
