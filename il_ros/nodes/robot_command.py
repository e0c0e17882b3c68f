"""Positions to the robot's own command messages, as the contract says."""
from __future__ import annotations

from collections.abc import Callable
import time

from builtin_interfaces.msg import Duration
from il_ros.contract import CommandTopic, Contract
from il_ros.nodes import shell
from il_ros.safety.interpolation import Interpolator
from il_ros.timing import SECOND
from il_ros.types import Floats
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.publisher import Publisher
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

TYPES = {'trajectory_msgs/JointTrajectory': JointTrajectory,
         'std_msgs/Float64MultiArray': Float64MultiArray}


class RobotCommand:
    """Publishes joint positions to the robot; the gripper apart where it has its own topic.

    At each of the gate's setpoints, or interpolated at the contract's `command_hz`.
    """

    def __init__(self, node: Node, contract: Contract, speed: float = 1.0,
                 counted: Callable[[Floats], Floats] = lambda positions: positions) -> None:
        """Advertise the command topics.

        Args:
            node: The gate.
            contract: Names topics, types and joints.
            speed: Robot time per steady time.
            counted: Adds the turns of continuous joints that the robot counts.
        """
        self._speed, self._counted = speed, counted
        self._interpolator: Interpolator | None = None
        period_ns = contract.period_ns  # that the robot has to reach each position
        if contract.command_hz:
            period_ns = round(SECOND / contract.command_hz)
            self._interpolator = Interpolator(contract, period_ns)
            node.create_timer(period_ns / SECOND / speed, self._send_next,
                              clock=Clock(clock_type=ClockType.STEADY_TIME))
        self._period = Duration(sec=period_ns // 10**9, nanosec=period_ns % 10**9)
        joints = list(range(len(contract.joints)))
        self._parts = []
        if contract.gripper and contract.gripper.command:
            gripper = contract.joint_names.index(contract.gripper.joint)
            joints.remove(gripper)
            self._parts.append(_part(node, contract.gripper.command, contract, [gripper]))
        self._parts.append(_part(node, contract.command, contract, joints))

    @property
    def topics(self) -> list[str]:
        """The resolved names of the command topics."""
        return [publisher.topic_name for publisher, *_ in self._parts]

    def start(self, positions: Floats) -> None:
        """Begin where the robot stands [rad] or [m]; nothing changes where it is sent already."""
        if self._interpolator and not self._interpolator.started:
            self._interpolator.start(positions, self._now_ns())

    def stop(self) -> None:
        """Send nothing until the next start."""
        if self._interpolator:
            self._interpolator.stop()

    def publish(self, positions: Floats) -> None:
        """Send positions in contract order [rad] or [m], or go there. Shape (J,)."""
        if self._interpolator:
            self._interpolator.follow(positions, self._now_ns())
        else:
            self._send(positions)

    def _now_ns(self) -> int:
        return round(time.monotonic_ns() * self._speed)

    def _send_next(self) -> None:
        if self._interpolator and self._interpolator.started:
            self._send(self._counted(self._interpolator.command(self._now_ns())))

    def _send(self, positions: Floats) -> None:
        for publisher, kind, joints, names in self._parts:
            values = positions[joints].tolist()
            if kind is Float64MultiArray:
                publisher.publish(Float64MultiArray(data=values))
            else:
                point = JointTrajectoryPoint(positions=values, time_from_start=self._period)
                publisher.publish(JointTrajectory(joint_names=names, points=[point]))


def _part(node: Node, topic: CommandTopic, contract: Contract,
          joints: list[int]) -> tuple[Publisher, type, list[int], list[str]]:
    kind = TYPES[topic.type]
    publisher = node.create_publisher(kind, topic.topic, shell.STREAM)
    return publisher, kind, joints, [contract.joint_names[i] for i in joints]
