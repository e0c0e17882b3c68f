"""The other side of `execution.child`: a node in a process of its own, for its parent."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import socket

from il_ros.scheduling import end_with_parent, ignore_interrupts
from il_ros.transport import prepare
import rclpy
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.signals import SignalHandlerOptions

NEITHER = ('use_sim_time', 'start_type_description_service')  # each would bring an entity along


@contextmanager
def beside(name: str, socket_fd: str, *arguments: str,
           images: bool = False) -> Iterator[tuple[Node, socket.socket]]:
    """Yield a bare node and the channel to its parent, which passed these arguments.

    It only publishes: no service, no parameters, no clock. It ends with its parent, not before.

    Args:
        name: Of the node.
        socket_fd: Of the channel.
        arguments: Of ROS.
        images: Whether it publishes images; see `transport`.
    """
    ignore_interrupts()  # Ctrl-C goes to the parent, which ends us
    end_with_parent()
    prepare(images=images)
    rclpy.init(args=[name, *arguments], signal_handler_options=SignalHandlerOptions.NO)
    node = Node(name, enable_rosout=False, start_parameter_services=False,
                parameter_overrides=[Parameter(entity, value=False) for entity in NEITHER])
    with socket.socket(fileno=int(socket_fd)) as channel:
        yield node, channel
    node.destroy_node()
    rclpy.try_shutdown()
