"""A simulated robot as a Gymnasium environment: one step is one control period."""
from __future__ import annotations

from typing import Any

import gymnasium
from gymnasium import spaces
from il_ros.contract import Camera, Contract
from il_ros.images.depth import measured
from il_ros.sim.simulation import Simulation
from il_ros.sim.tasks import make_task
from il_ros.types import Floats, View
import numpy as np

Info = dict[str, Any]
REACH = 2.0   # bound of every position that is observed [m]


class ArmEnv(gymnasium.Env):  # type: ignore[misc]
    """One task of a simulated robot.

    Observation: 'observation.state' (J,) measured joint positions [rad] or [m],
    'observation.environment_state' (7 * P,) poses, and with `cameras` one
    'observation.images.<camera>' per camera of the contract, as in `Observation.images`. Action:
    absolute joint targets (J,); the setpoint moves linearly to them over the step. Reward 1 and
    the end when the task is done. `info['success']` says so too.

    `reset(seed=..., options={'disturb': bool, 'action_noise': float, 'variation': Variation})`:
    see `Simulation.reset`. With `{'repeat': True}` alone the arm stays where it is and the objects
    are laid out anew around it; everything else is as in the last reset. Without a seed, the next
    episode follows from the environment's own generator.

    Args:
        task: One of `il_ros.sim.tasks.TASKS`.
        contract: Name or file of the robot's contract, or the contract; the task's own when None.
        cameras: Render the cameras.
        render_mode: 'rgb_array' for `render()`, which shows the scene.
        size: Height and width of what `render()` returns [pixels].
    """

    metadata = {'render_modes': ['rgb_array'], 'render_fps': 30}

    def __init__(self, task: str = 'PickPlace', contract: str | Contract | None = None,
                 cameras: bool = False, render_mode: str | None = None,
                 size: tuple[int, int] = (480, 640)) -> None:
        if not isinstance(contract, Contract):
            contract = Contract.load(contract or make_task(task).world.robot)
        self.contract = contract
        self.simulation = Simulation(contract, task)
        self.render_mode = render_mode
        self._cameras = contract.cameras if cameras else ()
        self._size = size
        poses = np.tile([REACH] * 3 + [1.0] * 4, contract.environment_size // 7)
        slack = 0.05 * (contract.upper - contract.lower)   # contacts press joints past a limit
        images = {f'observation.images.{camera.name}':
                  spaces.Box(0, camera.depth.range_m[1] if camera.depth else 255, camera.shape,
                             camera.blank().dtype.type) for camera in self._cameras}
        self.observation_space = spaces.Dict({
            'observation.state': spaces.Box(contract.lower - slack, contract.upper + slack,
                                            dtype=np.float64),
            'observation.environment_state': spaces.Box(-poses, poses, dtype=np.float64),
            **images})
        self.action_space = spaces.Box(contract.lower, contract.upper, dtype=np.float64)

    def reset(self, *, seed: int | None = None,
              options: dict[str, Any] | None = None) -> tuple[dict[str, np.ndarray], Info]:
        """Start an episode; returns the observation and the info."""
        super().reset(seed=seed)
        if seed is None:
            seed = int(self.np_random.integers(2 ** 31))
        if options == {'repeat': True}:
            self.simulation.rearrange(seed)
        else:
            self.simulation.reset(seed, **(options or {}))
        return self._observe(), self._info()

    def step(self, action: Floats) -> tuple[dict[str, np.ndarray], float, bool, bool, Info]:
        """Move to the targets over one control period."""
        self.simulation.command(np.asarray(action, dtype=np.float64))
        self.simulation.step(self.simulation.tick_steps)
        done = self.simulation.success
        return self._observe(), float(done), done, False, self._info()

    def render(self) -> np.ndarray | None:
        """Return the scene camera's picture in render mode 'rgb_array'."""
        if self.render_mode != 'rgb_array':
            return None
        return self.simulation.render('scene', *self._size)

    def close(self) -> None:
        """Free the cameras."""
        self.simulation.close()

    def _view(self, camera: Camera) -> View:
        size, depth = (camera.height, camera.width), camera.depth
        if depth is None:
            return self.simulation.render(camera.name, *size)
        return measured(self.simulation.render(camera.name, *size, metres=True), 'metres', depth)

    def _observe(self) -> dict[str, np.ndarray]:
        images = {f'observation.images.{camera.name}':
                  self._view(camera) for camera in self._cameras}
        return {'observation.state': self.simulation.positions,
                'observation.environment_state': self.simulation.environment, **images}

    def _info(self) -> Info:
        return {'success': self.simulation.success}
