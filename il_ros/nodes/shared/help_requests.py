"""Requests for help, for nodes that show them to people."""
from __future__ import annotations

from il_ros.intervention.help import Waiting
from il_ros.msg import HelpRequest
from il_ros.nodes import shell
from il_ros.nodes.shared import control_messages as messages
from rclpy.node import Node


class HelpRequests:
    """Listens to dagger/request."""

    def __init__(self, node: Node) -> None:
        self._waiting = Waiting(0)
        node.create_subscription(HelpRequest, 'dagger/request', self._hear, shell.STREAM)

    def _hear(self, message: HelpRequest) -> None:
        self._waiting.hear(messages.to_help(message))

    @property
    def text(self) -> str:
        """Who asks for a person, and why; '' for nobody."""
        asked = self._waiting.present()
        return asked.text if asked else ''
