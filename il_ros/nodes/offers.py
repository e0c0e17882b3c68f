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


def mismatch(kind: str, other: Any, publisher: QoSProfile, subscription: QoSProfile) -> str:
    """Return why a topic of type `kind` does not connect with `other`, '' if it does.

    Args:
        kind: The type that the contract names.
        other: What DDS reports of the other end.
        publisher: QoS of the publishing end.
        subscription: QoS of the subscribing end.
    """
    if other.topic_type != (full := kind.replace('/', '/msg/')):
        return (f'expected {full}, {other.node_name} has {other.topic_type}; '
                'correct the contract')
    compatible, reason = qos_check_compatible(publisher, subscription)
    return (f'QoS of {other.node_name}: {reason}'
            if compatible == QoSCompatibility.ERROR else '')
