"""Whether two ends of a topic fit, from what DDS reports of them."""
from __future__ import annotations

from typing import Any

from rclpy.duration import Infinite
from rclpy.qos import (
    DurabilityPolicy,
    LivelinessPolicy,
    qos_check_compatible,
    QoSCompatibility,
    QoSProfile,
    ReliabilityPolicy,
)

# What DDS reports of others is explicit; so must be what it is compared with.
EXPLICIT = {'deadline': Infinite, 'lifespan': Infinite, 'liveliness_lease_duration': Infinite,
            'liveliness': LivelinessPolicy.AUTOMATIC, 'durability': DurabilityPolicy.VOLATILE}
SENSOR = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT, **EXPLICIT)
STREAM = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE, **EXPLICIT)

NAMELESS = '_NODE_NAME_UNKNOWN_'   # of rmw: who owns a topic's end is told after that there is one


def owner(end: Any) -> str:
    """Return the full name of the node that owns one end of a topic, as far as it is known."""
    return ('a node that has not told its name yet' if end.node_name == NAMELESS else
            f'{end.node_namespace.rstrip("/")}/{end.node_name}')


def mismatch(kind: str, other: Any, publisher: QoSProfile, subscription: QoSProfile) -> str:
    """Return why a topic of type `kind` does not connect with `other`, '' if it does.

    Args:
        kind: The type that the contract names.
        other: What DDS reports of the other end.
        publisher: QoS of the publishing end.
        subscription: QoS of the subscribing end.
    """
    name = owner(other).rpartition('/')[2]
    if other.topic_type != (full := kind.replace('/', '/msg/')):
        return (f'expected {full}, {name} has {other.topic_type}; '
                'correct the contract')
    compatible, reason = qos_check_compatible(publisher, subscription)
    return (f'QoS of {name}: {reason}'
            if compatible == QoSCompatibility.ERROR else '')
