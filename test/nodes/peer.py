"""A node of the test itself on the graph of the nodes under test, spun by the test."""
from __future__ import annotations

import os
from typing import TypeVar

from il_ros.nodes import shell
import rclpy
from rclpy.executors import SingleThreadedExecutor

_Self = TypeVar('_Self', bound='Peer')


class Peer:
    """One node in a context and an executor of its own, over loopback."""

    def __init__(self, domain: int, name: str, namespace: str = '') -> None:
        os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
        shell.prepare_transport()
        self.context = rclpy.Context()
        self.context.init(domain_id=domain)
        self.node = rclpy.create_node(name, context=self.context, namespace=namespace)
        self.executor = SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.executor.shutdown()
        self.node.destroy_node()
        self.context.try_shutdown()
