import json
from pathlib import Path
import sys

from bag_factory import IL_ROS
from il_ros.errors import RecordingError
from il_ros.recording.definitions import full_type, message_definition
import pytest

TYPES = [*IL_ROS.values(), 'sensor_msgs/JointState', 'sensor_msgs/Image',
         'sensor_msgs/CompressedImage', 'geometry_msgs/PoseArray', 'sensor_msgs/CameraInfo',
         'trajectory_msgs/JointTrajectory', 'std_msgs/Float64MultiArray']


def installed_hash(name):
    package, message = name.split('/')
    file = Path(sys.prefix, 'share', package, 'msg', f'{message}.json')
    if not file.is_file():
        pytest.skip(f'{name} is not installed here')
    hashes = json.loads(file.read_text())['type_hashes']
    return next(h['hash_string'] for h in hashes if h['type_name'] == full_type(name))


@pytest.mark.parametrize('name', TYPES)
def test_hash_is_what_rosidl_computed(name):
    assert message_definition(name).hash == installed_hash(name)


def test_dependencies_follow_as_rosbag2_writes_them():
    text = message_definition('il_ros/CommandReport').text
    separator = '\n' + '=' * 80 + '\n'
    names = [part.split('\n')[0] for part in text.split(separator)[1:]]
    assert names == ['MSG: std_msgs/Header', 'MSG: il_ros/Command', 'MSG: builtin_interfaces/Time']


def test_unknown_type_is_named():
    with pytest.raises(RecordingError, match='no definition of no_msgs/msg/Such: expected '
                                             'share/no_msgs/msg/Such.msg below AMENT_PREFIX_PATH'):
        message_definition('no_msgs/Such')
