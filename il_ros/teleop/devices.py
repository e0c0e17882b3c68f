"""The devices by name; two with a plus are one for each of two arms, and +pedal adds a pedal."""
from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from il_ros.config import build, find_config, nearest, parse_yaml, read_text
from il_ros.contract import Contract
from il_ros.errors import ConfigError
from il_ros.teleop.bi_device import BiDevice, parts_of
from il_ros.teleop.device import Device
from il_ros.teleop.layout import AUTO
from il_ros.teleop.terminal import Terminal

T = TypeVar('T')
BOTH = '+'
PEDAL = 'pedal'


@dataclass(frozen=True)
class _Options:
    """What `open_device` was told."""

    seed: int
    engage: str
    task: str
    layout: str
    terminal: Terminal | None
    robots: int
    parts: tuple[str, ...] = ()
    settings: str = ''


def _keyboard(contract: Contract, options: _Options) -> Device:
    from il_ros.teleop.keyboard import Keyboard
    return Keyboard(contract, options.terminal, options.parts, options.robots)


def _gamepad(contract: Contract, options: _Options) -> Device:
    from il_ros.teleop.gamepad import Gamepad
    return Gamepad(contract, options.layout, options.parts, options.robots)


def _scripted(contract: Contract, options: _Options) -> Device:
    from il_ros.teleop.scripted.device import ScriptedDevice
    if options.parts or options.robots > 1:
        raise ConfigError('a scripted operator drives all parts of one robot: give it no other '
                          'device and no other robot')
    return ScriptedDevice(contract, options.seed, options.engage, options.task)


def _leader(contract: Contract, options: _Options) -> Device:
    from il_ros.teleop.leader import BY_TOPIC, Leader, LeaderSettings
    data, where = read_settings('leader', options.settings)
    if data.get('bus', BY_TOPIC) == BY_TOPIC:
        return Leader(contract, build(LeaderSettings, data, where), options.parts)
    from il_ros.teleop.buses.device import ServoLeader
    from il_ros.teleop.buses.settings import BusSettings
    return ServoLeader(contract, build(BusSettings, data, where), options.parts)


def _mocap(contract: Contract, options: _Options) -> Device:
    from il_ros.teleop.mocap import Mocap, MocapSettings
    return Mocap(contract, load_settings(MocapSettings, 'mocap', options.settings), options.parts)


def _spacemouse(contract: Contract, options: _Options) -> Device:
    from il_ros.teleop.spacemouse import open_source, SpaceMouse, SpaceMouseSettings
    settings = load_settings(SpaceMouseSettings, 'spacemouse', options.settings)
    return SpaceMouse(contract, settings, open_source(settings), options.parts)


def _xr(contract: Contract, options: _Options) -> Device:
    from il_ros.teleop.xr.device import open_xr
    from il_ros.teleop.xr.settings import XrSettings
    return open_xr(contract, load_settings(XrSettings, 'xr', options.settings), options.parts,
                   options.robots)


# Imported on use: a robot needs only the libraries of its own device.
DEVICES: dict[str, Callable[[Contract, _Options], Device]] = {
    'keyboard': _keyboard,
    'gamepad': _gamepad,
    'leader': _leader,
    'mocap': _mocap,
    'scripted': _scripted,
    'spacemouse': _spacemouse,
    'xr': _xr,
}


def load_settings(kind: type[T], device: str, chosen: str = '') -> T:
    """Return the settings of a device: a dataclass from config/devices, or from a file.

    Args:
        kind: The dataclass; what the file leaves out keeps its default.
        device: Name of the device, and of its file where none is chosen.
        chosen: A name there, or a file.

    Raises:
        ConfigError: There is no such file, or it is wrong.
    """
    return build(kind, *read_settings(device, chosen))


def read_settings(device: str, chosen: str = '') -> tuple[dict[str, Any], str]:
    """Return the keys and values of a device's settings, and where they stand; see above."""
    path = find_config('devices', chosen or device)
    return parse_yaml(read_text(path), str(path)), str(path)


def open_device(name: str, contract: Contract, seed: int = 0, engage: str = 'always',
                task: str = 'PickPlace', layout: str = AUTO, terminal: Terminal | None = None,
                robots: int = 1, settings: str = '', parts: Collection[str] = ()) -> Device:
    """Return the device of a name, or of two names as in 'gamepad+keyboard'.

    Args:
        name: One of `DEVICES`, or two of them: the left one moves the first arm of the contract
            and the base, the right one the second arm. `+pedal` adds a pedal to either.
        contract: The robot.
        seed: Habits of a scripted operator; others ignore it.
        engage: When a scripted operator drives; others decide themselves.
        task: Of the simulation, that a scripted operator does.
        layout: Of a gamepad: a name under config/gamepads, a file, or 'auto'.
        terminal: That the keyboard devices of several robots share; its own when None.
        robots: How many robots the person drives in turn with this device.
        settings: A name under config/devices or a file, of several devices one for each with a
            plus between them; where there is none, the file there that has the device's name.
        parts: Names of the parts of the robot that one device moves; all that it can when empty.

    Raises:
        ConfigError: A name is unknown, the robot has not two arms for two devices, or a device
            cannot be opened.
    """
    names = [part.strip() for part in name.split(BOTH)]
    for part in names:
        if part not in DEVICES and part != PEDAL:
            raise ConfigError(f'no device {part!r}; {nearest(part, [*DEVICES, PEDAL])}')
    given = [part.strip() for part in settings.split(BOTH)]
    given += [''] * (len(names) - len(given))
    if len(given) > len(names):
        raise ConfigError(f'settings {settings!r}: expected one at most for each of {name!r}')
    options = _Options(seed, engage, task, layout, terminal, robots, tuple(parts))
    if PEDAL not in names:
        return _open(name, names, given, contract, options)
    if names.count(PEDAL) > 1 or names == [PEDAL]:
        raise ConfigError(f'device {name!r}: expected one pedal beside another device, as in '
                          'leader+pedal')
    from il_ros.teleop.pedal import open_box, PedalSettings, WithPedal
    at = names.index(PEDAL)
    pedal = load_settings(PedalSettings, PEDAL, given[at])
    box = open_box(pedal)
    others = _open(name, names[:at] + names[at + 1:], given[:at] + given[at + 1:], contract,
                   options)
    return WithPedal(others, box, pedal.buttons)


def _open(name: str, names: list[str], given: list[str], contract: Contract,
          options: _Options) -> Device:
    if len(names) == 1:
        return DEVICES[names[0]](contract, replace(options, settings=given[0]))
    if len(names) > 2:
        raise ConfigError(f'device {name!r}: expected one device, or two with a + between them')
    if names == ['keyboard', 'keyboard']:
        raise ConfigError(f'device {name!r}: a terminal has one keyboard; take another device for '
                          'one of the arms')
    if options.parts:
        raise ConfigError(f'device {name!r}: parts are for one device; of two, each moves the arm '
                          'that is its own')
    if names == ['xr', 'xr']:
        raise ConfigError(f'device {name!r}: one page has both hands; say xr')
    arms = _two_arms(contract, name)
    left, right = (DEVICES[one](contract, replace(options, parts=parts, settings=file))
                   for one, parts, file in zip(names, parts_of(contract, arms), given,
                                               strict=True))
    return BiDevice(contract, left, right, arms)


def _two_arms(contract: Contract, name: str) -> tuple[str, str]:
    names = [arm.name for arm in contract.arms]
    if len(names) < 2:
        raise ConfigError(f'device {name!r}: two devices move two arms, and the contract of '
                          f'{contract.robot!r} has {len(names)}; take one device')
    return names[0], names[1]

