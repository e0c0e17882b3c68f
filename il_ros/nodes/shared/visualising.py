"""RViz and the robot's model for the launch files, as far as they are installed."""
from __future__ import annotations

from ament_index_python.packages import get_package_share_directory, PackageNotFoundError
from il_ros.contract import Contract
from il_ros.errors import IlRosError
from launch import LaunchContext, Substitution
from launch.action import Action
from launch.actions import LogInfo
from launch.substitutions import LaunchConfiguration as given
from launch.substitutions import PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.substitutions import FindPackageShare

JOINTS = 'monitor/joint_states'   # where the monitor joins what several drivers publish


def share(*parts: str | Substitution) -> PathJoinSubstitution:
    """Return a path below share/il_ros."""
    return PathJoinSubstitution([FindPackageShare('il_ros'), *parts])


def visualisation(context: LaunchContext) -> list[Action]:
    """Return RViz and the robot's model as far as they are installed; say what is not."""
    from il_ros.kinematics import find_urdf  # needs Pinocchio, which only this needs
    contract = Contract.load(given('robot').perform(context))
    frames = [('/tf', 'tf'), ('/tf_static', 'tf_static')]   # of each namespace its own
    rviz = Node(package='rviz2', executable='rviz2', remappings=frames,
                arguments=['-d', share('config', 'rviz', 'il_ros.rviz')])
    if contract.urdf_topic:    # whoever tells it publishes its links, too
        return _installed(rviz)
    topics = [topic for topic, states in contract.state_topics.items() if not states[0].fields]
    joints = topics[0] if len(topics) == 1 else JOINTS
    try:
        model = Node(package='robot_state_publisher', executable='robot_state_publisher',
                     parameters=[{'robot_description': find_urdf(contract).read_text()}],
                     remappings=[*frames, ('joint_states', joints)])
    except IlRosError as error:
        return [*_installed(rviz), LogInfo(msg=f'RViz shows no robot model: {error}')]
    return [*_installed(rviz), *_installed(model)]


def _installed(action: Node) -> list[Action]:
    package = action.node_package
    try:
        get_package_share_directory(package)
    except PackageNotFoundError:
        return [LogInfo(msg=f'not installed: apt install ros-jazzy-{package.replace("_", "-")}')]
    return [action]
