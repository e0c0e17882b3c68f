"""command_gate: the only publisher to the robot; every command passes its check."""
from __future__ import annotations

from functools import partial

from il_ros.errors import MessageError
from il_ros.intervention.policy_rows import rows_of
from il_ros.msg import ActionChunk, ControlMode
from il_ros.msg import Command as CommandMessage
from il_ros.nodes import shell
from il_ros.nodes.gate.guiding import Guiding
from il_ros.nodes.gate.measuring import Measuring
from il_ros.nodes.gate.parameters import Parameters
from il_ros.nodes.gate.reports import Reports
from il_ros.nodes.gate.robot_command import RobotCommand
from il_ros.nodes.gate.status import Status
from il_ros.nodes.shared import control_messages, preflight, robot
from il_ros.nodes.shared.planners import make_checker
from il_ros.nodes.shared.services import trigger
from il_ros.safety.arming import ArmingError
from il_ros.safety.gate import Gate
from il_ros.safety.rules import Command, Decision, read_sources
from il_ros.safety.workspace import Workspace
from il_ros.timing import to_ns
from il_ros.types import Mode, Verdict
from rclpy.clock import Clock, ClockType
from rclpy.node import Node

WATCHDOG_TICK_S, FOREIGN_TICK_S, LOG_EVERY_S = (0.01, 0.005), 0.1, 1.0  # with a base the latter
LAST_S = 1.0   # after ros2 launch: the watchdog brings the arm to rest meanwhile
DISARMED = Decision(Verdict.REJECTED, 'disarmed', 'by gate/disarm')


class CommandGate(Node):
    """Shell around `safety.gate.Gate`; watchdogs tick on the steady clock."""

    def __init__(self) -> None:
        super().__init__('command_gate')
        parameters = shell.declare(self, Parameters)
        self._contract = contract = robot.load_contract(self, parameters.robot)
        self._gate = Gate(contract, to_ns(parameters.watchdog_s), parameters.speed,
                          Workspace(contract) if any(a.workspace for a in contract.arms) else None,
                          make_checker(contract, parameters.planner, parameters.group),
                          partial(preflight.publishers, self))
        self._required = contract.streams if parameters.required == 'all' else contract.states
        self._arm_when_ready = parameters.armed
        self._mode = ControlMode(mode=int(Mode.TELEOP))
        self.robot = RobotCommand(self, contract, self._gate, parameters.speed)
        self._reports = Reports(self, contract)
        self._status = Status(self, self._gate, self._reports)
        self._guiding = Guiding(self, contract, self._gate, self.robot, self._reports)
        self._measuring = Measuring(self, contract, self._gate, self._on_state)
        self.create_subscription(CommandMessage, 'control/command', self._on_command, shell.STREAM)
        self.create_subscription(ControlMode, 'control/mode', self._on_mode, shell.LATCHED)
        if contract.scene:
            self.create_subscription(ActionChunk, 'policy/chunk', self._on_chunk, shell.NEWEST)
        trigger(self, 'gate/arm', self._arm)
        trigger(self, 'gate/disarm', self._disarm)
        steady, base = Clock(clock_type=ClockType.STEADY_TIME), bool(contract.is_velocity.any())
        for tick_s, look in ((WATCHDOG_TICK_S[base], self._on_watchdog),
                             (FOREIGN_TICK_S, self._find_foreign)):
            self.create_timer(tick_s, look, clock=steady)

    def _on_state(self) -> None:
        if self._arm_when_ready:
            try:
                self._arm()
            except ArmingError as error:
                self.get_logger().warning(str(error), throttle_duration_sec=LOG_EVERY_S)

    def _on_command(self, message: CommandMessage) -> None:
        command = Command(message.joint_names, message.positions, message.source,
                          bytes(message.session), message.seq, message.epoch,
                          shell.stamp_ns(message.header.stamp), message.sources)
        if self._guiding.on:
            self._guiding.take(command, message)
            return
        decision = self._gate.receive(command, shell.now(self))
        if decision.sent is not None:
            self.robot.driven_by(message.source, read_sources(command, self._gate.limits.names))
        self._act(decision, message)

    def _on_watchdog(self) -> None:
        if decision := self._gate.watchdog(shell.now(self)):
            self._act(decision, CommandMessage())
        self._guiding.look()
        self._status.look()

    def _act(self, decision: Decision, asked: CommandMessage) -> None:
        if decision.sent is not None:
            self.robot.publish(decision.sent, decision.verdict)   # before anything else
        self._reports.tell(decision, asked)

    def _on_chunk(self, message: ActionChunk) -> None:
        chunk = control_messages.to_chunk(message)
        try:
            rows = rows_of(chunk, self._contract.joint_names)
        except MessageError:
            return  # the arbiter says so, and takes none of its rows
        elapsed = max((shell.now_ns(self) - chunk.stamp_ns) // chunk.dt_ns, 0)
        self._gate.foresee(rows[elapsed:], chunk.epoch)

    def _on_mode(self, message: ControlMode) -> None:
        self._mode = message

    def _find_foreign(self) -> None:
        now = shell.now(self)
        self._gate.foreign(preflight.other_publishers(self, self.robot.topics), now)
        for problem in self.robot.problems():
            self._gate.fail('gripper', problem, now)

    def _arm(self) -> str:
        for problem in preflight.problems(self, self._contract, self._required):
            raise ArmingError(f'arming refused: {problem}')
        for problem in filter(None, (self._measuring.problem(), *self.robot.problems(),
                                     self._guiding.problem())):
            raise ArmingError(f'arming refused: {problem}')
        self._find_foreign()
        self.robot.start(self._gate.arm(shell.now(self)))
        self._arm_when_ready = False
        text = f'armed{control_messages.what_holds(self._mode)}'
        self.get_logger().info(text)
        return text

    def _disarm(self) -> str:
        self._gate.disarm()
        self.robot.stop()
        self._act(DISARMED, CommandMessage())   # the arbiter knows, however soon it is armed again
        self._arm_when_ready = False
        self.get_logger().info('disarmed')
        return 'disarmed'


def main() -> int:
    """Run the node."""
    return shell.main(CommandGate, last_s=LAST_S, first=True, last=lambda node: node.robot.end())


if __name__ == '__main__':
    raise SystemExit(main())
