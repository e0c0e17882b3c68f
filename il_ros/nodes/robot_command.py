"""Positions to the robot's own command messages, as the contract says."""
from __future__ import annotations

from builtin_interfaces.msg import Duration
from il_ros.contract import CommandTopic, Contract
from il_ros.nodes import shell
from il_ros.types import Floats
from rclpy.node import Node
from rclpy.publisher import Publisher
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

TYPES = {'trajectory_msgs/JointTrajectory': JointTrajectory,
         'std_msgs/Float64MultiArray': Float64MultiArray}


class RobotCommand:
    """Publishes joint positions to the robot; the gripper apart where it has its own topic."""

    def __init__(self, node: Node, contract: Contract, period_ns: int) -> None:
        """Advertise the command topics.

        Args:
            node: The gate.
            contract: Names topics, types and joints.
            period_ns: Time that the robot has to reach each position [ns of ROS time].
        """
        self._node = node
        self._period = Duration(sec=period_ns // 10**9, nanosec=period_ns % 10**9)
        joints = list(range(len(contract.joints)))
        self._parts = []
        if contract.gripper and contract.gripper.command:
            gripper = contract.joint_names.index(contract.gripper.joint)
            joints.remove(gripper)
            self._parts.append(self._part(contract.gripper.command, contract, [gripper]))
        self._parts.append(self._part(contract.command, contract, joints))

    @property
    def topics(self) -> list[str]:
        """The resolved names of the command topics."""
        return [publisher.topic_name for publisher, *_ in self._parts]

    def publish(self, positions: Floats) -> None:
        """Send positions in contract order [rad] or [m]. Shape (J,)."""
        for publisher, kind, joints, names in self._parts:
            values = positions[joints].tolist()
            if kind is Float64MultiArray:
                publisher.publish(Float64MultiArray(data=values))
            else:
                point = JointTrajectoryPoint(positions=values, time_from_start=self._period)
                publisher.publish(JointTrajectory(joint_names=names, points=[point]))

    def _part(self, topic: CommandTopic, contract: Contract,
              joints: list[int]) -> tuple[Publisher, type, list[int], list[str]]:
        kind = TYPES[topic.type]
        publisher = self._node.create_publisher(kind, topic.topic, shell.STREAM)
        return publisher, kind, joints, [contract.joint_names[i] for i in joints]
