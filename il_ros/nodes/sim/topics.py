"""What sim_robot publishes: the topics of its joints and objects, and of its cameras."""
from __future__ import annotations

import array
from functools import reduce
import math

from geometry_msgs.msg import Point, Pose, PoseArray, Quaternion
from il_ros.contract import Camera, State
from il_ros.errors import ConfigError
from il_ros.nodes import shell
from il_ros.recording.topics import camera_info_topic
from il_ros.sim.simulation import Simulation
from il_ros.types import Pixels
from nav_msgs.msg import Odometry
import numpy as np
from rclpy.node import Node
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, Image, JointState
from std_msgs.msg import Bool, Header

LUMINANCE = np.array([0.299, 0.587, 0.114])


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


class CameraTopics:
    """Renders one camera of the contract and publishes Image and CameraInfo.

    Raises:
        ConfigError: The contract asks for what the simulation does not publish.
        IlRosError: Rendering does not work on this machine.
    """

    def __init__(self, node: Node, simulation: Simulation, camera: Camera) -> None:
        if camera.type != 'sensor_msgs/Image' or camera.encoding not in ('rgb8', 'bgr8', 'mono8'):
            raise ConfigError(
                f'camera {camera.name!r}: the simulation publishes sensor_msgs/Image in rgb8, '
                f'bgr8 or mono8, the contract says {camera.type} in {camera.encoding}')
        self.camera = camera
        self._simulation = simulation
        self._images = node.create_publisher(Image, camera.topic, shell.STREAM)
        self._infos = node.create_publisher(CameraInfo, camera_info_topic(camera.topic),
                                            shell.STREAM)
        self._render()
        focal = simulation.focal_length(camera.name, camera.height)
        x, y = camera.width / 2 - 0.5, camera.height / 2 - 0.5
        self._info = CameraInfo(
            height=camera.height, width=camera.width, distortion_model='plumb_bob', d=[0.0] * 5,
            k=[focal, 0.0, x, 0.0, focal, y, 0.0, 0.0, 1.0],
            r=[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
            p=[focal, 0.0, x, 0.0, 0.0, focal, y, 0.0, 0.0, 0.0, 1.0, 0.0])
        self._info.header.frame_id = f'{camera.name}_camera'

    def publish(self, stamp_ns: int) -> None:
        """Publish what the camera sees in the simulation's present state."""
        image = self._render()
        message = Image(height=self.camera.height, width=self.camera.width,
                        encoding=self.camera.encoding, step=image.nbytes // self.camera.height)
        # The setter checks each byte of anything but an array.array: 100 ms for a VGA image.
        data = array.array('B')
        data.frombytes(np.ascontiguousarray(image).data.cast('B'))
        message.data = data
        self._info.header.stamp = shell.to_stamp(stamp_ns)
        message.header = self._info.header
        self._images.publish(message)
        self._infos.publish(self._info)

    def _render(self) -> Pixels:
        camera = self.camera
        image = self._simulation.render(camera.name, camera.height, camera.width)
        if camera.encoding == 'bgr8':
            return image[:, :, ::-1]
        return image if camera.encoding == 'rgb8' else (image @ LUMINANCE).astype(np.uint8)
