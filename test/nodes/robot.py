"""A joint state publisher over DDS that stands for the robot, and eyes on the control topics."""
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
import threading
import time
from typing import Any

from il_ros.contract import Contract
from il_ros.msg import ActionChunk, Command, CommandReport, ControlMode, Correction, TeleopCommand
from il_ros.nodes import shell
from nodes.peer import Peer
import numpy as np
from rclpy.qos import QoSProfile
from sensor_msgs.msg import JointState
from trajectory_msgs.msg import JointTrajectory
import yaml

CONTRACT = Contract.load('sim_arm')
START = np.array([0.0, -0.4, 1.2, 0.0, 0.77, 0.0, 0.02])
EVERY = QoSProfile(depth=1000)   # the eyes may look elsewhere for a while


def patient(folder: Path) -> Path:
    """Return a contract that accepts joint states 1 s old: this machine may be busy."""
    data = yaml.safe_load(CONTRACT.to_text())
    for stream in ('state', 'poses'):
        data[stream]['max_age_s'] = 1.0
    path = folder / 'patient.yaml'
    path.write_text(yaml.safe_dump(data))
    return path


def stopped(printed: str) -> bool:
    """Return whether a motion says that the gate stopped the arm, on its way or before it."""
    return any(text in printed for text in (
        'was stopped on its way', 'lets nothing through', 'did not arrive'))


class Robot(Peer):
    """Publishes joint states at 100 Hz, also while the test waits; follows its commands."""

    def __init__(self, domain: int, follow: bool = True, namespace: str = '') -> None:
        super().__init__(domain, 'test_robot', namespace)
        self.position, self.joint_names = START.copy(), CONTRACT.joint_names
        self.sends_states = True
        self.commands: list[np.ndarray] = []
        self.reports: list[CommandReport] = []
        self.log: list[Any] = []  # modes and commands of the arbiter in the order of arrival
        self.corrections: list[Correction] = []
        self.session = shell.new_session()
        self._seq = 0
        self._follow = follow
        self._state = self.node.create_publisher(JointState, CONTRACT.state.topic, shell.STREAM)
        self._subscribe(JointTrajectory, CONTRACT.command.topic, self._on_command)
        self._subscribe(CommandReport, 'control/report', self.reports.append)
        self._subscribe(Command, 'control/command', self.log.append)
        self._subscribe(Correction, 'control/correction', self.corrections.append)
        self.node.create_subscription(ControlMode, 'control/mode', self.log.append, shell.CHANGES)
        self._ended = threading.Event()
        self._driver = threading.Thread(target=self._publish_states, daemon=True)
        self._driver.start()

    def __exit__(self, *arguments: object) -> None:
        self._ended.set()
        self._driver.join()
        super().__exit__(*arguments)

    def _publish_states(self) -> None:
        while not self._ended.wait(0.01):
            self.publish_state()

    def _subscribe(self, kind: type, topic: str, callback: Callable[[Any], None]) -> None:
        self.node.create_subscription(kind, topic, callback, EVERY)

    @property
    def modes(self) -> list[ControlMode]:
        return [m for m in self.log if isinstance(m, ControlMode)]

    @property
    def rows(self) -> list[Command]:
        return [m for m in self.log if isinstance(m, Command)]

    def publish_state(self) -> None:
        if self.sends_states:
            message = JointState(name=['unrelated', *reversed(CONTRACT.joint_names)],
                                 position=[0.0, *reversed(self.position.tolist())])
            message.header.stamp = self.node.get_clock().now().to_msg()
            self._state.publish(message)

    def _on_command(self, message: JointTrajectory) -> None:
        assert list(message.joint_names) == CONTRACT.joint_names
        assert (message.header.stamp.sec, message.header.stamp.nanosec) == (0, 0)
        point, = message.points
        assert (point.time_from_start.sec, point.time_from_start.nanosec) == (
            0, CONTRACT.period_ns)
        self.commands.append(np.array(point.positions))
        if self._follow:
            self.position = self.commands[-1].copy()

    def publisher(self, kind: type, topic: str) -> Any:
        """Return a publisher that somebody listens to."""
        publisher = self.node.create_publisher(kind, topic, shell.STREAM)
        self.until(lambda: publisher.get_subscription_count() > 0, f'subscriber of {topic}')
        return publisher

    def fill(self, message: Any, positions: np.ndarray, **fields: Any) -> Any:
        """Fill stamp, session, seq and joints of a Command, TeleopCommand or ActionChunk."""
        message.header.stamp = self.node.get_clock().now().to_msg()
        message.session, message.seq = self.session, self._seq
        self._seq += 1
        message.joint_names = self.joint_names
        message.positions = np.asarray(positions, dtype=float).ravel().tolist()
        for name, value in fields.items():
            setattr(message, name, value)
        return message

    def sender(self, publisher: Any, make: Callable[[], Any]) -> Callable[[], None]:
        """Return a function that publishes `make()` at most once per control period."""
        last = [0]

        def send() -> None:
            if time.monotonic_ns() - last[0] >= CONTRACT.period_ns:
                last[0] = time.monotonic_ns()
                publisher.publish(make())
        return send


__all__ = ['CONTRACT', 'START', 'ActionChunk', 'Robot', 'TeleopCommand', 'patient', 'stopped']
