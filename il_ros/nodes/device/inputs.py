"""The topics that a device listens to.

Of each the newest message is taken once a tick, and no other is ever looked at: a SpaceMouse under
spacenav_node speaks a thousand times a second, which would cost a third of a core in Python.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
import time
from typing import Any

from geometry_msgs.msg import PoseStamped
from geometry_msgs.msg import Twist as TwistMessage
from il_ros.nodes import shell
from il_ros.teleop.inputs import Heard, Input, Joints, Pad, Pose, Twist, Value
from il_ros.timing import SECOND
import numpy as np
from rclpy.callback_groups import CallbackGroup
from rclpy.node import Node
from rclpy.qos import HistoryPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import JointState, Joy

NEWEST = QoSProfile(depth=1, history=HistoryPolicy.KEEP_LAST,
                    reliability=ReliabilityPolicy.BEST_EFFORT)
MOST_NS = SECOND     # a message waited; more, or less than nothing, is a clock that was set


class Asleep(CallbackGroup):
    """Keeps the executor from what is in it: nothing wakes the node for a message."""

    def can_execute(self, entity: Any) -> bool:
        """Never."""
        return False

    def beginning_execution(self, entity: Any) -> bool:
        """Never."""
        return False

    def ending_execution(self, entity: Any) -> None:
        """Nothing to do."""


class Inputs:
    """Keeps the newest of each."""

    def __init__(self, node: Node, wanted: Iterable[Input]) -> None:
        """Subscribe to what a device wants, in the namespace of the node."""
        self._node, self._heard = node, dict[str, Heard]()
        self._asleep = Asleep()     # the node knows of it only as long as somebody keeps it
        self._ears = {each.name: (READ[each.kind][1], node.create_subscription(
            READ[each.kind][0], each.topic, lambda message: None, NEWEST,
            callback_group=self._asleep)) for each in wanted}

    def take(self) -> Mapping[str, Heard]:
        """Return the newest of each by what the device calls it; without those that never came."""
        for name, (read, ear) in self._ears.items():
            with ear.handle:
                taken = ear.handle.take_message(ear.msg_type, ear.raw)
            if taken is not None:
                self._heard[name] = self._to_heard(read, *taken)
        return dict(self._heard)

    def _to_heard(self, read: Callable[[Any], Value], message: Any,
                  info: Mapping[str, int]) -> Heard:
        header = getattr(message, 'header', None)
        waited_ns = time.time_ns() - info['received_timestamp']
        waited_ns = waited_ns if 0 <= waited_ns <= MOST_NS else 0
        return Heard(read(message), shell.stamp_ns(header.stamp) if header else 0,
                     shell.now_ns(self._node) - waited_ns)


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
