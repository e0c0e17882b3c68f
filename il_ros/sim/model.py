"""The MuJoCo models of the simulated robots."""
from __future__ import annotations

from pathlib import Path

from il_ros.config import nearest
from il_ros.contract import Contract
from il_ros.errors import ConfigError
from il_ros.sim.actuated import BASE
from il_ros.sim.world import TABLE, World
import mujoco

ASSETS = Path(__file__).parent / 'assets'
STEPS_PER_S = 600


def load_model(contract: Contract, world: World = TABLE) -> mujoco.MjModel:
    """Return the model of a world, which has everything that the contract names.

    Raises:
        ConfigError: The contract has a joint, camera or pose that the model lacks, or a rate that
            does not divide 600 Hz.
    """
    model = mujoco.MjModel.from_xml_path(str(ASSETS / f'{world.robot}.xml'))
    names = {'joint': [model.joint(i).name for i in range(model.njnt)]
             + list(BASE if world.base else ()),
             'camera': [model.camera(i).name for i in range(model.ncam)]}
    for name in contract.joint_names:
        _require('joint', name, names['joint'])
    for camera in contract.cameras:
        _require('camera', camera.name, names['camera'])
    for pose in contract.poses.names if contract.poses else ():
        _require('pose', pose, world.poses)
    if STEPS_PER_S % contract.rate_hz:
        raise ConfigError(f'rate_hz: the simulation needs a rate that divides {STEPS_PER_S}, '
                          f'got {contract.rate_hz}')
    return model


def _require(what: str, name: str, known: list[str]) -> None:
    if name not in known:
        raise ConfigError(f'the simulation has no {what} {name!r}; {nearest(name, known)}')


def step_ns(step: int) -> int:
    """Return the time of a physics step since the reset, rounded to [ns]."""
    return (step * 10_000_000 + 3) // 6
