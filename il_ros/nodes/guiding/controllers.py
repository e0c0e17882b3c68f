"""Arms under ros2_control: what moves them goes off, a controller without torque goes on."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from il_ros.contract import Contract
from il_ros.errors import ConfigError, IlRosError
from il_ros.nodes.clients.client import Client
from il_ros.teaching.steps import Step

STRICT = 2
TIMEOUT_S = 5.0


@dataclass(frozen=True)
class Settings:
    """Of config/guides.

    Attributes:
        controller: Goes on while a person leads.
        manager: The controller manager.
    """

    controller: str = 'gravity_compensation_example_controller'
    manager: str = 'controller_manager'


def steps(client: Client, contract: Contract, settings: Settings) -> list[Step]:
    """Return what leads the arms, and back."""
    return [switch(client, contract, settings.manager, settings.controller)]


def switch(client: Client, contract: Contract, manager: str, controller: str = '') -> Step:
    """Return the step that turns off what moves the arms, and a controller on.

    What moves them is asked when the step is done: active controllers that claim an interface of
    a joint of an arm. Grippers keep theirs.

    Args:
        client: Of the graph.
        contract: Names the joints of the arms.
        manager: The controller manager.
        controller: What goes on; nothing when empty.

    Raises:
        ConfigError: controller_manager_msgs is not installed.
    """
    kinds = _kinds()
    arm = {joint for arm in contract.arms for joint in arm.joints}
    joints = {name for command in contract.commands for joint, told in zip(
        command.joints or (), command.told, strict=True) if joint in arm for name in (joint, told)}
    moved: list[str] = []

    def listed() -> dict[str, Any]:
        answer = client.call(kinds[0], f'{manager}/list_controllers', kinds[0].Request(),
                             TIMEOUT_S)
        return {one.name: one for one in answer.controller}

    def change(on: Sequence[str], off: Sequence[str]) -> None:
        request = kinds[1].Request(activate_controllers=list(on), deactivate_controllers=list(off),
                                   strictness=STRICT)
        request.timeout.sec = round(TIMEOUT_S)
        if not (on or off):
            return
        answer = client.call(kinds[1], f'{manager}/switch_controller', request, 2 * TIMEOUT_S)
        states = {name: one.state for name, one in listed().items()}
        wrong = [name for name in on if states.get(name) != 'active'] + [
            name for name in off if states.get(name) == 'active']
        if not answer.ok or wrong:
            names = ', '.join(f'{name} is {states.get(name, "not loaded")}' for name in wrong)
            raise IlRosError(f'{manager}/switch_controller failed: '
                             f'{answer.message or "no reason given"}{names and f" ({names})"}')

    def do() -> None:
        moved.clear()
        known = listed()
        if controller and controller not in known:
            raise IlRosError(f'{controller} is not loaded (loaded: {", ".join(known) or "none"}): '
                             f'ros2 control load_controller --set-state inactive {controller}')
        if controller and known[controller].state == 'active':
            raise IlRosError(f'{controller} is active already; ros2 control switch_controllers '
                             f'--deactivate {controller}')
        moved.extend(name for name, one in known.items() if one.state == 'active' and any(
            interface.partition('/')[0] in joints for interface in one.claimed_interfaces))
        change([controller] if controller else [], moved)

    def undo() -> None:
        known = listed()
        on = [name for name in moved if name in known and known[name].state != 'active']
        off = [controller] if controller and controller in known and (
            known[controller].state == 'active') else []
        change(on, off)

    name = f'{controller} on' if controller else 'trajectory controller off'
    return Step(name, f'{controller} off' if controller else 'trajectory controller on', do, undo)


def _kinds() -> tuple[Any, Any]:
    try:
        from controller_manager_msgs.srv import ListControllers, SwitchController
    except ImportError:
        raise ConfigError('controller_manager_msgs is not installed: sudo apt install '
                          'ros-jazzy-controller-manager-msgs') from None
    return ListControllers, SwitchController
