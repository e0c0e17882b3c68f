"""The simulated robots and their Gymnasium environments, such as il_ros/PickPlace-v0."""
import ctypes.util
import os
from typing import Any

import gymnasium
from il_ros.config import nearest
from il_ros.errors import ConfigError

# MuJoCo chooses how it renders when it is imported, and that fails where libEGL is missing.
if not os.environ.get('DISPLAY'):
    os.environ.setdefault('MUJOCO_GL', 'egl' if ctypes.util.find_library('EGL') else 'disable')

MAX_STEPS = {'PickPlace': 360, 'Reach': 150, 'Push': 600, 'HandOver': 750, 'LiftTray': 360,
             'FetchCube': 900}
for _task, _steps in MAX_STEPS.items():
    gymnasium.register(id=f'il_ros/{_task}-v0', entry_point='il_ros.sim.environment:ArmEnv',
                       kwargs={'task': _task}, max_episode_steps=_steps)


def make(task: str, **options: Any) -> gymnasium.Env:
    """Return the environment of a task; options as of `il_ros.sim.environment.ArmEnv`.

    Raises:
        ConfigError: There is no such task; the text names the nearest.
    """
    if task not in MAX_STEPS:
        raise ConfigError(f'no task {task!r}; {nearest(task, list(MAX_STEPS))}')
    return gymnasium.make(f'il_ros/{task}-v0', **options)
