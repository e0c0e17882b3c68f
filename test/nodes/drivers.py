"""The drivers of any robot, made from its contract: they tell states and take commands."""
from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from functools import partial, reduce
import time
from typing import Any

from geometry_msgs.msg import PoseStamped, Twist, TwistStamped
from il_ros.contract import CommandInterface, Contract
from il_ros.msg import Command, CommandReport
from il_ros.nodes import shell
from il_ros.nodes.shared.interfaces import gripper_type
from nav_msgs.msg import Odometry
from nodes.pair import Gripper
from nodes.peer import Peer
import numpy as np
import robots
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64MultiArray, String
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory

MESSAGES = {'trajectory_msgs/JointTrajectory': JointTrajectory,
            'std_msgs/Float64MultiArray': Float64MultiArray,
            'sensor_msgs/JointState': JointState, 'geometry_msgs/PoseStamped': PoseStamped,
            'geometry_msgs/Twist': Twist, 'geometry_msgs/TwistStamped': TwistStamped}


def urdf_text(contract: Contract) -> str:
    """Return a small URDF with the joints, tips and frames that a contract names.

    Its root carries every arm; each joint is turned about another axis than the one before.
    """
    frames = {command.frame for command in contract.commands if command.frame}
    root = next(iter(frames), 'world')
    links, joints = [root], []
    by_name = {joint.name: joint for joint in contract.joints}

    def add(name: str, parent: str, child: str, kind: str) -> str:
        at = len(joints)
        limits = by_name[name].limits if name in by_name else (0.0, 0.0)
        joints.append(robots.joint(
            name, kind, parent, child, xyz=(0.02 * at, 0.1, 0.2), rpy=(0.3 * at, 0.2, 0.1),
            axis=np.eye(3)[at % 3], limits=limits))
        links.append(child)
        return child
    for arm in contract.arms:
        parent = root
        for name in arm.joints:
            kind = 'continuous' if by_name[name].continuous else 'revolute'
            parent = add(name, parent, f'{name}_link', kind)
        if arm.tip:
            parent = add(f'{arm.name}_fixed', parent, arm.tip, 'fixed')
        if arm.gripper:
            add(arm.gripper.joint, parent, f'{arm.gripper.joint}_link', 'revolute')
    return (f'<robot name="any">{"".join(f"<link name={name!r}/>" for name in links)}'
            f'{"".join(joints)}</robot>').replace("'", '"')


class Drivers(Peer):
    """All drivers of a robot. They stand at the start pose, whatever they are told.

    Attributes:
        at: Where they stand [rad] or [m]. Shape (J,).
        got: What came on each command topic; goals of each action.
    """

    PATIENCE_S = 30.0

    def __init__(self, domain: int, contract: Contract) -> None:
        super().__init__(domain, 'drivers')
        self.contract, self.reports = contract, list[CommandReport]()
        self.at = np.array(contract.start)
        self.got: dict[str, list[Any]] = defaultdict(list)
        self._urdf = self.node.create_publisher(String, contract.urdf.removeprefix('topic:')
                                                or 'no_urdf', shell.LATCHED)
        self._urdf.publish(String(data=urdf_text(contract)))
        self._states = [(state, self.node.create_publisher(
            Odometry if state.fields else JointState, state.topic, shell.SENSOR))
            for state in contract.states]
        self._listening = [self._listen(command) for command in contract.commands]
        self.node.create_subscription(CommandReport, 'control/report', self.reports.append, 1000)
        self.node.create_timer(0.01, self._tell)
        self._session, self._seq, self._sent_ns = shell.new_session(), 0, 0
        self._command = self.node.create_publisher(Command, 'control/command', shell.STREAM)

    def _listen(self, command: CommandInterface) -> Any:
        if command.topic:
            return self.node.create_subscription(
                MESSAGES[command.type], command.topic, self.got[command.name].append, 1000)
        gripper = Gripper(self.node, gripper_type(command), command.name)
        self.ending.callback(gripper.end)
        self.got[command.name] = gripper.goals
        return gripper

    def _tell(self) -> None:
        for state, publisher in self._states:
            message = publisher.msg_type()
            message.header.stamp = self.node.get_clock().now().to_msg()
            values = self.at[self.contract.indices(state.joints)].tolist()
            if state.fields:
                for field, value in zip(state.fields, values, strict=True):
                    *path, last = field.split('.')
                    setattr(reduce(getattr, path, message), last, value)
            else:   # as real ones: other joints stand between ours
                message.name = ['unrelated', *state.told]
                message.position = [9.0, *values]
            publisher.publish(message)

    def spin(self) -> None:
        """Serve also what came meanwhile: controllers may get 500 messages a second."""
        super().spin()
        for _ in range(8):
            self.executor.spin_once(timeout_sec=0)

    def arm(self) -> None:
        """Arm the gate once it lets itself be armed."""
        client = self.node.create_client(Trigger, 'gate/arm')
        self.until(client.service_is_ready, 'a gate')
        answers: list[Any] = []

        def ask() -> None:
            if all(answer.done() for answer in answers):
                answers.append(client.call_async(Trigger.Request()))
        self.until(lambda: any(a.done() and a.result().success for a in answers), 'armed',
                   each=ask)

    def send(self, row: np.ndarray) -> None:
        """Send a row at most once per control period."""
        if time.monotonic_ns() - self._sent_ns < self.contract.period_ns:
            return
        self._sent_ns = time.monotonic_ns()
        message = Command(session=self._session, seq=self._seq, source=1,
                          joint_names=self.contract.joint_names, positions=row.tolist())
        message.header.stamp = self.node.get_clock().now().to_msg()
        self._seq += 1
        self._command.publish(message)

    def sender(self, row: np.ndarray) -> Callable[[], None]:
        """Return a function that sends this row."""
        return partial(self.send, row)
