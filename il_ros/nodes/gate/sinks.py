"""What takes the gate's setpoints to one interface of the robot."""
from __future__ import annotations

from typing import Any, Protocol

from il_ros.contract import CommandInterface, Contract
from il_ros.nodes import shell
from il_ros.safety.interpolation import Setpoints
from rclpy.duration import Duration
from rclpy.node import Node

HEARD = Duration(seconds=0.1)


class Sink(Protocol):
    """Takes setpoints to one interface of the robot.

    Attributes:
        topics: Full names of the topics that it publishes.
    """

    topics: list[str]

    def send(self, ahead: Setpoints) -> None:
        """Send what is its own of the setpoints; never waits."""

    def stop(self) -> None:
        """Send nothing any more; what only a command keeps still gets its last one."""


class TopicSink:
    """Sends its joints' share of each setpoint as one message."""

    def __init__(self, node: Node, interface: CommandInterface, contract: Contract,
                 kind: type) -> None:
        """Advertise the topic."""
        self.node, self.interface = node, interface
        self.names = list(interface.told)
        self.columns = contract.indices(interface.joints or ())
        self._publisher = node.create_publisher(kind, interface.name, shell.STREAM)
        self.topics = [self._publisher.topic_name]

    def send(self, ahead: Setpoints) -> None:
        """Send the message of the setpoints."""
        self._publisher.publish(self.message(ahead._replace(
            positions=ahead.positions[:, self.columns],
            velocities=ahead.velocities[:, self.columns])))

    def stop(self) -> None:
        """Nothing to do: a position is kept by itself."""

    def wait_until_heard(self) -> None:
        """Wait, not for long, until every listener has what was sent."""
        self._publisher.wait_for_all_acked(HEARD)

    def message(self, ahead: Setpoints) -> Any:
        """Return the message of its own columns."""
        raise NotImplementedError

    def stamp(self, message: Any, frame: str = '') -> Any:
        """Return the message, stamped with now."""
        message.header.stamp = shell.to_stamp(shell.now_ns(self.node))
        message.header.frame_id = frame
        return message
