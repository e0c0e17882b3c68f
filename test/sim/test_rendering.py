"""Without OpenGL the simulation works, and rendering names the packages."""
import os
import subprocess
import sys

SCRIPT = """
from il_ros.contract import Contract
from il_ros.errors import IlRosError
from il_ros.sim.simulation import Simulation
simulation = Simulation(Contract.load('sim_arm'))
simulation.step(20)
try:
    simulation.render('scene', 16, 16)
except IlRosError as error:
    print(error)
"""


def run(**environment):
    env = {k: v for k, v in os.environ.items() if k not in ('MUJOCO_GL', 'DISPLAY')}
    return subprocess.run([sys.executable, '-c', SCRIPT], env={**env, **environment},
                          capture_output=True, text=True, check=True).stdout


def test_without_opengl_the_packages_are_named():
    text = run(MUJOCO_GL='disable')
    assert text.startswith('cameras: cannot render with MUJOCO_GL=disable (')
    assert ('install what is missing: apt-get install libegl1 libegl-mesa0 libgl1-mesa-dri, and '
            'set MUJOCO_GL=egl, or go without cameras') in text


def test_renders_without_a_display_and_without_settings():
    assert run() == ''
