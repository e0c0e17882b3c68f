"""What sim_robot publishes of its joints and of the objects."""
from __future__ import annotations

from functools import reduce
import math

from geometry_msgs.msg import Point, Pose, PoseArray, Quaternion
from il_ros.contract import State
from il_ros.nodes import shell
from il_ros.sim.simulation import Simulation
from nav_msgs.msg import Odometry
from rclpy.node import Node
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import JointState
from std_msgs.msg import Bool, Header


class StatePublishers:
    """Publishes states, the poses, success on change, and /clock where asked to."""

    def __init__(self, node: Node, simulation: Simulation, clock: bool) -> None:
        contract = simulation.contract
        self._simulation = simulation
        self._states = [(state, contract.indices(state.joints), node.create_publisher(
            JointState if state.fields is None else Odometry, state.topic, shell.STREAM))
            for state in contract.states]
        self._poses = contract.poses and node.create_publisher(
            PoseArray, contract.poses.topic, shell.STREAM)
        self._success = node.create_publisher(Bool, 'sim/success', shell.LATCHED)
        self._clock = node.create_publisher(Clock, '/clock', shell.STREAM) if clock else None
        self._told: bool | None = None

    def publish(self, stamp_ns: int) -> None:
        """Publish the simulation's present state."""
        simulation, stamp = self._simulation, shell.to_stamp(stamp_ns)
        if self._clock:
            self._clock.publish(Clock(clock=stamp))
        header = Header(stamp=stamp, frame_id='base')
        values = simulation.positions, simulation.velocities, simulation.efforts
        for state, columns, publisher in self._states:
            if state.fields is None:
                position, velocity, effort = (array[columns].tolist() for array in values)
                publisher.publish(JointState(
                    header=header, name=list(state.joints), position=position,
                    velocity=velocity, effort=effort))
            else:
                publisher.publish(self._odometry(header, state, values[0][columns].tolist()))
        if self._poses:
            rows = simulation.environment.reshape(-1, 7).tolist()
            self._poses.publish(PoseArray(header=header, poses=[
                Pose(position=Point(x=x, y=y, z=z), orientation=Quaternion(x=a, y=b, z=c, w=d))
                for x, y, z, a, b, c, d in rows]))
        if simulation.success != self._told:
            self._told = simulation.success
            self._success.publish(Bool(data=simulation.success))

    def _odometry(self, header: Header, state: State, twist: list[float]) -> Odometry:
        x, y, heading = self._simulation.odometry
        message = Odometry(header=Header(stamp=header.stamp, frame_id='odom'),
                           child_frame_id='base_link')
        message.pose.pose = Pose(position=Point(x=x, y=y, z=0.0), orientation=Quaternion(
            x=0.0, y=0.0, z=math.sin(heading / 2), w=math.cos(heading / 2)))
        for field, value in zip(state.fields or (), twist, strict=True):
            *path, last = field.split('.')
            setattr(reduce(getattr, path, message), last, value)
        return message
