"""Subscriptions to the topics that tell a robot's joints, for nodes that need all of them."""
from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from il_ros.alignment.state_reader import StateReader
from il_ros.contract import Contract, State
from il_ros.errors import MessageError
from il_ros.nodes import shell
from il_ros.types import Floats
from nav_msgs.msg import Odometry
from rclpy.node import Node
from sensor_msgs.msg import JointState

TYPES = {'sensor_msgs/JointState': JointState, 'nav_msgs/Odometry': Odometry}
LOG_EVERY_S = 1.0


class StateTopics:
    """Hands on what each message says of the joints; what does not fit is logged."""

    def __init__(self, node: Node, contract: Contract,
                 take: Callable[[Floats, State, Any], None]) -> None:
        """Subscribe.

        Args:
            node: The node.
            contract: The robot.
            take: Takes positions (J,), NaN where the message is silent of a joint, the state that
                they belong to, and the message; may raise MessageError.
        """
        self._node, self._take, self._reader = node, take, StateReader(contract)
        self._topics = list(contract.state_topics)
        for states in contract.state_topics.values():
            node.create_subscription(TYPES[states[0].type], states[0].topic,
                                     partial(self._receive, states[0]), shell.SENSOR)

    def problem(self) -> str:
        """Return which joints no message has named so far and where, '' for none."""
        problems = ((topic, self._reader.problem(topic)) for topic in self._topics)
        return next((f'{topic}: {text}' for topic, text in problems if text), '')

    def _receive(self, state: State, message: Any) -> None:
        try:
            positions = self._reader.read(state.topic, message)
            if positions is not None:
                self._take(positions, state, message)
        except MessageError as error:
            self._node.get_logger().error(str(error), throttle_duration_sec=LOG_EVERY_S)
