"""The vocabulary of the launch files: arguments and nodes of the one graph."""
from __future__ import annotations

from typing import Any

from ament_index_python.packages import get_package_share_directory, PackageNotFoundError
from il_ros.contract import Contract
from il_ros.errors import IlRosError
from launch import LaunchContext, LaunchDescription, Substitution
from launch.action import Action
from launch.actions import (
    DeclareLaunchArgument,
    GroupAction,
    LogInfo,
    OpaqueFunction,
    SetEnvironmentVariable,
)
from launch.conditions import IfCondition
from launch.substitutions import (
    EnvironmentVariable,
    EqualsSubstitution,
    IfElseSubstitution,
    LaunchConfiguration,
    NotEqualsSubstitution,
    PathJoinSubstitution,
)
from launch_ros.actions import Node, PushRosNamespace
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare

ARGUMENTS = {
    'robot': ('sim_arm', 'contract of the robot: a name under config/robots, or a file'),
    'teleop': ('keyboard', 'device of the operator: keyboard, scripted, or none'),
    'checkpoint': ('', 'folder of the policy; empty: wait for the service policy/load'),
    'use_sim': ('false', 'start the simulated arm in place of a real one'),
    'rviz': ('false', 'show robot, cameras and predicted path in RViz'),
    'namespace': ('', 'namespace of all nodes and topics'),
    'output': ('bags', 'folder for the recorded episodes'),
    'task': ('', "what the robot is to do; empty: the contract's task"),
    'operator': ('', 'who teleoperates, for the metadata of the episodes'),
    'sim_task': ('PickPlace', 'task of the simulated arm: PickPlace, Reach or Push'),
    'seed': ('0', 'seed of the simulated arm and of the scripted operator'),
    'terminal': ('xterm -e', 'what gives the keyboard device a terminal of its own'),
}
PROFILES = ('FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE')


def argument(name: str) -> LaunchConfiguration:
    """Return what the user gave for a launch argument."""
    return LaunchConfiguration(name)


def share(*parts: str | Substitution) -> PathJoinSubstitution:
    """Return a path below share/il_ros."""
    return PathJoinSubstitution([FindPackageShare('il_ros'), *parts])


def description(arguments: tuple[str, ...], *actions: Action,
                **defaults: str) -> LaunchDescription:
    """Return a launch file: the named arguments, then nodes in the namespace.

    `defaults` replaces those of `ARGUMENTS`. The environment gives Fast DDS a shared memory that
    holds camera frames; see config/fastdds.xml.
    """
    return LaunchDescription([
        *(DeclareLaunchArgument(name, default_value=defaults.get(name, ARGUMENTS[name][0]),
                                description=ARGUMENTS[name][1]) for name in arguments),
        *(SetEnvironmentVariable(name, EnvironmentVariable(
            name, default_value=share('config', 'fastdds.xml'))) for name in PROFILES),
        GroupAction([PushRosNamespace(argument('namespace')), *actions])])


def node(executable: str, *, condition: Any = None, prefix: Any = None, respawn: bool = False,
         **parameters: Any) -> Node:
    """Return a node with config/nodes/<executable>.yaml and the parameters given on top."""
    values = {name: ParameterValue(value, value_type=int if name == 'seed' else str)
              if isinstance(value, Substitution) else value
              for name, value in parameters.items()}
    return Node(package='il_ros', executable=executable, name=executable, output='screen',
                emulate_tty=True, condition=condition, prefix=prefix, respawn=respawn,
                respawn_delay=1.0, parameters=[share('config', 'nodes', f'{executable}.yaml'),
                                               values])


def simulation() -> Node:
    """Return the simulated arm, if `use_sim`."""
    return node('sim_robot', condition=IfCondition(argument('use_sim')), robot=argument('robot'),
                task=argument('sim_task'), seed=argument('seed'))


def control(mode: str, **parameters: Any) -> list[Action]:
    """Return gate and arbiter: what every robot that moves needs.

    The gate starts disarmed, also when it is started again after a crash.
    """
    services = 'gate/arm' if mode == 'teleop' else 'gate/arm and dagger/resume'
    return [
        node('command_gate', respawn=True, robot=argument('robot')),
        node('dagger_intervention', robot=argument('robot'), mode=mode, **parameters),
        LogInfo(msg=f'The robot is disarmed and waits for the services {services} '
                    '(std_srvs/srv/Trigger)')]


def operator(engage: str) -> Node:
    """Return the operator's device, unless `teleop:=none`; a keyboard in its own terminal."""
    terminal = IfElseSubstitution(EqualsSubstitution(argument('teleop'), 'keyboard'),
                                  argument('terminal'), '')
    return node('teleop', condition=IfCondition(NotEqualsSubstitution(argument('teleop'), 'none')),
                prefix=terminal, robot=argument('robot'), device=argument('teleop'),
                seed=argument('seed'), engage=engage)


def recorder() -> Node:
    """Return the recorder."""
    return node('teleop_capture', robot=argument('robot'), output=argument('output'),
                task=argument('task'), operator=argument('operator'))


def policy() -> Node:
    """Return the policy; with a `checkpoint` it starts by itself."""
    return node('policy_inference', robot=argument('robot'), checkpoint=argument('checkpoint'),
                autostart=True)


def monitoring() -> list[Action]:
    """Return the monitor and, if `rviz`, RViz and the robot's model."""
    return [node('monitor', robot=argument('robot')),
            OpaqueFunction(function=_visualisation, condition=IfCondition(argument('rviz')))]


def _visualisation(context: LaunchContext) -> list[Action]:
    from il_ros.kinematics import find_urdf  # needs Pinocchio, which only this needs
    contract = Contract.load(argument('robot').perform(context))
    actions: list[Action] = [Node(package='rviz2', executable='rviz2',
                                  arguments=['-d', share('config', 'rviz', 'il_ros.rviz')])]
    try:
        get_package_share_directory('robot_state_publisher')
        urdf = find_urdf(contract)
    except (PackageNotFoundError, IlRosError) as error:
        return [*actions, LogInfo(msg=f'RViz shows no robot model: {error}')]
    return [*actions, Node(
        package='robot_state_publisher', executable='robot_state_publisher',
        parameters=[{'robot_description': urdf.read_text()}],
        remappings=[('joint_states', contract.state.topic)])]
