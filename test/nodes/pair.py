"""Two arms, two grippers behind actions and a base as their drivers; the test commands."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
import time
from typing import Any

from control_msgs.action import GripperCommand, ParallelGripperCommand
from geometry_msgs.msg import TwistStamped
from il_ros.contract import Contract
from il_ros.msg import Command, CommandReport
from il_ros.nodes import shell
from nav_msgs.msg import Odometry
from nodes.peer import Peer
import numpy as np
import rclpy
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray
from trajectory_msgs.msg import JointTrajectory
import yaml

SAMPLE = Path(__file__).parents[1] / 'contract/samples/two_arms_and_base.yaml'
CONTRACT = Contract.load(SAMPLE)
START = np.array(CONTRACT.start)


def patient(folder: Path, **right: str) -> Path:
    """Return the contract with states that may be 1 s old: this machine may be busy.

    With keywords: for the command of the right arm.
    """
    data = yaml.safe_load(SAMPLE.read_text())
    data['commands'][1] |= right
    for state in data['states']:
        state['max_age_s'] = 1.0
    path = folder / 'pair.yaml'
    path.write_text(yaml.safe_dump(data))
    return path


class Gripper:
    """An action server that accepts, never finishes, and tells what came."""

    def __init__(self, node: Any, kind: Any, name: str) -> None:
        self.goals: list[float] = []
        self.cancelled = 0
        self.accepts, self.gives_up = True, False
        self._parallel = kind is ParallelGripperCommand
        self.server = ActionServer(
            node, kind, name, self._execute, goal_callback=self._goal,
            handle_accepted_callback=lambda goal: self.gives_up and goal.execute(),
            cancel_callback=self._cancel)
        self._result = kind.Result
        self.ended = False

    def end(self) -> None:
        """Leave the graph: the next test's gate asks a server of this name."""
        if not self.ended:
            self.server.destroy()
        self.ended = True

    def _execute(self, goal: Any) -> Any:
        goal.abort()
        return self._result()

    def _goal(self, request: Any) -> GoalResponse:
        if not self.accepts:
            return GoalResponse.REJECT
        position = request.command.position
        self.goals.append(position[0] if self._parallel else position)
        return GoalResponse.ACCEPT

    def _cancel(self, goal: Any) -> CancelResponse:
        self.cancelled += 1
        return CancelResponse.REJECT


class Pair(Peer):
    """The drivers: states at 100 Hz while it spins, and what they are told."""

    def __init__(self, domain: int) -> None:
        super().__init__(domain, 'test_pair')
        node = self.node
        self.position = START.copy()
        self.silent: set[str] = set()
        self.lies: dict[str, float] = {}   # what each joint of a topic, or the odometry, adds
        self.left: list[JointTrajectory] = []
        self.right: list[list[float]] = []
        self.twists: list[tuple[float, float, int]] = []
        self.reports: list[CommandReport] = []
        self.session, self._seq = shell.new_session(), 0
        self._states = [(state, node.create_publisher(
            JointState if state.fields is None else Odometry, state.topic, shell.STREAM))
            for state in CONTRACT.states]
        for kind, topic, take in (
                (JointTrajectory, 'left_jtc/joint_trajectory', self.left.append),
                (Float64MultiArray, 'right_forward/commands',
                 lambda m: self.right.append(list(m.data))),
                (TwistStamped, 'base/cmd_vel', lambda m: self.twists.append(
                    (m.twist.linear.x, m.twist.angular.z, time.monotonic_ns()))),
                (CommandReport, 'control/report', self.reports.append)):
            node.create_subscription(kind, topic, take, 1000)
        # A driver of its own, so that it can hang: be there, but not answer.
        self.hand = rclpy.create_node('left_hand', context=self.context)
        self.executor.add_node(self.hand)
        self.ending.callback(self.hand.destroy_node)
        self.grippers = [Gripper(self.hand, ParallelGripperCommand, 'left_grip_ctl/gripper_cmd'),
                         Gripper(node, GripperCommand, 'right_grip_ctl/gripper_cmd')]
        for gripper in self.grippers:
            self.ending.callback(gripper.end)
        node.create_timer(0.01, self._tell)

    def _tell(self) -> None:
        stamp = self.node.get_clock().now().to_msg()
        for state, publisher in self._states:
            if state.topic in self.silent:
                continue
            message = publisher.msg_type()
            message.header.stamp = stamp
            if state.fields is None:
                message.name = list(state.joints)
                message.position = (self.position[CONTRACT.indices(state.joints)]
                                    + self.lies.get(state.topic, 0.0)).tolist()
            else:
                message.pose.pose.orientation.w = 1.0
                message.pose.pose.position.x = self.lies.get(state.topic, 0.0)
            publisher.publish(message)

    def sender(self, positions: Callable[[], np.ndarray],
               source: Callable[[], int] = lambda: 1,
               names: Sequence[str] = CONTRACT.joint_names) -> Callable[[], None]:
        """Return a function that sends a command at most once per control period."""
        publisher = self.node.create_publisher(Command, 'control/command', shell.STREAM)
        self.until(publisher.get_subscription_count, 'a gate')
        last = [0]

        def send() -> None:
            if time.monotonic_ns() - last[0] < CONTRACT.period_ns:
                return
            last[0] = time.monotonic_ns()
            message = Command(session=self.session, seq=self._seq, source=source(),
                              joint_names=names, positions=positions().tolist())
            message.header.stamp = self.node.get_clock().now().to_msg()
            self._seq += 1
            publisher.publish(message)
        return send
