"""A simulated gripper behind an action server, as ros2_control's gripper controllers are."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

from il_ros.contract import CommandInterface, Contract
from il_ros.nodes.shared.interfaces import gripper_type
import numpy as np
from rclpy.action import ActionServer, CancelResponse
from rclpy.node import Node

REACHED = 0.02      # of the range
STALLED_TICKS = 20  # without motion
STILL = 1e-4        # of the range per tick


class GripperServer:
    """Takes goals of GripperCommand or ParallelGripperCommand; the newest one wins."""

    def __init__(self, node: Node, interface: CommandInterface, contract: Contract,
                 apply: Callable[..., None], measured: Callable[[int], float]) -> None:
        """Offer the action; see `SimCommands`.

        Raises:
            ConfigError: control_msgs is not installed.
        """
        self._joint = (interface.joints or ('',))[0]
        (self._column,) = contract.indices([self._joint])
        self._span = float((contract.upper - contract.lower)[self._column])
        self._parallel = interface.type.endswith('ParallelGripperCommand')
        self._kind = gripper_type(interface)
        self._apply, self._measured = apply, measured
        self._goal: Any = None
        self._target = self._at = 0.0
        self._still = 0
        self._outcome = ('succeed', True, False)   # how it ended, reached, stalled
        self._server = ActionServer(node, self._kind, interface.name, self._execute,
                                    handle_accepted_callback=self._accepted,
                                    cancel_callback=lambda _: CancelResponse.ACCEPT)

    def tick(self) -> None:
        """Look whether the present goal is reached, stalls or is cancelled."""
        if self._goal is None:
            return
        at = self._measured(self._column)
        self._still = self._still + 1 if abs(at - self._at) < STILL * self._span else 0
        self._at = at
        reached = abs(at - self._target) < REACHED * self._span
        if self._goal.is_cancel_requested:
            self._apply([self._column], np.array([[at]]), np.zeros(1, dtype=np.int64), 0)
            self._finish('canceled', False, False)
        elif reached or self._still >= STALLED_TICKS:
            self._finish('succeed', reached, not reached)

    def _accepted(self, goal: Any) -> None:
        if self._goal is not None:
            self._finish('abort', False, False)
        command = goal.request.command
        self._goal = goal
        self._target = float(command.position[0] if self._parallel else command.position)
        self._at, self._still = self._measured(self._column), 0
        self._apply([self._column], np.array([[self._target]]), np.zeros(1, dtype=np.int64), 0)

    def _finish(self, how: str, reached: bool, stalled: bool) -> None:
        # A coroutine that awaits the end would run at every turn of rclpy's executor, and starve
        # everything else: the goal is executed when it has ended.
        goal, self._goal, self._outcome = self._goal, None, (how, reached, stalled)
        goal.execute()

    def _execute(self, goal: Any) -> Any:
        how, reached, stalled = self._outcome
        getattr(goal, how)()
        result = self._kind.Result(reached_goal=reached, stalled=stalled)
        at = self._measured(self._column)
        if self._parallel:
            result.state.name, result.state.position = [self._joint], [at]
        else:
            result.position = at
        return result
