"""help_gate: watches policy and robot, and asks for a person on dagger/request."""
from __future__ import annotations

from dataclasses import dataclass
import math
from pathlib import Path

from il_ros.alignment.aligner import Aligner, Unavailable
from il_ros.alignment.decode import reorder
from il_ros.contract import Contract, require_same
from il_ros.errors import ConfigError, MessageError
from il_ros.intervention.gates import files
from il_ros.intervention.gates.gate import Decision
from il_ros.intervention.gates.watcher import Watcher
from il_ros.msg import ActionChunk, ControlMode, HelpRequest, TeleopCommand
from il_ros.nodes import control_messages as messages
from il_ros.nodes import shell
from il_ros.nodes.services import Diagnostics, OK, WARN
from il_ros.nodes.streams import Streams
from il_ros.policies.checkpoint import read
from il_ros.timing import to_ns
from il_ros.types import Floats, Mode
from rclpy.clock import Clock, ClockType
from rclpy.node import Node

LOG_EVERY_S = 1.0


@dataclass(frozen=True)
class Parameters:
    """ROS parameters.

    Attributes:
        robot: Name or file of the contract.
        checkpoint: Folder of the policy, with the gate that `il_ros train --gate` put there.
        gate: 'ensemble', 'safe', 'lazy' or 'thrifty'.
        lasting_s: How long a gate has to ask before a request is made.
        chi: Doubt above which 'ensemble' asks; 0 takes the learnt one.
    """

    robot: str = 'sim_arm'
    checkpoint: str = ''
    gate: str = 'ensemble'
    lasting_s: float = 0.2
    chi: float = 0.0

    def __post_init__(self) -> None:
        if not self.checkpoint:
            raise ConfigError('checkpoint: expected the folder of a policy with a gate; see '
                              'il_ros train --gate')
        if min(self.lasting_s, self.chi) < 0:
            raise ConfigError(f'lasting_s {self.lasting_s}, chi {self.chi}: expected 0 or more')


class HelpGate(Node):
    """Shell around `intervention.gates.watcher.Watcher`; answers every chunk with a request."""

    def __init__(self) -> None:
        super().__init__('help_gate')
        p = shell.declare(self, Parameters)
        folder = Path(p.checkpoint)
        self._contract = contract = Contract.load(p.robot)
        description = read(folder)
        require_same(contract, description.contract, 'this robot', 'the checkpoint')
        steps = math.ceil(to_ns(p.lasting_s) / contract.period_ns)
        self._name = p.gate
        self._watcher = Watcher(p.gate, *files.read(folder, description), steps, p.chi or None)
        self._aligner = Aligner(contract)
        self._mode = Mode.PAUSED
        self._human: Floats | None = None
        self._newest = Decision(False, 'no chunk of the policy yet')
        self._streams = Streams(self, contract, self._aligner.push)
        self._streams.follow(self._aligner.topics)
        self._request = self.create_publisher(HelpRequest, 'dagger/request', shell.STREAM)
        self._diagnostics = Diagnostics(self)
        self.create_subscription(ActionChunk, 'policy/chunk', self._on_chunk, shell.STREAM)
        self.create_subscription(TeleopCommand, 'teleop/command', self._on_teleop, shell.STREAM)
        self.create_subscription(ControlMode, 'control/mode', self._on_mode, shell.LATCHED)
        self.create_timer(1.0, self._diagnose, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def _on_chunk(self, message: ActionChunk) -> None:
        stamp_ns = shell.stamp_ns(message.header.stamp)
        width = len(message.joint_names)
        try:
            target = reorder(self._contract, message.joint_names, message.positions[:width],
                             'policy/chunk')
        except MessageError as error:
            self.get_logger().warning(str(error), throttle_duration_sec=LOG_EVERY_S)
            return
        observation = self._aligner.observe(stamp_ns)
        if isinstance(observation, Unavailable):
            self.get_logger().warning(f'{observation.topic}: {observation.reason}',
                                      throttle_duration_sec=LOG_EVERY_S)
            return
        doubt = message.uncertainty[0] if message.uncertainty else math.nan
        human = self._human if self._mode is Mode.CORRECTING else None
        before, self._newest = self._newest, self._watcher.decide(
            observation, target, doubt, human, self._mode is Mode.AUTONOMOUS)
        self._publish(self._newest, stamp_ns)
        if self._newest.human and not before.human:
            self.get_logger().warning(f'asks for help: {self._newest.reason} '
                                      f'({self._newest.score:.3g}, from '
                                      f'{self._newest.threshold:.3g} on)')

    def _publish(self, decision: Decision, stamp_ns: int) -> None:
        self._request.publish(HelpRequest(
            header=messages.header(stamp_ns), source_id=f'{self.get_name()} {self._name}',
            active=decision.human, reason=decision.reason, score=decision.score,
            threshold=decision.threshold))

    def _on_teleop(self, message: TeleopCommand) -> None:
        self._human = None
        if message.engaged:
            try:
                self._human = reorder(self._contract, message.joint_names, message.positions,
                                      'teleop/command')
            except MessageError as error:
                self.get_logger().warning(str(error), throttle_duration_sec=LOG_EVERY_S)

    def _on_mode(self, message: ControlMode) -> None:
        before, self._mode = self._mode, Mode(message.mode)
        if before is Mode.AUTONOMOUS and self._mode is not before:
            self._watcher.end_episode()

    def _diagnose(self) -> None:
        newest = self._newest
        text = newest.reason or 'the policy needs nobody'
        self._diagnostics.publish(WARN if newest.human else OK, text, {
            'gate': self._watcher.gate, 'score': newest.score, 'threshold': newest.threshold})


def main() -> int:
    """Run the node."""
    return shell.main(HelpGate)


if __name__ == '__main__':
    raise SystemExit(main())
