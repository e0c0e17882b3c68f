"""Which topics an episode holds."""
from __future__ import annotations

from collections.abc import Callable

from il_ros.contract import Contract
from il_ros.errors import ConfigError
from il_ros.recording.metadata import Topic

CONTROL = {
    'teleop/command': 'il_ros/TeleopCommand',
    'policy/chunk': 'il_ros/ActionChunk',
    'control/command': 'il_ros/Command',
    'control/mode': 'il_ros/ControlMode',
    'control/report': 'il_ros/CommandReport',
    'control/correction': 'il_ros/Correction',
    'dagger/request': 'il_ros/HelpRequest',
}
LATCHED = ('control/mode',)
URDF_TYPE = 'std_msgs/String'


def recorded_topics(contract: Contract, resolve: Callable[[str], str]) -> list[Topic]:
    """Return the contract's streams, the control topics, robot commands, calibration, the URDF.

    Args:
        contract: The robot.
        resolve: Gives a topic's full name on the graph (namespace and remapping).

    Raises:
        ConfigError: Two streams of the contract are one topic there.
    """
    types = {stream.topic: stream.type for stream in contract.streams} | CONTROL
    types |= {command.topic: command.type for command in contract.commands if command.topic}
    types |= {camera_info_topic(camera.topic): 'sensor_msgs/CameraInfo'
              for camera in contract.cameras}
    if contract.urdf_topic:
        types[contract.urdf_topic] = URDF_TYPE
    full = {name: resolve(name) for name in types}
    for name in contract.topics:
        if others := [n for n, f in full.items() if f == full[name] and n != name]:
            raise ConfigError(f'{name} and {others[0]} are one topic here ({full[name]}); give '
                              'each stream of the contract its own')
    return [Topic(name, kind, full[name], latched=name in (*LATCHED, contract.urdf_topic))
            for name, kind in types.items()]


def camera_info_topic(image_topic: str) -> str:
    """Return where image_transport puts the calibration of an image topic."""
    base = image_topic.removesuffix('/compressed')
    return f'{base.rpartition("/")[0]}/camera_info' if '/' in base else 'camera_info'
