"""The devices by name."""
from __future__ import annotations

from collections.abc import Callable

from il_ros.config import nearest
from il_ros.contract import Contract
from il_ros.errors import ConfigError
from il_ros.teleop.device import Device
from il_ros.teleop.layout import AUTO


def _keyboard(contract: Contract, seed: int, engage: str, task: str, layout: str) -> Device:
    from il_ros.teleop.keyboard import Keyboard
    return Keyboard(contract)


def _gamepad(contract: Contract, seed: int, engage: str, task: str, layout: str) -> Device:
    from il_ros.teleop.gamepad import Gamepad
    return Gamepad(contract, layout)


def _scripted(contract: Contract, seed: int, engage: str, task: str, layout: str) -> Device:
    from il_ros.teleop.scripted_device import ScriptedDevice
    return ScriptedDevice(contract, seed, engage, task)


# Imported on use: a robot needs only the libraries of its own device.
DEVICES: dict[str, Callable[[Contract, int, str, str, str], Device]] = {
    'keyboard': _keyboard,
    'gamepad': _gamepad,
    'scripted': _scripted,
}


def open_device(name: str, contract: Contract, seed: int = 0, engage: str = 'always',
                task: str = 'PickPlace', layout: str = AUTO) -> Device:
    """Return the device of a name.

    Args:
        name: One of `DEVICES`.
        contract: The robot.
        seed: Habits of a scripted operator; others ignore it.
        engage: When a scripted operator drives; others decide themselves.
        task: Of the simulation, that a scripted operator does.
        layout: Of a gamepad: a name under config/gamepads, a file, or 'auto'.

    Raises:
        ConfigError: The name is unknown, or the device cannot be opened.
    """
    if name not in DEVICES:
        raise ConfigError(f'no device {name!r}; {nearest(name, list(DEVICES))}')
    return DEVICES[name](contract, seed, engage, task, layout)
