"""Messages and actions of ROS by the names that contracts and bags have for them."""
from __future__ import annotations

from importlib import import_module
from typing import Any

from il_ros.contract import CommandInterface
from il_ros.errors import ConfigError


def message_type(kind: str) -> Any:
    """Return the class of `package/Name` or `package/msg/Name`.

    Raises:
        ConfigError: The package is not installed.
    """
    package, *_, name = kind.split('/')
    try:
        return getattr(import_module(f'{package}.msg'), name)
    except ImportError:
        raise ConfigError(f'{kind} needs {package}: sudo apt install '
                          f'ros-jazzy-{package.replace("_", "-")}') from None


def gripper_type(interface: CommandInterface) -> Any:
    """Return the class of a gripper's action.

    Raises:
        ConfigError: control_msgs is not installed.
    """
    try:
        from control_msgs import action
    except ImportError:
        raise ConfigError(f'{interface.name}: {interface.type} needs control_msgs: '
                          'sudo apt install ros-jazzy-control-msgs') from None
    return getattr(action, interface.type.split('/')[1])
