"""The URDF of a running robot, for commands."""
from __future__ import annotations

from il_ros.contract import Contract
from il_ros.nodes import shell
from il_ros.nodes.clients.namespace import namespace_of
from il_ros.nodes.shared.robot import with_urdf
import rclpy


def described(contract: Contract, namespace: str, timeout_s: float) -> Contract:
    """Return a contract with the URDF of the topic that it names.

    Raises:
        ConfigError: As in `with_urdf`.
    """
    shell.prepare_transport(images=False)
    context = rclpy.Context()
    context.init()
    node = rclpy.create_node('il_ros_urdf', namespace=namespace_of(namespace), context=context)
    try:
        return with_urdf(node, contract, timeout_s)
    finally:
        node.destroy_node()
        context.try_shutdown()
