"""Requests to rclpy's parameter services that rclpy cannot take."""
from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from rcl_interfaces.msg import SetParametersResult
from rcl_interfaces.srv import SetParameters, SetParametersAtomically
from rclpy.node import Node


def answer_all(node: Node) -> None:
    """Let a request that rclpy's parameter services cannot take be refused, not end the node.

    They touch nothing that the node works with. A bug of a callback of its own does end it.
    """
    for service in node.services:
        if service.srv_type.__module__.startswith('rcl_interfaces.'):
            service.callback = partial(_answer, node, service.callback)


def _answer(node: Node, callback: Callable[[Any, Any], Any], request: Any, response: Any) -> Any:
    try:
        return callback(request, response)
    except Exception as error:
        node.get_logger().error(f'a request about parameters was refused: {error}')
        refused = SetParametersResult(successful=False, reason=str(error))
        if isinstance(response, SetParameters.Response):
            left = len(request.parameters) - len(response.results)
            response.results = [*response.results, *[refused] * left]
        elif isinstance(response, SetParametersAtomically.Response):
            response.result = refused
        return response
