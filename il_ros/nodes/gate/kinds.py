"""Which sink sends a type of command."""
from __future__ import annotations

from collections.abc import Callable

from il_ros.contract import CommandInterface, Contract
from il_ros.errors import ConfigError
from il_ros.nodes.gate.sinks import TopicSink
from il_ros.nodes.gate.topic_sinks import (
    ArraySink,
    JointStateSink,
    PoseSink,
    TrajectorySink,
    TwistSink,
)
from rclpy.node import Node

SINKS: dict[str, Callable[[Node, CommandInterface, Contract], TopicSink]] = {
    'trajectory_msgs/JointTrajectory': TrajectorySink, 'std_msgs/Float64MultiArray': ArraySink,
    'sensor_msgs/JointState': JointStateSink, 'geometry_msgs/PoseStamped': PoseSink,
    'geometry_msgs/Twist': TwistSink, 'geometry_msgs/TwistStamped': TwistSink}


def sink_of(node: Node, interface: CommandInterface, contract: Contract) -> TopicSink:
    """Return what sends the commands of an interface.

    Raises:
        ConfigError: il_ros reads its type from bags only.
    """
    if interface.type not in SINKS:
        raise ConfigError(f'command {interface.name}: {interface.type} is read from bags and sent '
                          f'to no robot; name a topic of one of {", ".join(SINKS)}')
    return SINKS[interface.type](node, interface, contract)
