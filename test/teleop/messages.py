"""What a device hears as the messages that bring it, in the bytes of DDS and back."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from geometry_msgs.msg import PoseStamped
from geometry_msgs.msg import Twist as TwistMessage
from il_ros.nodes.device.inputs import READ
from il_ros.teleop.inputs import Heard, Input, Joints, Pad, Pose, Twist, Value
from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import JointState, Joy


def message_of(value: Value) -> Any:
    """Return the message that says it, without a stamp."""
    if isinstance(value, Pad):
        return Joy(axes=value.axes, buttons=value.buttons)
    if isinstance(value, Joints):
        return JointState(name=value.names, position=value.positions.tolist())
    if isinstance(value, Twist):
        message = TwistMessage()
        message.linear.x, message.linear.y, message.linear.z = value.velocity[:3].tolist()
        message.angular.x, message.angular.y, message.angular.z = value.velocity[3:].tolist()
        return message
    assert isinstance(value, Pose)
    stamped = PoseStamped()
    at, turned = stamped.pose.position, stamped.pose.orientation
    at.x, at.y, at.z = value.position.tolist()
    turned.x, turned.y, turned.z, turned.w = value.quaternion.tolist()
    return stamped


def through_bytes(heard: Mapping[str, Heard], wants: tuple[Input, ...]) -> dict[str, Heard]:
    """Return what is heard once it was written as messages and read again."""
    kinds = {each.name: READ[each.kind] for each in wants}
    return {name: Heard(kinds[name][1](deserialize_message(
        serialize_message(message_of(said.value)), kinds[name][0])), said.stamp_ns, said.heard_ns)
        for name, said in heard.items()}
