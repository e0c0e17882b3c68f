"""Services without arguments, and diagnostics: what several nodes offer in the same way."""
from __future__ import annotations

from collections.abc import Callable, Mapping

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from il_ros.errors import IlRosError
from il_ros.nodes import shell
from rclpy.node import Node
from std_srvs.srv import Trigger

OK, WARN, ERROR = DiagnosticStatus.OK, DiagnosticStatus.WARN, DiagnosticStatus.ERROR


def trigger(node: Node, name: str, action: Callable[[], str]) -> None:
    """Offer a std_srvs/Trigger service.

    Args:
        node: The node.
        name: Of the service.
        action: Returns the message of success; an `IlRosError` is the reason of a refusal.
    """
    def handle(request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        try:
            response.message, response.success = action(), True
        except IlRosError as error:
            response.message, response.success = str(error), False
        return response

    node.create_service(Trigger, name, handle)


class Diagnostics:
    """Publishes one status on /diagnostics."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._publisher = node.create_publisher(DiagnosticArray, '/diagnostics', shell.STREAM)

    def publish(self, level: bytes, message: str, values: Mapping[str, object]) -> None:
        """Publish level, message and values of this node."""
        status = DiagnosticStatus(
            level=level, name=self._node.get_fully_qualified_name(), message=message,
            values=[KeyValue(key=key, value=str(value)) for key, value in values.items()])
        array = DiagnosticArray(status=[status])
        array.header.stamp = shell.to_stamp(shell.now_ns(self._node))
        self._publisher.publish(array)
