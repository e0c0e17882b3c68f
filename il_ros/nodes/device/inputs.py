"""The topics that a device listens to."""
from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from geometry_msgs.msg import PoseStamped
from geometry_msgs.msg import Twist as TwistMessage
from il_ros.nodes import shell
from il_ros.teleop.inputs import Heard, Input, Joints, Pad, Pose, Twist, Value
import numpy as np
from rclpy.node import Node
from sensor_msgs.msg import JointState, Joy


class Inputs:
    """Keeps the newest of each.

    Attributes:
        heard: By what the device calls it; without those that never came.
    """

    def __init__(self, node: Node, wanted: Iterable[Input]) -> None:
        """Subscribe to what a device wants, in the namespace of the node."""
        self.heard: dict[str, Heard] = {}
        self._node = node
        for each in wanted:
            kind, read = READ[each.kind]
            node.create_subscription(kind, each.topic, partial(self._on_message, each.name, read),
                                     shell.SENSOR)

    def _on_message(self, name: str, read: Callable[[Any], Value], message: Any) -> None:
        header = getattr(message, 'header', None)
        self.heard[name] = Heard(read(message), shell.stamp_ns(header.stamp) if header else 0,
                                 shell.now_ns(self._node))


def _pad(message: Joy) -> Pad:
    return Pad(tuple(message.axes), tuple(message.buttons))


def _joints(message: JointState) -> Joints:
    return Joints(tuple(message.name), np.array(message.position))


def _pose(message: PoseStamped) -> Pose:
    at, turned = message.pose.position, message.pose.orientation
    return Pose(np.array([at.x, at.y, at.z]), np.array([turned.x, turned.y, turned.z, turned.w]))


def _twist(message: TwistMessage) -> Twist:
    along, about = message.linear, message.angular
    return Twist(np.array([along.x, along.y, along.z, about.x, about.y, about.z]))


READ: dict[str, tuple[type, Callable[[Any], Value]]] = {
    'joy': (Joy, _pad), 'joints': (JointState, _joints), 'pose': (PoseStamped, _pose),
    'twist': (TwistMessage, _twist)}
