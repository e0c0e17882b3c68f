"""command_gate: the only publisher to the robot; every command passes its check."""
from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from il_ros.alignment.decode import decode
from il_ros.contract import Contract
from il_ros.errors import ConfigError, MessageError
from il_ros.msg import Command as CommandMessage
from il_ros.msg import CommandReport
from il_ros.nodes import shell
from il_ros.nodes.robot_command import RobotCommand
from il_ros.nodes.services import Diagnostics, ERROR, OK, trigger, WARN
from il_ros.safety.gate import ArmingError, Decision, Gate
from il_ros.safety.rules import Command
from il_ros.safety.workspace import Workspace
from il_ros.timing import to_ns
from il_ros.types import Verdict
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from sensor_msgs.msg import JointState

WATCHDOG_TICK_S = 0.01
FOREIGN_TICK_S = 0.1
LOG_EVERY_S = 1.0


@dataclass(frozen=True)
class Parameters:
    """ROS parameters.

    Attributes:
        robot: Name or file of the contract.
        armed: Arm as soon as the robot's joint states have come.
        watchdog_s: Longest steady time without an accepted command.
        speed: Robot time per steady time.
    """

    robot: str = 'sim_arm'
    armed: bool = False
    watchdog_s: float = 0.1
    speed: float = 1.0

    def __post_init__(self) -> None:
        for name in ('watchdog_s', 'speed'):
            if (value := getattr(self, name)) <= 0:
                raise ConfigError(f'{name}: expected more than 0, got {value}')


class CommandGate(Node):
    """Shell around `safety.gate.Gate`; watchdogs tick on the steady clock."""

    def __init__(self) -> None:
        super().__init__('command_gate')
        parameters = shell.declare(self, Parameters)
        self._contract = contract = Contract.load(parameters.robot)
        self._gate = Gate(contract, to_ns(parameters.watchdog_s), parameters.speed,
                          Workspace(contract) if contract.workspace else None)
        self._arm_when_ready = parameters.armed
        self._counts: Counter[str] = Counter()
        self._robot = RobotCommand(self, contract, contract.period_ns)
        self._report = self.create_publisher(CommandReport, 'control/report', shell.STREAM)
        self._diagnostics = Diagnostics(self)
        self.create_subscription(JointState, contract.state.topic, self._on_state, shell.SENSOR)
        self.create_subscription(CommandMessage, 'control/command', self._on_command, shell.STREAM)
        trigger(self, 'gate/arm', self._arm)
        trigger(self, 'gate/disarm', self._disarm)
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(WATCHDOG_TICK_S, self._on_watchdog, clock=steady)
        self.create_timer(FOREIGN_TICK_S, self._find_foreign, clock=steady)
        self.create_timer(1.0, self._diagnose, clock=steady)

    def _on_state(self, message: JointState) -> None:
        try:
            positions = decode(self._contract, self._contract.state.topic, message)
        except MessageError as error:
            self.get_logger().error(str(error), throttle_duration_sec=LOG_EVERY_S)
            return
        self._gate.measure(positions, shell.now(self))
        if self._arm_when_ready:
            try:
                self._arm()
            except ArmingError as error:
                self.get_logger().warning(str(error), throttle_duration_sec=LOG_EVERY_S)

    def _on_command(self, message: CommandMessage) -> None:
        command = Command(message.joint_names, message.positions, message.source,
                          bytes(message.session), message.seq, message.epoch,
                          shell.stamp_ns(message.header.stamp))
        self._act(self._gate.receive(command, shell.now(self)), message)

    def _on_watchdog(self) -> None:
        if decision := self._gate.watchdog(shell.now(self)):
            self._act(decision, CommandMessage())

    def _act(self, decision: Decision, asked: CommandMessage) -> None:
        report = CommandReport(asked=asked, verdict=int(decision.verdict), rule=decision.rule,
                               joint_names=self._contract.joint_names)
        if decision.sent is not None:
            self._robot.publish(decision.sent)
            report.sent = decision.sent.tolist()
        report.header.stamp = shell.to_stamp(shell.now_ns(self))
        self._report.publish(report)
        self._counts[f'{decision.verdict.name} {decision.rule}'.strip()] += 1
        if decision.verdict in (Verdict.REJECTED, Verdict.HELD) and (
                decision.rule not in ('disarmed', 'arming')):
            self.get_logger().error(f'{decision.verdict.name} {decision.rule}: {decision.detail}',
                                    throttle_duration_sec=LOG_EVERY_S)

    def _find_foreign(self) -> None:
        others: dict[str, None] = {}
        for topic in self._robot.topics:
            if self.count_publishers(topic) > 1:
                names = [f'{info.node_namespace.rstrip("/")}/{info.node_name}'
                         for info in self.get_publishers_info_by_topic(topic)]
                if (own := self.get_fully_qualified_name()) in names:
                    names.remove(own)  # once: a second gate is as foreign as any other
                others |= dict.fromkeys(names)
        self._gate.foreign(list(others), shell.now(self))

    def _arm(self) -> str:
        self._find_foreign()
        self._gate.arm(shell.now(self))
        self._arm_when_ready = False
        self.get_logger().info('armed')
        return 'armed'

    def _disarm(self) -> str:
        self._gate.disarm()
        self._arm_when_ready = False
        self.get_logger().info('disarmed')
        return 'disarmed'

    def _diagnose(self) -> None:
        gate = self._gate
        level, text = (OK, 'armed') if gate.armed else (WARN, 'disarmed')
        if gate.fault:
            level, text = ERROR, f'holding: {gate.fault[1]}; call gate/arm'
        self._diagnostics.publish(level, text, {'armed': gate.armed, **self._counts})


def main() -> int:
    """Run the node."""
    shell.ask_for_priority()
    return shell.main(CommandGate)


if __name__ == '__main__':
    raise SystemExit(main())
