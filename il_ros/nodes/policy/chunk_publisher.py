"""A chunk as messages: our own, and the standard one for RViz and other consumers."""
from __future__ import annotations

import array

from il_ros.contract import Contract
from il_ros.execution.chunk import Chunk
from il_ros.msg import ActionChunk
from il_ros.nodes import shell
from il_ros.timing import to_s
from rclpy.duration import Duration
from rclpy.node import Node
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint


class ChunkPublisher:
    """Publishes each chunk on policy/chunk and policy/trajectory."""

    def __init__(self, node: Node, contract: Contract) -> None:
        self._contract = contract
        self.period_ns = contract.period_ns
        self._session, self._seq = shell.new_session(), 0
        self._chunks = node.create_publisher(ActionChunk, 'policy/chunk', shell.STREAM)
        self._trajectories = node.create_publisher(
            JointTrajectory, 'policy/trajectory', shell.STREAM)
        self._times = [Duration(nanoseconds=row * contract.period_ns).to_msg()
                       for row in range(1000)]

    def publish(self, source_id: str, chunk: Chunk) -> None:
        """Publish a chunk whose row 0 is due at its stamp."""
        message = ActionChunk(
            source_id=source_id, session=self._session, seq=self._seq, epoch=chunk.epoch,
            observation_stamp=shell.to_stamp(chunk.observation_ns),
            joint_names=self._contract.joint_names, dt=to_s(self._contract.period_ns),
            horizon=len(chunk.positions), positions=array.array('d', chunk.positions.tobytes()),
            inference_time=to_s(chunk.inference_ns), task=self._contract.task,
            uncertainty=array.array('d', chunk.uncertainty.tobytes()))
        message.header.stamp = shell.to_stamp(chunk.stamp_ns)
        self._chunks.publish(message)
        self._seq += 1
        trajectory = JointTrajectory(header=message.header, joint_names=message.joint_names)
        trajectory.points = [JointTrajectoryPoint(positions=row, time_from_start=time)
                             for row, time in zip(chunk.positions.tolist(), self._times,
                                                  strict=False)]
        self._trajectories.publish(trajectory)
