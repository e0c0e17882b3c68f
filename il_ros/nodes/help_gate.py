"""help_gate: watches policy and robot, and asks for a person on dagger/request."""
from __future__ import annotations

import math
from pathlib import Path

from il_ros.alignment.aligner import Aligner, Unavailable
from il_ros.alignment.decode import reorder
from il_ros.contract import require_same
from il_ros.errors import IlRosError, MessageError
from il_ros.intervention.gates import files
from il_ros.intervention.gates.gate import Decision
from il_ros.intervention.gates.watcher import Watcher
from il_ros.intervention.shares import Shares
from il_ros.msg import ActionChunk, ControlMode, HelpRequest, TeleopCommand
from il_ros.nodes import shell
from il_ros.nodes.help.parameters import Parameters
from il_ros.nodes.shared import control_messages as messages
from il_ros.nodes.shared.robot import load_contract
from il_ros.nodes.shared.services import Diagnostics, ERROR, OK, WARN
from il_ros.nodes.shared.streams import Streams
from il_ros.policies.checkpoint import read
from il_ros.timing import to_ns
from il_ros.types import Floats, Mode
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from std_msgs.msg import String

LOG_EVERY_S = 1.0
CALM = Decision(False, 'no chunk of the policy yet')


class HelpGate(Node):
    """Shell around `intervention.gates.watcher.Watcher`; answers every chunk with a request.

    Thresholds belong to one policy's weights. When policy/checkpoint names others, their own gate
    takes over; where there is none, nothing is asked, and log and diagnostics say so.
    """

    def __init__(self) -> None:
        super().__init__('help_gate')
        self._settings = p = shell.declare(self, Parameters)
        self._contract = contract = load_contract(self, p.robot)
        self._steps = math.ceil(to_ns(p.lasting_s) / contract.period_ns)
        self._weights = self._unwatched = ''
        self._watcher: Watcher | None = None
        self._newest = CALM
        self._watch(Path(p.checkpoint))
        self._aligner = Aligner(contract)
        self._mode = Mode.PAUSED
        self._human: Floats | None = None
        self._shares = Shares(contract)
        self._streams = Streams(self, contract, self._aligner.push)
        self._streams.follow(self._aligner.topics)
        self._request = self.create_publisher(HelpRequest, 'dagger/request', shell.STREAM)
        self._diagnostics = Diagnostics(self)
        self.create_subscription(ActionChunk, 'policy/chunk', self._on_chunk, shell.STREAM)
        self.create_subscription(String, 'policy/checkpoint', self._on_checkpoint, shell.LATCHED)
        self.create_subscription(TeleopCommand, 'teleop/command', self._on_teleop, shell.STREAM)
        self.create_subscription(ControlMode, 'control/mode', self._on_mode, shell.LATCHED)
        self.create_timer(1.0, self._diagnose, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def _watch(self, folder: Path) -> None:
        description = read(folder)
        require_same(self._contract, description.contract, 'this robot', 'the checkpoint')
        model, inputs = files.read(folder, description)
        if model.record.policy != self._weights:
            self._watcher = Watcher(self._settings.gate, model, inputs, self._steps,
                                    self._settings.chi or None)
            self._weights, self._unwatched, self._newest = model.record.policy, '', CALM

    def _on_checkpoint(self, message: String) -> None:
        before = self._weights
        try:
            self._watch(Path(message.data))
        except IlRosError as error:
            self._watcher, self._weights, self._unwatched = None, '', str(error)
            self.get_logger().error(f'the policy at work is not watched: {error}')
        else:
            if self._weights != before:
                self.get_logger().info(f'watches {message.data}')
        if self._weights != before:  # what the other policy's thresholds asked for is void
            self._publish(CALM, shell.now_ns(self))

    def _on_chunk(self, message: ActionChunk) -> None:
        if self._watcher is None:
            return
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
            header=messages.header(stamp_ns), active=decision.human,
            source_id=f'{self.get_name()} {self._settings.gate}',
            reason=decision.reason if decision.human else '', score=decision.score,
            threshold=decision.threshold))

    def _on_teleop(self, message: TeleopCommand) -> None:
        self._human = None
        if message.engaged:
            try:
                self._human = self._shares.row(message.joint_names, message.positions)
            except MessageError as error:
                self.get_logger().warning(f'teleop/command: {error}',
                                          throttle_duration_sec=LOG_EVERY_S)

    def _on_mode(self, message: ControlMode) -> None:
        before, self._mode = self._mode, Mode(message.mode)
        if self._watcher and before is Mode.AUTONOMOUS and self._mode is not before:
            self._watcher.end_episode()

    def _diagnose(self) -> None:
        newest, watcher = self._newest, self._watcher
        if watcher is None:
            self._diagnostics.publish(
                ERROR, f'the policy at work is not watched: {self._unwatched}', {})
            return
        self._diagnostics.publish(
            WARN if newest.human else OK, newest.reason or 'the policy needs nobody',
            {'gate': watcher.gate, 'score': newest.score, 'threshold': newest.threshold})


def main() -> int:
    """Run the node."""
    return shell.main(HelpGate)


if __name__ == '__main__':
    raise SystemExit(main())
