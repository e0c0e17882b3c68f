"""One robot: joints, limits, streams, commands; start with `contract.py`."""
from il_ros.contract.arm import Arm, Gripper
from il_ros.contract.command import CommandInterface
from il_ros.contract.contract import Contract
from il_ros.contract.joint import Joint
from il_ros.contract.same import (
    differences,
    require_same,
    SAYS_NOTHING,
    together,
    with_limits_of,
)
from il_ros.contract.streams import (
    ARRIVAL,
    Camera,
    Crop,
    Depth,
    FAR_CODE,
    HEADER,
    IMAGE_TYPES,
    ODOMETRY,
    POSE_SIZE,
    Poses,
    STAMPS,
    State,
    Stream,
    VIDEO_TYPES,
)

__all__ = ['ARRIVAL', 'Arm', 'Camera', 'CommandInterface', 'Contract', 'Crop', 'Depth',
           'differences', 'FAR_CODE', 'Gripper', 'HEADER', 'IMAGE_TYPES', 'Joint', 'ODOMETRY',
           'POSE_SIZE', 'Poses', 'require_same', 'SAYS_NOTHING', 'STAMPS', 'State', 'Stream',
           'together', 'VIDEO_TYPES', 'with_limits_of']
