"""The topics that observations are made of."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from il_ros.config import path_name, positive
from il_ros.contract.checks import check_names, one_of, unique
from il_ros.encodings import DEPTH, ENCODINGS, why_no_picture
from il_ros.errors import ConfigError
from il_ros.names import resolve
from il_ros.types import View
import numpy as np

IMAGE_TYPES = ('sensor_msgs/Image', 'sensor_msgs/CompressedImage')
VIDEO_TYPES = ('foxglove_msgs/CompressedVideo', 'ffmpeg_image_transport_msgs/FFMPEGPacket')
JOINT_STATE, ODOMETRY = STATE_TYPES = ('sensor_msgs/JointState', 'nav_msgs/Odometry')
HEADER, ARRIVAL = STAMPS = ('header', 'arrival')
TURNS = (90, 180, 270)   # [degrees]
POSE_SIZE = 7  # x y z [m], qx qy qz qw
FAR_CODE = 4095   # of the farthest distance in 12 bits; 0 where it is unknown
COARSEST_M, FINE_TO_M = 0.002, 2.0   # between two codes: at most 1 mm is lost, up to there


@dataclass(frozen=True)
class Stream:
    """One topic that observations are made of.

    Attributes:
        topic: As in ROS 2: from `/` on, or relative to the robot's namespace.
        type: Message type, `package/Name`.
        rate_hz: Messages per second, of all publishers together.
        max_age_s: Age up to which a sample may be used [s]; of a JointState each joint's.
        stamp: When a sample was taken: as its 'header' says, the default, or at its 'arrival'.
    """

    topic: str
    type: str
    rate_hz: float
    max_age_s: float
    stamp: str | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        resolve(self.topic)
        one_of(self.stamp or HEADER, STAMPS, f'{self.topic}: stamp')
        positive(rate_hz=self.rate_hz, max_age_s=self.max_age_s)


@dataclass(frozen=True)
class State(Stream):
    """Where some of the joints are measured.

    Attributes:
        joints: Their names in the contract.
        fields: For nav_msgs/Odometry: the message's field of each joint, such as
            `twist.twist.linear.x`.
        names: For a JointState: what its messages call the joints, where that is not their name
            in the contract, as of two arms whose drivers say the same.
    """

    joints: tuple[str, ...] = ()
    fields: tuple[str, ...] | None = None
    names: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of(self.type, STATE_TYPES, 'state type')
        if not self.joints:
            raise ConfigError(f'state {self.topic}: joints: expected at least one')
        unique(self.joints, f'state {self.topic}: joint')
        by_field = self.type != 'sensor_msgs/JointState'
        if by_field and len(self.fields or ()) != len(self.joints):
            raise ConfigError(f'state {self.topic}: fields: expected one per joint '
                              f'({", ".join(self.joints)}), got {list(self.fields or ())}')
        if self.fields and not by_field:
            raise ConfigError(f'state {self.topic}: fields: a JointState names its joints itself')
        if self.names is not None and by_field:
            raise ConfigError(f'state {self.topic}: names: {self.type} names no joints')
        check_names(self.names, self.joints, f'state {self.topic}')

    @property
    def told(self) -> tuple[str, ...]:
        """What its messages call the joints."""
        return self.names or self.joints


@dataclass(frozen=True)
class Poses(Stream):
    """A geometry_msgs/PoseArray whose poses have the given names, in this order."""

    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        one_of(self.type, ('geometry_msgs/PoseArray',), 'poses type')
        if not self.names:
            raise ConfigError('names: expected at least one pose name')
        unique(self.names, 'pose')


@dataclass(frozen=True)
class Crop:
    """The part of a picture that is used, in pixels of what the camera sends."""

    x: int
    y: int
    width: int
    height: int

    def __post_init__(self) -> None:
        positive(width=self.width, height=self.height)
        if self.x < 0 or self.y < 0:
            raise ConfigError(f'crop: x and y: expected 0 or more, got {self.x} and {self.y}')


@dataclass(frozen=True)
class Depth:
    """Which distances of a depth camera are kept, in 12 bits.

    Attributes:
        range_m: The nearest and the farthest [m]. What is nearer or farther counts as these.
        shift_m: Codes lie evenly in log(distance + shift_m), near ones closer together, as LeRobot
            writes them; evenly in the distance when None [m].
        coarse: Keep it although more than 1 mm is lost at 2 m.
    """

    range_m: tuple[float, float]
    shift_m: float | None = None
    coarse: bool | None = None

    def __post_init__(self) -> None:
        near, far = self.range_m
        if not 0 < near < far:
            raise ConfigError(f'depth: range_m: expected [near, far] with 0 < near < far [m], '
                              f'got {list(self.range_m)}')
        if self.shift_m is not None and near + self.shift_m <= 0:
            raise ConfigError(f'depth: shift_m: expected more than {-near:g}, got {self.shift_m}')
        most = f'at most {COARSEST_M * (FAR_CODE - 1):g} m from near to far, for 12 bits'
        step_m = self.step
        if self.shift_m is not None:
            most = f'less, for 12 bits up to {FINE_TO_M:g} m'
            step_m *= min(far, FINE_TO_M) + self.shift_m
        if step_m > COARSEST_M * (1 + 1e-9) and not self.coarse:
            raise ConfigError(
                f'depth: range_m: expected {most} to lose at most 1 mm, got {far - near:g} m; '
                'name the part that matters to the task, or say coarse: true')

    def even(self, metres: Any) -> Any:
        """Return distances [m] where codes lie evenly."""
        return metres if self.shift_m is None else np.log(metres + self.shift_m)

    @property
    def step(self) -> float:
        """Between two codes where they lie evenly."""
        near, far = self.range_m
        return float(self.even(far) - self.even(near)) / (FAR_CODE - 1)

    def of_code(self, code: Any) -> Any:
        """Return the distance of a code [m]; 0, which says unknown, lies before the nearest."""
        even = self.even(self.range_m[0]) + (code - 1) * self.step
        return even if self.shift_m is None else np.exp(even) - self.shift_m

    @property
    def zero_m(self) -> float:
        """Where code 0 would lie [m]."""
        return float(self.of_code(0))


@dataclass(frozen=True)
class Camera(Stream):
    """One camera stream; images reach the policy in this height and width.

    They are rgb or, with `depth`, distances.

    Attributes:
        name: Of the camera.
        encoding: Of its pictures; see `encodings`.
        height: Of a picture as it is used: after `crop` and `rotate`.
        width: Likewise.
        resize: Whether pictures of another size are resized.
        crop: The part that is used; all of it when None.
        rotate: By how much a picture is turned clockwise after that, as of a camera that is
            mounted on its side: 90, 180 or 270 [degrees].
        depth: Which distances are kept, of an encoding of depth; grey of 8 bits when None.
    """

    name: str = ''
    encoding: str = 'rgb8'
    height: int = 0
    width: int = 0
    resize: bool = False
    crop: Crop | None = None
    rotate: int | None = None
    depth: Depth | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        path_name(self.name, 'camera')  # a folder of the dataset
        one_of(self.type, IMAGE_TYPES + VIDEO_TYPES, f'camera {self.name!r}: type')
        if reason := why_no_picture(self.encoding):
            raise ConfigError(f'camera {self.name!r}: encoding {self.encoding!r}: {reason}')
        one_of(self.encoding, tuple(ENCODINGS), f'camera {self.name!r}: encoding')
        positive(height=self.height, width=self.width)
        if self.rotate not in (None, *TURNS):
            raise ConfigError(f'camera {self.name!r}: rotate: expected 90, 180 or 270 degrees '
                              f'clockwise, got {self.rotate}')
        if self.depth and ENCODINGS[self.encoding].family != DEPTH:
            raise ConfigError(f'camera {self.name!r}: depth: expected an encoding of distances, '
                              f'such as 16UC1 [mm] or 32FC1 [m], got {self.encoding}')

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of an image as the policy gets it: (H, W, 3), or (H, W, 1) of distances."""
        return self.height, self.width, 1 if self.depth else 3

    def blank(self) -> View:
        """Return an image that is black, or of which every distance is unknown."""
        return np.zeros(self.shape, np.float32 if self.depth else np.uint8)

    @property
    def on_its_side(self) -> bool:
        """Whether height and width change places."""
        return self.rotate in (90, 270)
