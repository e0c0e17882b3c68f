"""Without OpenGL the simulation works, and rendering names the packages."""
import os
import subprocess
import sys

from bag_factory import small_contract, with_depth
from il_ros.contract import Contract
from il_ros.sim.environment import ArmEnv
from il_ros.sim.replica import Replica
from il_ros.sim.simulation import Simulation
import mujoco
import numpy as np
import pytest

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


def test_distances_are_those_along_the_axis_of_the_camera():
    """At the middle as a ray finds them, and by the contract's grid in an observation."""
    contract = with_depth(small_contract(cameras=('scene',)), 'scene', 0.2, 4.0)
    env = ArmEnv('PickPlace', contract, cameras=True)
    seen, _ = env.reset(seed=1)
    simulation = env.simulation
    metres = simulation.render('scene', 33, 33, metres=True)
    camera = simulation._data.camera('scene')
    ray = mujoco.mj_ray(simulation._model, simulation._data, camera.xpos,
                        -camera.xmat.reshape(3, 3)[:, 2], None, 1, -1, np.zeros(1, np.int32))
    assert metres[16, 16] == pytest.approx(ray, abs=2e-3) and 0.3 < ray < 3
    view = seen['observation.images.scene']
    assert view in env.observation_space['observation.images.scene']
    assert view.shape == (48, 64, 1)
    np.testing.assert_allclose(view[24, 32, 0], ray, atol=0.05)
    env.close()


@pytest.mark.parametrize('robot, task', [
    ('sim_arm', 'PickPlace'), ('sim_two_arms', 'HandOver'), ('sim_mobile', 'FetchCube')])
def test_a_replica_shows_what_the_simulation_shows(robot, task):
    contract = Contract.load(robot)
    simulation, replica = Simulation(contract, task), Replica(contract, task)
    begin = replica.render('scene', 64, 64)
    simulation.reset(3)
    for _ in range(20):
        simulation.command(np.where(contract.is_velocity, 0.2, np.array(contract.start) + 0.3))
        simulation.step(simulation.tick_steps)
    replica.take(simulation.seen)
    for camera in contract.cameras:
        shown = replica.render(camera.name, 64, 64)
        assert (shown == simulation.render(camera.name, 64, 64)).all()
    assert (begin != replica.render('scene', 64, 64)).any()
    simulation.close()
    replica.close()
