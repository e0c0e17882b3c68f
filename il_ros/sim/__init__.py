"""The simulated arm and its Gymnasium environments il_ros/PickPlace-v0, Reach-v0 and Push-v0."""
import ctypes.util
import os

import gymnasium

# MuJoCo chooses how it renders when it is imported, and that fails where libEGL is missing.
if not os.environ.get('DISPLAY'):
    os.environ.setdefault('MUJOCO_GL', 'egl' if ctypes.util.find_library('EGL') else 'disable')

for _task, _steps in (('PickPlace', 360), ('Reach', 150), ('Push', 450)):
    gymnasium.register(id=f'il_ros/{_task}-v0', entry_point='il_ros.sim.environment:ArmEnv',
                       kwargs={'task': _task}, max_episode_steps=_steps)
