"""Setpoints as messages: one class per type that a robot's controllers take."""
from __future__ import annotations

from dataclasses import replace

from builtin_interfaces.msg import Duration
from geometry_msgs.msg import PoseStamped, Twist, TwistStamped
from il_ros.contract import CommandInterface, Contract
from il_ros.nodes import shell
from il_ros.nodes.gate.sinks import TopicSink
from il_ros.safety.interpolation import Setpoints
from il_ros.timing import SECOND
import numpy as np
import pinocchio as pin
from rclpy.node import Node
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

BASE = 'base_link'   # the frame of a base's velocities where the contract names none (REP 105)


class TrajectorySink(TopicSink):
    """One short trajectory after the other.

    At the contract's `command_hz`: positions and velocities of the next setpoints, through which
    joint_trajectory_controller goes on a cubic from where it is; the last one is where the arm has
    braked if no more messages come. Else the next setpoint alone, to be reached in a period.
    """

    def __init__(self, node: Node, interface: CommandInterface, contract: Contract) -> None:
        """Advertise the topic."""
        super().__init__(node, interface, contract, JointTrajectory)

    def message(self, ahead: Setpoints) -> JointTrajectory:
        """Return the trajectory; its stamp 0 means: from its arrival on."""
        points, ahead_only = [], len(ahead.positions) == 1
        for q, v, due_ns in zip(ahead.positions, ahead.velocities, ahead.due_ns, strict=True):
            sec, nanosec = divmod(due_ns, SECOND)
            points.append(JointTrajectoryPoint(
                positions=q.tolist(), velocities=[] if ahead_only else v.tolist(),
                time_from_start=Duration(sec=sec, nanosec=nanosec)))
        message = JointTrajectory(joint_names=self.names, points=points)
        if self.interface.timed and ahead.now_ns is not None:
            message.header.stamp = shell.to_stamp(ahead.now_ns)
        return message


class ArraySink(TopicSink):
    """Positions or velocities in the order of the joints, for forward_command_controller."""

    def __init__(self, node: Node, interface: CommandInterface, contract: Contract) -> None:
        """Advertise the topic."""
        super().__init__(node, interface, contract, Float64MultiArray)

    def message(self, ahead: Setpoints) -> Float64MultiArray:
        """Return the next setpoint."""
        rows = ahead.velocities if self.interface.by_velocity else ahead.positions
        return Float64MultiArray(data=rows[0].tolist())


class JointStateSink(TopicSink):
    """A JointState as a command, as simulators and topic_based_ros2_control take it."""

    def __init__(self, node: Node, interface: CommandInterface, contract: Contract) -> None:
        """Advertise the topic."""
        super().__init__(node, interface, contract, JointState)

    def message(self, ahead: Setpoints) -> JointState:
        """Return the next setpoint."""
        message: JointState = self.stamp(JointState(
            name=self.names, position=ahead.positions[0].tolist(),
            velocity=ahead.velocities[0].tolist()))
        return message


class PoseSink(TopicSink):
    """The pose of an arm's tip, in the contract's frame, for a Cartesian controller."""

    def __init__(self, node: Node, interface: CommandInterface, contract: Contract) -> None:
        """Advertise the topic.

        Raises:
            ConfigError: The URDF does not fit.
        """
        from il_ros.kinematics import chain
        super().__init__(node, interface, contract, PoseStamped)
        arm = contract.arm(interface.arm) if interface.arm else contract.arms[0]
        self._arm, self.columns = chain(contract, arm), contract.indices(arm.joints)
        self._frame = chain(contract, replace(arm, tip=interface.frame or self._arm.root))
        self._name = interface.frame or self._arm.root
        self._turned = np.array([0.0, 0.0, 0.0, 1.0])

    def message(self, ahead: Setpoints) -> PoseStamped:
        """Return where the tip is in the next setpoint."""
        position, rotation = self._arm.forward(ahead.positions[0])
        origin, axes = self._frame.forward(ahead.positions[0])
        quaternion = pin.Quaternion(axes.T @ rotation).coeffs()
        # Of the two that mean the same, the nearer one: controllers filter between messages.
        self._turned = quaternion if quaternion @ self._turned >= 0 else -quaternion
        message: PoseStamped = self.stamp(PoseStamped(), self._name)
        at, turned = message.pose.position, message.pose.orientation
        at.x, at.y, at.z = (axes.T @ (position - origin)).tolist()
        turned.x, turned.y, turned.z, turned.w = self._turned.tolist()
        return message


class TwistSink(TopicSink):
    """Velocities of a base; its last message is a zero."""

    def __init__(self, node: Node, interface: CommandInterface, contract: Contract) -> None:
        """Advertise the topic."""
        self._stamped = interface.type == 'geometry_msgs/TwistStamped'
        super().__init__(node, interface, contract, TwistStamped if self._stamped else Twist)
        self._moves = False

    def send(self, ahead: Setpoints) -> None:
        """Send the message of the setpoints."""
        self._moves = True
        super().send(ahead)

    def stop(self) -> None:
        """Send one zero, then nothing."""
        if self._moves:
            still = np.zeros((1, len(self.columns)))
            self._publisher.publish(self.message(Setpoints(still, still, (0,))))
        self._moves = False

    def message(self, ahead: Setpoints) -> Twist | TwistStamped:
        """Return the next velocities."""
        twist = Twist()
        for field, value in zip(self.interface.fields or (), ahead.positions[0].tolist(),
                                strict=True):
            kind, axis = field.split('.')
            setattr(getattr(twist, kind), axis, value)
        return self.stamp(TwistStamped(twist=twist), self.interface.frame or BASE
                          ) if self._stamped else twist
