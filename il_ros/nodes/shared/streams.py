"""Subscriptions to the streams of a contract."""
from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from il_ros.alignment.decode import message_stamp_ns
from il_ros.alignment.reader import StreamReader
from il_ros.alignment.stamps import sample_ns
from il_ros.contract import ARRIVAL, Contract
from il_ros.errors import MessageError
from il_ros.nodes import shell
from il_ros.nodes.shared.interfaces import message_type
from il_ros.nodes.shared.preflight import offer_problem
from rclpy.clock import Clock, ClockType
from rclpy.node import Node

LOG_EVERY_S = 1.0
LOOK_EACH_S = 2.0


class Streams:
    """Decodes the messages of contract topics and hands the samples on."""

    def __init__(self, node: Node, contract: Contract,
                 push: Callable[[str, int, Any], None]) -> None:
        """Follow no topic yet.

        Args:
            node: The node.
            contract: The robot.
            push: Takes topic, stamp [ns] and array, as `Aligner.push` does.
        """
        self._node = node
        self._contract = contract
        self._push = push
        self._of = {stream.topic: stream for stream in contract.streams}
        self._reader = StreamReader(contract)
        self._subscriptions: dict[str, Any] = {}
        self._told: set[str] = set()
        node.create_timer(LOOK_EACH_S, self._look, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def follow(self, topics: Iterable[str]) -> None:
        """Subscribe to these topics of the contract, and to no others from now on."""
        wanted = set(topics)
        for topic in self._subscriptions.keys() - wanted:
            self._node.destroy_subscription(self._subscriptions.pop(topic))
        for topic in wanted - self._subscriptions.keys():
            self._subscriptions[topic] = self._node.create_subscription(
                message_type(self._of[topic].type), topic, partial(self._receive, topic),
                shell.SENSOR)

    def _look(self) -> None:
        """Say once of every followed stream that its publishers cannot be heard, and why."""
        problems = [(stream.topic, offer_problem(self._node, stream))
                    for stream in self._contract.streams if stream.topic in self._subscriptions]
        parts = [(topic, self._reader.states.problem(topic))
                 for topic in self._contract.state_topics]
        for topic, problem in (*problems, *parts):
            if problem not in ('', *self._told):
                self._told.add(problem)
                self._node.get_logger().error(f'{topic}: {problem}')

    def _receive(self, topic: str, message: Any) -> None:
        stream, arrived_ns = self._of[topic], shell.now_ns(self._node)
        if self._node.get_clock().ros_time_is_active and stream.stamp != ARRIVAL:
            # /clock may come later than what it stamped.
            arrived_ns = max(arrived_ns, message_stamp_ns(message))
        try:
            stamp_ns = sample_ns(stream, message, arrived_ns)
            value = self._reader.read(topic, message)
            if value is not None:
                self._push(topic, stamp_ns, value)
        except MessageError as error:
            self._node.get_logger().error(str(error), throttle_duration_sec=LOG_EVERY_S)
