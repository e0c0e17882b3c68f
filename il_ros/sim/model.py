"""The MuJoCo model of the simulated arm."""
from __future__ import annotations

from pathlib import Path

from il_ros.config import nearest
from il_ros.contract import Contract
from il_ros.errors import ConfigError
import mujoco

MODEL = Path(__file__).parent / 'assets' / 'sim_arm.xml'
STEPS_PER_S = 600


def load_model(contract: Contract) -> mujoco.MjModel:
    """Return the model, which has everything that the contract names.

    Raises:
        ConfigError: The contract has a joint, camera or pose that the model lacks, or a rate that
            does not divide 600 Hz.
    """
    model = mujoco.MjModel.from_xml_path(str(MODEL))
    names = {'joint': [model.joint(i).name for i in range(model.njnt)],
             'camera': [model.camera(i).name for i in range(model.ncam)]}
    for name in contract.joint_names:
        _require('joint', name, names['joint'])
    for camera in contract.cameras:
        _require('camera', camera.name, names['camera'])
    for pose in contract.poses.names if contract.poses else ():
        _require('pose', pose, ['cube', 'box', 'end_effector'])
    if STEPS_PER_S % contract.rate_hz:
        raise ConfigError(f'rate_hz: the simulation needs a rate that divides {STEPS_PER_S}, '
                          f'got {contract.rate_hz}')
    return model


def _require(what: str, name: str, known: list[str]) -> None:
    if name not in known:
        raise ConfigError(f'the simulation has no {what} {name!r}; {nearest(name, known)}')
