"""homing: drives the arm to the contract's start pose as a device does, then leaves.

Run it with `python -m il_ros.nodes.clients.homing --ros-args -p robot:=sim_arm`. Its rows go
through arbiter and gate like a person's; other devices may stay connected while they are not
engaged.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from il_ros.config import OneOf, Range
from il_ros.contract import State
from il_ros.errors import ConfigError
from il_ros.joints import NewestJoints
from il_ros.msg import CommandReport, ControlMode, TeleopCommand
from il_ros.nodes import shell
from il_ros.nodes.shared import control_messages as messages
from il_ros.nodes.shared.planners import check_name, make_planner, PLANNERS
from il_ros.nodes.shared.robot import load_contract
from il_ros.nodes.shared.state_topics import StateTopics
from il_ros.planning.homing import Homing
from il_ros.timing import Tick, to_ns
from il_ros.types import Floats, Mode, Verdict
from rclpy.executors import ExternalShutdownException
from rclpy.node import Node


@dataclass(frozen=True)
class Parameters:
    """ROS parameters.

    Attributes:
        robot: Name or file of the contract.
        planner: 'pinocchio', or 'moveit' where a MoveIt configuration is loaded.
        group: MoveIt's joint model group of the arm.
        timeout_s: Longest wait for joint states and the arbiter.
        speed: Robot time per steady time.
    """

    robot: str = 'sim_arm'
    planner: Annotated[str, OneOf(PLANNERS)] = 'pinocchio'
    group: str = 'manipulator'
    timeout_s: Annotated[float, Range(0.001, 3600.0)] = 5.0
    speed: Annotated[float, Range(0.001, 1000.0)] = 1.0

    def __post_init__(self) -> None:
        check_name(self.planner)
        for name in ('timeout_s', 'speed'):
            if (value := getattr(self, name)) <= 0:
                raise ConfigError(f'{name}: expected more than 0, got {value}')


class MotionNode(Node):
    """Shell around `planning.homing.Homing`.

    Attributes:
        seen: Measured joints as each row of `Homing.then` was sent. Shape (J,) each.
    """

    def __init__(self, name: str, namespace: str | None = None) -> None:
        super().__init__(name, namespace=namespace)
        self.seen: list[Floats] = []
        self._mode: Mode | None = None
        self._passes: bool | None = None
        self._session, self._seq = shell.new_session(), 0

    def connect(self, motion: Homing) -> None:
        """Begin to listen and to speak."""
        self._motion, self._contract = motion, motion.contract
        self._joints = NewestJoints(motion.contract.joint_names)
        self._command = self.create_publisher(TeleopCommand, 'teleop/command', shell.NEWEST)
        StateTopics(self, motion.contract, self._on_state)
        self.create_subscription(ControlMode, 'control/mode', self._on_mode, shell.LATCHED)
        self.create_subscription(CommandReport, 'control/report', self._on_report, shell.STREAM)

    def _on_state(self, positions: Floats, state: State, message: Any) -> None:
        self._joints.take(positions, shell.now(self).steady_ns)

    def _on_mode(self, message: ControlMode) -> None:
        self._mode = Mode(message.mode)

    def _on_report(self, message: CommandReport) -> None:
        if message.verdict in (Verdict.PASSED, Verdict.CLAMPED):
            self._passes = True
        elif message.verdict == Verdict.HELD or message.rule in (
                'latched', 'disarmed', 'guided'):
            self._passes = False

    def tick(self, tick: Tick) -> None:
        """Send one sample; end the node when the motion is done."""
        if self._motion.done:
            self.get_logger().info('the motion is done')
            raise ExternalShutdownException
        repeated, measured = self._motion.repeated, self._joints.whole
        wish = self._motion.tick(measured, self._mode, shell.now(self).steady_ns,
                                 self._passes)
        if wish is None:
            return
        if self._motion.repeated > repeated and measured is not None:
            self.seen.append(measured)
        self._command.publish(TeleopCommand(
            header=messages.header(shell.now_ns(self)), source_id=self.get_name(),
            session=self._session, seq=self._seq, engaged=wish.engaged,
            request=int(wish.request), joint_names=self._contract.joint_names,
            positions=wish.positions.tolist()))
        self._seq += 1


class HomingNode(MotionNode):
    """Goes to the contract's start pose."""

    def __init__(self) -> None:
        super().__init__('homing')
        parameters = shell.declare(self, Parameters)
        contract = load_contract(self, parameters.robot)
        self.period_ns = round(contract.period_ns / parameters.speed)
        planner = make_planner(contract, parameters.planner, parameters.group)
        self.connect(Homing(contract, planner, to_ns(parameters.timeout_s)))


def _spin(node: HomingNode) -> None:
    shell.spin_on_grid(node, node.period_ns, node.tick)


def main() -> int:
    """Run the node."""
    return shell.main(HomingNode, _spin, first=True)


if __name__ == '__main__':
    raise SystemExit(main())
