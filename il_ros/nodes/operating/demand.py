"""Something that another thread wants, done in the thread that serves the node."""
from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from rclpy.node import Node

Wanted = TypeVar('Wanted')


class Demand(Generic[Wanted]):
    """Only the newest wish counts; it is met with the node's next turn.

    Args:
        node: Which is served.
        meet: Meets a wish.
    """

    def __init__(self, node: Node, meet: Callable[[Wanted], None]) -> None:
        self._meet, self._newest = meet, list[Wanted]()
        self._condition = node.create_guard_condition(self._serve)

    def want(self, wish: Wanted) -> None:
        """Take a wish, from any thread."""
        self._newest = [wish]
        self._condition.trigger()

    def _serve(self) -> None:
        wishes, self._newest = self._newest, []
        for wish in wishes:
            self._meet(wish)
