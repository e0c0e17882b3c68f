"""dagger_intervention: the arbiter between teleoperation and policy; sends at every tick."""
from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from il_ros.errors import MessageError
from il_ros.intervention.arbiter import Arbiter
from il_ros.intervention.state import ControlState, Step
from il_ros.msg import (
    ActionChunk,
    Command,
    CommandReport,
    ControlMode,
    HelpRequest,
    TeleopCommand,
)
from il_ros.nodes import shell
from il_ros.nodes.arbiter.corrections import Corrections
from il_ros.nodes.arbiter.parameters import Parameters
from il_ros.nodes.shared import control_messages as messages
from il_ros.nodes.shared.robot import load_contract
from il_ros.nodes.shared.services import Diagnostics, ERROR, OK, trigger
from il_ros.nodes.shared.state_topics import StateTopics
from il_ros.timing import Now, SECOND, Tick
from il_ros.types import Mode, Verdict
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from sensor_msgs.msg import JointState

LOG_EVERY_S, BASE_TICK_S = 1.0, 0.005


class DaggerIntervention(Node):
    """Shell around `intervention.arbiter.Arbiter`."""

    def __init__(self) -> None:
        super().__init__('dagger_intervention')
        self.parameters = shell.declare(self, Parameters)
        self.contract = contract = load_contract(self, self.parameters.robot)
        start = Mode[self.parameters.mode.upper()]
        self._arbiter = arbiter = Arbiter(contract, start, self.parameters.settings,
                                          self.parameters.speed)
        self.corrections = Corrections(self, contract.joint_names, self.parameters.corrections)
        self._session, self._seq, self._refused = shell.new_session(), 0, 0
        self._command = self.create_publisher(Command, 'control/command', shell.STREAM)
        self._mode = self.create_publisher(ControlMode, 'control/mode', shell.CHANGES)
        self._leader = self.create_publisher(JointState, 'teleop/target', shell.SENSOR)
        self._diagnostics, self._told_ns = Diagnostics(self), 0
        for kind, topic, take, qos in (
                (TeleopCommand, 'teleop/command', self._on_teleop, shell.STREAM),
                (ActionChunk, 'policy/chunk', self._on_chunk, shell.STREAM),
                (CommandReport, 'control/report', self._on_report, shell.STREAM),
                (HelpRequest, 'dagger/request', self._on_request, shell.STREAM)):
            self.create_subscription(kind, topic, partial(self._take, topic, take=take), qos)
        StateTopics(self, contract, lambda positions, *_: arbiter.measure(
            positions, shell.now(self)))
        for action in (arbiter.take_over, arbiter.hand_back, arbiter.rewind, arbiter.pause,
                       arbiter.resume):
            trigger(self, f'dagger/{action.__name__}', partial(self._ask, action))
        if contract.is_velocity.any():
            self.create_timer(BASE_TICK_S, self._look_at_base, clock=Clock(
                clock_type=ClockType.STEADY_TIME))
        self._tell_changes()

    def tick(self, tick: Tick) -> None:
        """Send one row; between ticks, only a base is stopped."""
        now = shell.now(self)
        step = self._arbiter.tick(now)
        self._tell_changes()
        if step:
            self._send(step, now)
            if step.leader is not None:
                self._leader.publish(messages.from_target(
                    self.contract.joint_names, step.leader, now.ros_ns))
            self.corrections.add(step, now.ros_ns)
        if now.steady_ns - self._told_ns >= SECOND:
            self._tell(self._arbiter.control.state)

    def _send(self, step: Step, now: Now) -> None:
        self._command.publish(Command(
            header=messages.header(now.ros_ns), source_id=self.get_name(),
            session=self._session, seq=self._seq, epoch=self._arbiter.control.state.epoch,
            joint_names=self.contract.joint_names, source=int(step.source),
            positions=step.positions.tolist(),
            sources=[] if step.sources is None else step.sources.tolist()))
        self._seq += 1

    def _look_at_base(self) -> None:
        if step := self._arbiter.stop_base(now := shell.now(self)):
            self._send(step, now)

    def _take(self, topic: str, message: Any, take: Callable[[Any], None]) -> None:
        try:
            take(message)
        except MessageError as error:
            self._refused += 1
            self.get_logger().warning(f'{topic}: {error}', throttle_duration_sec=LOG_EVERY_S)
        self._tell_changes()

    def _ask(self, action: Callable[[Now], str]) -> str:
        answer = action(shell.now(self))
        self._tell_changes()
        return answer

    def _on_teleop(self, message: TeleopCommand) -> None:
        self._arbiter.teleop(messages.to_sample(message), shell.now(self))

    def _on_chunk(self, message: ActionChunk) -> None:
        self._arbiter.chunk(messages.to_chunk(message), shell.now(self))

    def _on_report(self, message: CommandReport) -> None:
        if message.verdict in tuple(Verdict):
            self._arbiter.gate(Verdict(message.verdict), message.rule)

    def _on_request(self, message: HelpRequest) -> None:
        self._arbiter.ask_for_help(messages.to_help(message))

    def _tell_changes(self) -> None:
        control = self._arbiter.control
        changes, control.changes = control.changes, []
        for state in changes:
            self._tell(state)
            self.get_logger().info(f'{state.mode.name} (epoch {state.epoch}): {state.reason}')
            self.corrections.change(state)

    def _tell(self, state: ControlState) -> None:
        self._mode.publish(messages.from_state(state, shell.now_ns(self)))
        self._told_ns = shell.now(self).steady_ns
        self._diagnostics.publish(ERROR if state.mode is Mode.HOLD else OK,
                                  f'{state.mode.name}: {state.reason}',
                                  {'epoch': state.epoch, 'refused messages': self._refused})


def _spin(node: DaggerIntervention) -> None:
    try:
        shell.spin_on_grid(node, round(node.contract.period_ns / node.parameters.speed), node.tick)
    finally:
        node.corrections.close()


def main() -> int:
    """Run the node."""
    return shell.main(DaggerIntervention, _spin, first=True)


if __name__ == '__main__':
    raise SystemExit(main())
