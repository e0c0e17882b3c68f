"""A node of the test itself on the graph of the nodes under test, spun by the test."""
from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, TypeVar

from nodes.harness import wait_for
import rclpy
from rclpy.executors import SingleThreadedExecutor
from std_srvs.srv import Trigger

_Self = TypeVar('_Self', bound='Peer')


class Peer:
    """One node in a context and an executor of its own, over loopback."""

    PATIENCE_S = 20.0

    def __init__(self, domain: int, name: str, namespace: str = '') -> None:
        self.context = rclpy.Context()
        self.context.init(domain_id=domain)
        self.node = rclpy.create_node(name, context=self.context, namespace=namespace)
        self.executor = SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)
        self.ending = ExitStack()   # so that the next test's nodes do not meet what it had

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.ending.close()
        self.executor.shutdown()
        self.node.destroy_node()
        self.context.try_shutdown()

    def spin(self) -> None:
        self.executor.spin_once(timeout_sec=0.01)

    def until(self, condition: Callable[[], Any], what: str | Callable[[], str],
              timeout_s: float | None = None,
              each: Callable[[], None] | None = None) -> Any:
        """Spin, and call `each` in between, until the condition holds."""
        def turn() -> None:
            self.spin()
            if each:
                each()
        return wait_for(condition, what, timeout_s or self.PATIENCE_S, turn)

    def call(self, name: str) -> Trigger.Response:
        client = self.node.create_client(Trigger, name)
        self.until(client.service_is_ready, f'service {name}')
        future = client.call_async(Trigger.Request())
        self.until(future.done, f'answer of {name}')
        return future.result()

    def caller(self, name: str) -> Callable[[], None]:
        """Return a function that calls a service again once the last answer has come."""
        client, waiting = self.node.create_client(Trigger, name), []

        def call() -> None:
            if client.service_is_ready() and all(future.done() for future in waiting):
                waiting[:] = [client.call_async(Trigger.Request())]
        return call
