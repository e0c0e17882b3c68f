"""The contract of a node's robot, with the URDF that the robot itself tells."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
import time

from il_ros.contract import Contract
from il_ros.errors import ConfigError
from il_ros.nodes.shared.offers import EXPLICIT, mismatch, NAMELESS, owner
from il_ros.urdf import read_urdf
from il_ros.urdf_text import UrdfText
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from std_msgs.msg import String

WAIT_S = 15.0    # a driver that the same ros2 launch starts may need as long
SETTLE_S = 1.0   # after the first text: for those of other publishers
TYPE = 'std_msgs/String'
LATCHED = QoSProfile(depth=10, reliability=ReliabilityPolicy.RELIABLE, **EXPLICIT | {
    'durability': DurabilityPolicy.TRANSIENT_LOCAL})


def load_contract(node: Node, name: str) -> Contract:
    """Return the contract of a robot name or a YAML file; `with_urdf` says what it waits for.

    Raises:
        ConfigError: It is not found or not valid, or its URDF does not come.
    """
    return with_urdf(node, Contract.load(name))


def with_urdf(node: Node, contract: Contract, wait_s: float = WAIT_S) -> Contract:
    """Return a contract with the URDF of its topic, if it names one.

    Args:
        node: Whose namespace the topic is in; nothing spins it yet.
        contract: The robot.
        wait_s: How long to wait for the robot's driver, steady time [s].

    Raises:
        ConfigError: Nothing came, two publishers disagree, or what came is no URDF.
    """
    if not contract.urdf_topic:
        return contract
    topic = node.resolve_topic_name(contract.urdf_topic)
    texts = hear_urdf(node, topic, wait_s)
    if not texts:
        raise ConfigError(f'the URDF of {contract.robot!r}: nothing came on {topic} within '
                          f'{wait_s:g} s: {_silence(node, topic)}')
    if len(set(texts)) > 1:
        raise ConfigError(f'the URDF of {contract.robot!r}: {", ".join(_publishers(node, topic))} '
                          f'publish different ones on {topic}; stop all but the one of this robot')
    read_urdf(UrdfText(f'the URDF of {topic}', texts[0]))
    return replace(contract, urdf_text=texts[0])


def hear_urdf(node: Node, topic: str, wait_s: float) -> Sequence[str]:
    """Return what the publishers of a URDF say, at best one text of each; none after `wait_s`.

    Raises:
        ConfigError: What came is no UTF-8 text.
    """
    texts: list[str] = []
    executor = SingleThreadedExecutor(context=node.context)
    subscription = node.create_subscription(String, topic, lambda m: texts.append(m.data), LATCHED)
    executor.add_node(node)
    end = time.monotonic() + wait_s
    try:
        while time.monotonic() < end and not 0 < node.count_publishers(topic) <= len(texts):
            before = len(texts)
            executor.spin_once(timeout_sec=0.05)
            if not before and texts:
                end = min(end, time.monotonic() + SETTLE_S)
    except UnicodeDecodeError:
        raise ConfigError(f'the URDF of {topic}: expected UTF-8 text') from None
    finally:
        executor.remove_node(node)
        executor.shutdown()
        node.destroy_subscription(subscription)
    return texts


def _publishers(node: Node, topic: str) -> list[str]:
    """Return the names of all who publish; they come a moment after what was published."""
    end = time.monotonic() + SETTLE_S
    while True:
        found = node.get_publishers_info_by_topic(topic)
        if time.monotonic() > end or all(info.node_name != NAMELESS for info in found):
            return [owner(info) for info in found]
        time.sleep(0.02)


def _silence(node: Node, topic: str) -> str:
    for publisher in node.get_publishers_info_by_topic(topic):
        problem = mismatch(TYPE, publisher, publisher.qos_profile, LATCHED)
        return problem or f'{owner(publisher)} advertises it but sent nothing; see its log'
    return ("nobody publishes it; start the robot's driver (robot_state_publisher), or name a "
            'file in the contract')
