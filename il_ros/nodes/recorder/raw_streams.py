"""Subscriptions that hand on serialised bytes; nothing is turned into Python objects."""
from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from functools import partial
from typing import Any

from il_ros.nodes import shell
from il_ros.nodes.shared.interfaces import message_type
from il_ros.recording.metadata import Topic
from il_ros.timing import Now, SECOND
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

DEPTH = 100     # messages that may wait while an episode is being closed
LONGEST_NS = 10 * SECOND    # they wait; more was a step of the system's clock


class RawStreams:
    """One raw subscription per topic."""

    def __init__(self, node: Node, topics: Iterable[Topic], adaptive: Collection[str],
                 arrived: Callable[[str, bytes, Now, int | None], None]) -> None:
        """Subscribe.

        Args:
            node: The node.
            topics: What to follow.
            adaptive: Names of topics whose publishers may be reliable or best effort.
            arrived: Takes of each message the topic's name, the bytes, when the transport took
                it, however long it has waited here, and its number among those of its publisher:
                None with several publishers, whose numbers would mix.
        """
        self._node, self._arrived = node, arrived
        self._clock_is_ours = not node.get_parameter('use_sim_time').value
        self._received = dict[str, int]()   # the newest per topic, system time [ns]
        self._since_ns = 0
        # Best effort hears every publisher; `follow_publishers` improves on it.
        self._topics = {t.name: replace(t, reliable=t.name not in adaptive) for t in topics}
        self._adaptive = adaptive
        self._subscriptions = {name: self._subscribe(t) for name, t in self._topics.items()}

    def begin(self) -> Now:
        """Return this instant: what has come before it and waits counts as if it came now."""
        now = shell.now(self._node)
        self._since_ns = now.ros_ns if self._clock_is_ours else 0
        return now

    def follow_publishers(self) -> list[Topic]:
        """Subscribe reliably where all publishers offer it, since then nothing is lost.

        Returns:
            The topics that changed.
        """
        changed = []
        for name in self._adaptive:
            topic = self._topics[name]
            offered = [publisher.qos_profile.reliability == ReliabilityPolicy.RELIABLE
                       for publisher in self._node.get_publishers_info_by_topic(topic.resolved)]
            if offered and all(offered) != topic.reliable:
                self._node.destroy_subscription(self._subscriptions[name])
                self._topics[name] = replace(topic, reliable=all(offered))
                self._subscriptions[name] = self._subscribe(self._topics[name])
                changed.append(self._topics[name])
        return changed

    def _subscribe(self, topic: Topic) -> Any:
        qos = QoSProfile(
            depth=DEPTH,
            reliability=(ReliabilityPolicy.RELIABLE if topic.reliable
                         else ReliabilityPolicy.BEST_EFFORT),
            durability=(DurabilityPolicy.TRANSIENT_LOCAL if topic.latched
                        else DurabilityPolicy.VOLATILE))
        return self._node.create_subscription(
            message_type(topic.type), topic.name, partial(self._receive, topic.name), qos,
            raw=True)

    def _receive(self, name: str, data: bytes, info: dict[str, int | None]) -> None:
        alone = self._subscriptions[name].get_publisher_count() == 1
        self._arrived(name, data, self._came(name, info['received_timestamp'] or 0),
                      info['publication_sequence_number'] if alone else None)

    def _came(self, name: str, received_ns: int) -> Now:
        """Return when a message was taken: now where ROS time is not the transport's clock."""
        received_ns = max(received_ns, self._received.get(name, 0), self._since_ns)
        self._received[name], now = received_ns, shell.now(self._node)
        waited_ns = now.ros_ns - received_ns
        if self._clock_is_ours and 0 < waited_ns < LONGEST_NS:
            return Now(now.steady_ns - waited_ns, received_ns)
        return now
