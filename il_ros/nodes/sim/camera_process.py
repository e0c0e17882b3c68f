"""The process that renders what the cameras of sim_robot see, and publishes it.

It is no part of sim_robot: as on a real robot, joint states wait neither for pictures nor, since
who carries pictures uses shared memory, for whoever joins to see them (`transport`).
"""
from __future__ import annotations

import array
import json
import socket
import sys

from il_ros.config import build
from il_ros.contract import Camera, Contract
from il_ros.errors import IlRosError
from il_ros.execution.child import received
from il_ros.nodes import shell
from il_ros.nodes.shared.beside import beside
from il_ros.nodes.shared.ending import say
from il_ros.nodes.sim.cameras import DONE, Job, NAME, SHOWN
from il_ros.recording.topics import camera_info_topic
from il_ros.sim.replica import Replica
from il_ros.types import View
import numpy as np
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image

LUMINANCE = np.array([0.299, 0.587, 0.114])


class CameraTopics:
    """Renders one camera of the contract and publishes Image and CameraInfo.

    Raises:
        IlRosError: Rendering does not work on this machine.
    """

    def __init__(self, node: Node, replica: Replica, camera: Camera) -> None:
        self.camera = camera
        self._replica = replica
        self._images = node.create_publisher(Image, camera.topic, shell.STREAM)
        self._infos = node.create_publisher(CameraInfo, camera_info_topic(camera.topic),
                                            shell.STREAM)
        self._render()
        focal = replica.focal_length(camera.name, camera.height)
        x, y = camera.width / 2 - 0.5, camera.height / 2 - 0.5
        self._info = CameraInfo(
            height=camera.height, width=camera.width, distortion_model='plumb_bob', d=[0.0] * 5,
            k=[focal, 0.0, x, 0.0, focal, y, 0.0, 0.0, 1.0],
            r=[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0],
            p=[focal, 0.0, x, 0.0, 0.0, focal, y, 0.0, 0.0, 0.0, 1.0, 0.0])
        self._info.header.frame_id = f'{camera.name}_camera'

    def publish(self, stamp_ns: int) -> None:
        """Publish what the camera sees in the replica's present pose."""
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

    def _render(self) -> View:
        camera = self.camera
        size, metres = (camera.height, camera.width), camera.encoding in ('16UC1', '32FC1')
        image = self._replica.render(camera.name, *size, metres)
        if metres:
            return image if camera.encoding == '32FC1' else np.rint(
                np.minimum(1000 * image, 65535)).astype(np.uint16)
        if camera.encoding == 'bgr8':
            return image[:, :, ::-1]
        return image if camera.encoding == 'rgb8' else (image @ LUMINANCE).astype(np.uint8)


def show(topics: list[CameraTopics], replica: Replica, channel: socket.socket,
         in_step: bool) -> None:
    """Publish what is told until the parent is gone.

    Args:
        topics: Of all cameras.
        replica: Which they see.
        channel: To the parent.
        in_step: Show each state and say so; else the newest, as a camera that is slow.
    """
    while True:
        datagrams = list(received(channel, wait=True))
        if b'' in datagrams:
            return
        for datagram in datagrams if in_step else datagrams[-1:]:
            (stamp_ns,) = SHOWN.unpack_from(datagram)
            replica.take(np.frombuffer(datagram, offset=SHOWN.size))
            for camera in topics:
                camera.publish(stamp_ns)
            if in_step:
                channel.send(DONE)


def main(socket_fd: str, job_text: str, *arguments: str) -> int:
    """Render until the parent is gone; the arguments come from `Cameras`."""
    job = build(Job, json.loads(job_text), 'job')
    contract = Contract.from_text(job.contract)
    with beside(NAME, socket_fd, *arguments, images=True) as (node, channel):
        try:
            replica = Replica(contract, job.task)
            topics = [CameraTopics(node, replica, camera) for camera in contract.cameras]
        except IlRosError as error:
            say(str(error))
            return 2
        show(topics, replica, channel, job.in_step)
        replica.close()
    return 0


if __name__ == '__main__':
    raise SystemExit(main(*sys.argv[1:]))
