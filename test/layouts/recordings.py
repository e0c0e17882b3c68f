"""Recordings as other stacks make them: topics that say what is known of every moment."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from zlib import crc32

import bag_factory as bags
import cv2
from il_ros.timing import to_ns
import numpy as np

SECONDS = 3.0
LEAD_S = 0.1        # by which a command is where its joint will be
LATE_S = 0.003      # from the stamp of a message to its log time
HEIGHT, WIDTH = 48, 64
LEVELS = 16         # of grey, by which a picture is told from those beside it

Message = Callable[[int, float], Any]
Values = Callable[[float], np.ndarray]


@dataclass(frozen=True)
class Topic:
    """One topic of a recording.

    Attributes:
        name: From `/` on.
        type: `package/Name`.
        rate_hz: Of its messages.
        message: Makes number k, stamped at t [s].
        values: What it says of `signals` at t, or the picture in it; None where nothing is asked.
        signals: The names in the dataset of what it says.
        definition: Of a type that ROS 2 does not bring along.
        start_s: Of the first message.
        count: Of messages, where it is not published for the whole time.
        ahead: It is a command.
    """

    name: str
    type: str
    rate_hz: float
    message: Message
    values: Callable[[int, float], np.ndarray] | None = None
    signals: tuple[str, ...] = ()
    definition: str = ''
    start_s: float = 0.0
    count: int | None = None
    ahead: bool = False

    def times(self) -> list[float]:
        count = int((SECONDS - self.start_s) * self.rate_hz) if self.count is None else self.count
        return [self.start_s + k / self.rate_hz for k in range(count)]

    def logged_ns(self) -> np.ndarray:
        """Return when its messages were logged. Shape (N,)."""
        return np.array([bags.START_NS + to_ns(t + LATE_S) for t in self.times()])

    def said(self) -> np.ndarray:
        """Return what its messages say. Shape (N, ...)."""
        return np.array([self.values(k, t) for k, t in enumerate(self.times())])

    def events(self) -> Iterator[bags.Event]:
        for k, (t, log_ns) in enumerate(zip(self.times(), self.logged_ns(), strict=True)):
            made = self.message(k, t)
            data = made if isinstance(made, bytes) else bags.serialize(self.type, made)
            yield bags.Event(int(log_ns), self.name, data)


def signal(name: str, t: float) -> float:
    """Return where a joint is: smooth, and unlike every other. [rad] or [m]."""
    draw = _draw(name)
    if name.startswith('base_'):
        return float(0.1 * draw[0] + 0.1 * np.sin((1 + draw[1]) * t))
    small = 'finger' in name
    middle, half = (0.03, 0.02) if small else (draw[0] - 0.5, 0.2 + 0.4 * draw[1])
    return float(middle + half * np.sin((1.0 + 2.5 * draw[2]) * t + 6.28 * draw[1]))


@cache
def _draw(name: str) -> np.ndarray:
    return np.random.default_rng(crc32(name.encode())).uniform(size=3)


def signals(names: Sequence[str], scale: float = 1.0, lead_s: float = 0.0
            ) -> Callable[[int, float], np.ndarray]:
    """Return what says where joints are, or where they will be."""
    return lambda k, t: scale * np.array([signal(name, t + lead_s) for name in names])


def joint_states(topic: str, names: Mapping[str, str] | Sequence[str], rate_hz: float,
                 lead_s: float = 0.0, scale: float = 1.0, frame: str = '') -> Topic:
    """Return a JointState topic: of a robot, or of a leader that is ahead of it.

    Args:
        topic: Its name.
        names: In the order of its messages; with what the dataset calls them, where that differs.
        rate_hz: Of its messages.
        lead_s: By which it is ahead.
        scale: Of its unit.
        frame: Of its header.
    """
    told, ours = list(names), tuple(names.values() if isinstance(names, Mapping) else names)
    values = signals(ours, scale, lead_s)
    return Topic(topic, 'sensor_msgs/JointState', rate_hz, lambda k, t: bags.make(
        'sensor_msgs/JointState', header=bags.header(ns(t), frame), name=told,
        position=values(k, t), velocity=np.zeros(len(told)), effort=np.zeros(len(told))),
        values, ours, ahead=lead_s > 0)


def trajectory(topic: str, names: Sequence[str], rate_hz: float) -> Topic:
    """Return a JointTrajectory topic that a person streams points to, each to be reached soon."""
    values = signals(names, lead_s=LEAD_S)

    def message(k: int, t: float) -> Any:
        point = bags.make('trajectory_msgs/JointTrajectoryPoint', positions=values(k, t),
                          velocities=np.zeros(0), accelerations=np.zeros(0), effort=np.zeros(0),
                          time_from_start=bags.make('builtin_interfaces/Duration', sec=0,
                                                    nanosec=0))
        return bags.make('trajectory_msgs/JointTrajectory', header=bags.header(0),
                         joint_names=list(names), points=[point])
    return Topic(topic, 'trajectory_msgs/JointTrajectory', rate_hz, message, values, tuple(names),
                 ahead=True)


def numbers(topic: str, names: Sequence[str], rate_hz: float) -> Topic:
    """Return a Float64MultiArray topic, which names no joints."""
    values = signals(names, lead_s=LEAD_S)
    layout = bags.make('std_msgs/MultiArrayLayout', dim=[], data_offset=0)
    return Topic(topic, 'std_msgs/Float64MultiArray', rate_hz, lambda k, t: bags.make(
        'std_msgs/Float64MultiArray', layout=layout, data=values(k, t)), values, tuple(names),
        ahead=True)


def joint_group(topic: str, names: Sequence[str], rate_hz: float, group: str = 'arm') -> Topic:
    """Return commands of Interbotix's driver for a group of joints, which name only the group."""
    kind, values = 'interbotix_xs_msgs/JointGroupCommand', signals(names, lead_s=LEAD_S)
    return Topic(topic, kind, rate_hz, lambda k, t: bags.make(
        kind, name=group, cmd=values(k, t).astype(np.float32)), values, tuple(names),
        bags.INTERBOTIX[kind], ahead=True)


def joint_single(topic: str, told: str, name: str, rate_hz: float) -> Topic:
    """Return its commands for one joint; `name` is what the dataset calls it."""
    kind, values = 'interbotix_xs_msgs/JointSingleCommand', signals([name], lead_s=LEAD_S)
    return Topic(topic, kind, rate_hz, lambda k, t: bags.make(
        kind, name=told, cmd=float(values(k, t)[0])), values, (name,), bags.INTERBOTIX[kind],
        ahead=True)


def drive(topic: str, rate_hz: float, axes: Mapping[str, str], stamped: bool = False) -> Topic:
    """Return a Twist topic of a base; `axes` are its fields by the dataset's names."""
    values = signals(tuple(axes), lead_s=LEAD_S)

    def message(k: int, t: float) -> Any:
        twist = _twist(axes, values(k, t))
        return twist if not stamped else bags.make(
            'geometry_msgs/TwistStamped', header=bags.header(ns(t), 'base_link'), twist=twist)
    return Topic(topic, f'geometry_msgs/Twist{"Stamped" if stamped else ""}', rate_hz, message,
                 values, tuple(axes), ahead=True)


def odometry(topic: str, rate_hz: float, axes: Mapping[str, str]) -> Topic:
    """Return what measures a base."""
    values = signals(tuple(axes))
    pose = bags.make('geometry_msgs/Pose', position=bags.make(
        'geometry_msgs/Point', x=0.0, y=0.0, z=0.0), orientation=bags.make(
            'geometry_msgs/Quaternion', x=0.0, y=0.0, z=0.0, w=1.0))
    return Topic(topic, 'nav_msgs/Odometry', rate_hz, lambda k, t: bags.make(
        'nav_msgs/Odometry', header=bags.header(ns(t), 'odom'), child_frame_id='base_footprint',
        pose=bags.make('geometry_msgs/PoseWithCovariance', pose=pose, covariance=np.zeros(36)),
        twist=bags.make('geometry_msgs/TwistWithCovariance', covariance=np.zeros(36),
                        twist=_twist(axes, values(k, t)))), values, tuple(axes))


def _twist(axes: Mapping[str, str], values: np.ndarray) -> Any:
    said = dict(zip(axes.values(), values.tolist(), strict=True))
    return bags.make('geometry_msgs/Twist', **{kind: bags.make('geometry_msgs/Vector3', **{
        axis: said.get(f'{kind}.{axis}', 0.0) for axis in 'xyz'}) for kind in ('linear', 'angular')
    })


def picture(k: int, topic: str) -> np.ndarray:
    """Return a smooth picture, unlike those before and after it and those of other topics."""
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    image[..., 0] = 24 + 12 * (7 * k % LEVELS)
    image[..., 1] = np.linspace(30, 200, WIDTH, dtype=np.uint8)
    image[..., 2] = np.linspace(200, 30 + crc32(topic.encode()) % 150, HEIGHT,
                                dtype=np.uint8)[:, None]
    return image


def camera(topic: str, rate_hz: float = 30.0, encoding: str = 'rgb8') -> Topic:
    """Return an Image topic, or a CompressedImage one where its name ends so."""
    def values(k: int, t: float) -> np.ndarray:
        return picture(k, topic)

    def raw(k: int, t: float) -> Any:
        data = picture(k, topic)[..., ::-1 if encoding == 'bgr8' else 1]
        return bags.make('sensor_msgs/Image', header=bags.header(ns(t), 'optical_frame'),
                         height=HEIGHT, width=WIDTH, encoding=encoding, is_bigendian=0,
                         step=3 * WIDTH, data=np.ascontiguousarray(data).reshape(-1))

    def jpeg(k: int, t: float) -> Any:
        data = cv2.imencode('.jpg', picture(k, topic)[..., ::-1])[1].reshape(-1)
        return bags.make('sensor_msgs/CompressedImage', header=bags.header(ns(t), 'optical_frame'),
                         format=f'{encoding}; jpeg compressed bgr8', data=data)
    packed = topic.endswith('/compressed')
    kind = 'sensor_msgs/CompressedImage' if packed else 'sensor_msgs/Image'
    return Topic(topic, kind, rate_hz, jpeg if packed else raw, values)


def depth(topic: str, rate_hz: float = 30.0) -> Topic:
    """Return depth in compressedDepth, as compressed_depth_image_transport packs 16UC1."""
    def millimetres(k: int) -> np.ndarray:
        return np.full((HEIGHT, WIDTH), 200 + 100 * (7 * k % LEVELS), np.uint16)

    def message(k: int, t: float) -> Any:
        data = np.concatenate([np.zeros(12, np.uint8), cv2.imencode(
            '.png', millimetres(k))[1].reshape(-1)])
        return bags.make('sensor_msgs/CompressedImage', header=bags.header(ns(t), 'optical_frame'),
                         format='16UC1; compressedDepth png', data=data)
    return Topic(topic, 'sensor_msgs/CompressedImage', rate_hz, message, lambda k, t: np.repeat(
        (millimetres(k) // 10).astype(np.uint8)[..., None], 3, axis=2))


def text(topic: str, *said: str, start_s: float = 0.0, rate_hz: float = 1.0) -> Topic:
    """Return a String topic that says one thing after the other."""
    return Topic(topic, 'std_msgs/String', rate_hz, lambda k, t: bags.make(
        'std_msgs/String', data=said[k]), start_s=start_s, count=len(said))


def other(topic: str, kind: str, definition: str = 'std_msgs/Header header\nint32[] data\n',
          rate_hz: float = 10.0) -> Topic:
    """Return a topic that nobody needs, of a type that nobody here knows."""
    return Topic(topic, kind, rate_hz, lambda k, t: b'\0\1\0\0' + bytes(24),
                 definition=definition)


def ns(t: float) -> int:
    return bags.START_NS + to_ns(t)


def in_order(topics: Sequence[Topic]) -> list[bags.Event]:
    """Return all messages by log time."""
    return sorted((event for topic in topics for event in topic.events()),
                  key=lambda event: event.log_ns)
