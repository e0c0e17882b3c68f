"""A gripper behind an action server."""
from __future__ import annotations

from functools import partial
import time
from typing import Any

from action_msgs.msg import GoalStatus
from il_ros.contract import CommandInterface, Contract
from il_ros.nodes.shared.interfaces import gripper_type
from il_ros.safety.gripper_goals import GripperGoals
from il_ros.safety.interpolation import Setpoints
from il_ros.types import ControlSource
from rclpy.action import ActionClient
from rclpy.node import Node
from rclpy.task import Future

LOG_EVERY_S = 2.0


class GripperAction:
    """Sends goals to a GripperCommand or ParallelGripperCommand server and never waits for it.

    Attributes:
        topics: None: goals are no topic, and other clients of the server are invisible.
        column: Of its joint.
        problem: Why the gripper does not follow, '' where nothing is known to be wrong.
    """

    def __init__(self, node: Node, interface: CommandInterface, contract: Contract) -> None:
        """Make the client.

        Raises:
            ConfigError: control_msgs is not installed.
        """
        self.topics: list[str] = []
        self.problem, self._log = '', node.get_logger()
        self._name, self._joints = interface.name, list(interface.told)
        (self.column,) = contract.indices(interface.joints or ())
        self._effort = interface.effort
        self._parallel = interface.type == 'control_msgs/ParallelGripperCommand'
        self._kind = gripper_type(interface)
        self._client = ActionClient(node, self._kind, self._name)
        self._goals = GripperGoals(float((contract.upper - contract.lower)[self.column]))
        self._running: Any = None
        self._source = -1                   # who drives
        self._driver, self._newest = 0, 0   # count changes of that, and goals

    def look(self) -> str:
        """Return `problem` as it is now: also a server that has gone, or answers no more."""
        if not self._client.server_is_ready():
            return (f"{self._name}: no action server; start the gripper's driver, or correct the "
                    'action in the contract')
        if self._goals.unheard(time.monotonic_ns()):
            return f'{self._name}: the action server answers no goal; restart it'
        return self.problem

    def send(self, ahead: Setpoints) -> None:
        """Send a goal where one is due."""
        if not self._client.server_is_ready():
            return   # `look` says so; the goal is still due when it is back
        goal = self._goals.next(float(ahead.positions[0, self.column]), time.monotonic_ns())
        if goal is not None:
            self._newest += 1
            self._client.send_goal_async(self._goal(goal)).add_done_callback(
                partial(self._answered, self._driver, self._newest))

    def driven_by(self, source: int) -> None:
        """Cancel what the one before wanted where another `ControlSource` drives from now on.

        A hold is none: a gripper stays where it was told to be.
        """
        if source in (self._source, ControlSource.HOLD):
            return
        self._source = source
        if self._running is not None:
            self._running.cancel_goal_async()
            self._running = None
        self._driver += 1
        self._goals.restart()

    def stop(self) -> None:
        """Leave the gripper as it is; the next goal is sent whatever it is."""
        self.problem = ''
        self._goals.restart()

    def _answered(self, driver: int, number: int, future: Future) -> None:
        handle = future.result()
        taken = handle is not None and handle.accepted
        if driver != self._driver:
            if taken:
                handle.cancel_goal_async()   # of the one before: it was on its way meanwhile
            return
        self._goals.answered()
        if not taken:
            self.problem = (f'{self._name}: the action server rejects goals; look at the log of '
                            "the gripper's driver, then call gate/arm")
            self._goals.failed()   # and asked again while the gate holds
            return
        self.problem, self._running = '', handle
        handle.get_result_async().add_done_callback(partial(self._ended, number))

    def _ended(self, number: int, future: Future) -> None:
        """Tell of a goal that came to nothing; no fault, since many end so that hold something."""
        answer = future.result()
        if number == self._newest and answer is not None and (
                answer.status == GoalStatus.STATUS_ABORTED and not answer.result.stalled):
            self._log.warning(f'{self._name}: the action server gave a goal up; where the gripper '
                              "holds nothing, look at its driver's log",
                              throttle_duration_sec=LOG_EVERY_S)

    def _goal(self, position: float) -> Any:
        goal = self._kind.Goal()
        if self._parallel:
            goal.command.name, goal.command.position = self._joints, [position]
            if self._effort is not None:
                goal.command.effort = [self._effort]
        else:
            goal.command.position = position
            goal.command.max_effort = self._effort or 0.0
        return goal
