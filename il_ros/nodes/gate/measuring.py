"""What the gate hears of the robot, and what of it no motion explains."""
from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from il_ros.alignment.stamps import believed_ns
from il_ros.contract import Contract, ODOMETRY, State
from il_ros.nodes import shell
from il_ros.nodes.shared.state_topics import StateTopics
from il_ros.safety.gate import Gate
from il_ros.safety.leaps import PoseLeaps
from il_ros.types import Floats
from rclpy.node import Node


class Measuring:
    """Tells the gate the joints, and of odometry whose pose leaps."""

    def __init__(self, node: Node, contract: Contract, gate: Gate,
                 then: Callable[[], None]) -> None:
        """Subscribe; `then` is called after each message."""
        self._poses = {state.topic: PoseLeaps(contract, state) for state in contract.states
                       if state.type == ODOMETRY}
        topics = StateTopics(node, contract, partial(self._take, node, gate, then))
        self.problem = topics.problem

    def _take(self, node: Node, gate: Gate, then: Callable[[], None], positions: Floats,
              state: State, message: Any) -> None:
        now = shell.now(node)
        stamp_ns = believed_ns(state, message, now.ros_ns)
        gate.measure(positions, stamp_ns, now)
        if (poses := self._poses.get(state.topic)) and (leap := poses.look(message, stamp_ns)):
            gate.leaps(state.topic, leap, now)
        then()
