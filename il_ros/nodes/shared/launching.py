"""The vocabulary of the launch files: arguments and nodes of the one graph."""
from __future__ import annotations

import os
import shutil
from typing import Any

from il_ros import transport
from il_ros.nodes.shared.arguments import ARGUMENTS
from il_ros.nodes.shared.visualising import share, visualisation
from il_ros.scheduling import LAUNCH, process_name
from il_ros.teleop.terminals import find_terminal
from launch import LaunchContext, LaunchDescription, Substitution
from launch.action import Action
from launch.actions import (
    DeclareLaunchArgument,
    GroupAction,
    LogInfo,
    OpaqueFunction,
    SetEnvironmentVariable,
    SetLaunchConfiguration,
)
from launch.conditions import IfCondition
from launch.substitutions import LaunchConfiguration as given
from launch.substitutions import NotEqualsSubstitution
from launch_ros.actions import Node, PushRosNamespace
from launch_ros.parameter_descriptions import ParameterValue


def description(arguments: tuple[str, ...], *actions: Action,
                **defaults: str) -> LaunchDescription:
    """Return a launch file: the named arguments, then nodes in the namespace.

    `defaults` replaces those of `ARGUMENTS`. Whatever is started here, camera drivers too, gets
    `transport.defaults`.
    """
    return LaunchDescription([
        *(DeclareLaunchArgument(name, default_value=_default(name, defaults),
                                description=ARGUMENTS[name][1]) for name in arguments),
        *(SetEnvironmentVariable(*item) for item in transport.defaults(os.environ).items()),
        GroupAction([PushRosNamespace(given('namespace')), *actions])])


def _default(name: str, defaults: dict[str, str]) -> str | list[Any]:
    value = defaults.get(name, ARGUMENTS[name][0])
    # Two robots must not count their episodes in one folder.
    return [f'{value}/', given('namespace')] if name == 'output' else value


def node(executable: str, *, condition: Any = None, prefix: Any = None, respawn: bool = False,
         **parameters: Any) -> Node:
    """Return a node with config/nodes/<executable>.yaml and the parameters given on top.

    It ends with the process that launches it, also when that is killed: see `shell.main`.
    """
    values = {name: ParameterValue(value, value_type=int if name == 'seed' else str)
              if isinstance(value, Substitution) else value
              for name, value in parameters.items()}
    return Node(package='il_ros', executable=executable, name=executable, output='screen',
                emulate_tty=True, condition=condition, prefix=prefix, respawn=respawn,
                respawn_delay=1.0, additional_env={LAUNCH: process_name(os.getpid())},
                parameters=[share('config', 'nodes', f'{executable}.yaml'), values])


def terminal() -> OpaqueFunction:
    """Find the keyboard's terminal before anything is started, or say what to do."""
    return OpaqueFunction(function=_find_terminal)


def _find_terminal(context: LaunchContext) -> list[Action]:
    if 'keyboard' not in given('teleop').perform(context).split('+'):
        return [SetLaunchConfiguration('terminal', '')]
    found = find_terminal(given('terminal').perform(context), os.environ, shutil.which)
    return [SetLaunchConfiguration('terminal', found)]


def simulation() -> Node:
    """Return the simulated arm, if `use_sim`."""
    return node('sim_robot', condition=IfCondition(given('use_sim')), robot=given('robot'),
                task=given('sim_task'), seed=given('seed'))


def control(mode: str, **parameters: Any) -> list[Action]:
    """Return gate and arbiter: what every robot that moves needs.

    The gate starts disarmed, also when it is started again after a crash. Where a policy drives,
    it does not arm without every stream of the contract.
    """
    required = 'state' if mode == 'teleop' else 'all'
    resume = 'after a HOLD or a pause, dagger/resume' if mode == 'teleop' else 'dagger/resume'
    return [
        node('command_gate', respawn=True, robot=given('robot'), required=required),
        node('dagger_intervention', robot=given('robot'), mode=mode, **parameters),
        LogInfo(msg='The robot is disarmed and waits for the services (std_srvs/srv/Trigger) '
                    f'gate/arm, then {resume}')]


def operator(engage: str, **parameters: Any) -> Node:
    """Return the operator's device, unless `teleop:=none`; a keyboard in its own terminal."""
    return node('teleop', condition=IfCondition(NotEqualsSubstitution(given('teleop'), 'none')),
                prefix=given('terminal'), robot=given('robot'), device=given('teleop'),
                settings=given('device'), seed=given('seed'), engage=engage,
                task=given('sim_task'), **parameters)


def station() -> Node:
    """Return the operator's device for several robots."""
    return node('teleop', prefix=given('terminal'), robot=given('robot'), device=given('teleop'),
                settings=given('device'), robots=ParameterValue(given('robots')))


def recorder() -> Node:
    """Return the recorder."""
    return node('teleop_capture', robot=given('robot'), output=given('output'),
                task=given('task'), operator=given('operator'), licence=given('licence'),
                owner=given('owner'), consent=given('consent'))


def policy() -> Node:
    """Return the policy; with a `checkpoint` it starts by itself."""
    return node('policy_inference', robot=given('robot'), checkpoint=given('checkpoint'),
                task=given('task'), autostart=True)


def monitoring() -> list[Action]:
    """Return the monitor; if `panel`, the operator's page; if `rviz`, RViz and the model."""
    return [node('monitor', robot=given('robot')),
            node('panel', robot=given('robot'), condition=IfCondition(given('panel'))),
            OpaqueFunction(function=visualisation, condition=IfCondition(given('rviz')))]
