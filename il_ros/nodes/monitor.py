"""monitor: what the system does, for RViz and as diagnostics."""
from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
import time
from typing import Any

from il_ros.alignment.decode import reorder
from il_ros.errors import MessageError
from il_ros.joints import NewestJoints
from il_ros.msg import ActionChunk, CommandReport, ControlMode
from il_ros.nodes import shell
from il_ros.nodes.display.arms import Arms
from il_ros.nodes.display.colours import NEAR
from il_ros.nodes.display.markers import markers
from il_ros.nodes.shared import control_messages as messages
from il_ros.nodes.shared.heard import Heard
from il_ros.nodes.shared.help_requests import HelpRequests
from il_ros.nodes.shared.robot import load_contract
from il_ros.nodes.shared.services import Diagnostics, ERROR, OK, WARN
from il_ros.nodes.shared.streams import Streams
from il_ros.safety.limits import Limits
from il_ros.safety.proximity import proximity_by_name
from il_ros.timing import SECOND
from il_ros.types import Floats, Mode, Verdict
import numpy as np
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from sensor_msgs.msg import JointState
from visualization_msgs.msg import MarkerArray

MARKER_PERIOD_S = 0.1
DIAGNOSTICS_PERIOD_S = 0.5
SILENT_NS = SECOND // 2
MODE_SILENT_NS = 5 * SECOND // 2   # sent once a second


@dataclass(frozen=True)
class Parameters:
    """ROS parameters.

    Attributes:
        robot: Name or file of the contract.
        frame: TF frame of the URDF's root.
    """

    robot: str = 'sim_arm'
    frame: str = 'base'


class Monitor(Node):
    """Listens to everything and commands nothing."""

    def __init__(self) -> None:
        super().__init__('monitor')
        parameters = shell.declare(self, Parameters)
        self._frame = parameters.frame
        self._contract = contract = load_contract(self, parameters.robot)
        self._limits = Limits.of(contract)
        self._arms = Arms(contract)
        self._joints = NewestJoints(contract.joint_names)
        self._rows: Floats = np.empty((0, 0))
        self._mode = ControlMode(mode=int(Mode.PAUSED), reason='the arbiter was not heard')
        self._longest_ns = {**dict.fromkeys(contract.state_topics, SILENT_NS),
                            'control/report': SILENT_NS,
                            'control/mode': MODE_SILENT_NS, 'policy/chunk': SILENT_NS}
        self._heard, self._help = Heard(self._longest_ns), HelpRequests(self)
        self._verdicts: Counter[str] = Counter()
        Streams(self, contract, self._on_state).follow(contract.state_topics)
        self.create_subscription(ActionChunk, 'policy/chunk', self._on_chunk, shell.STREAM)
        self.create_subscription(ControlMode, 'control/mode', self._on_mode, shell.LATCHED)
        self.create_subscription(CommandReport, 'control/report', self._on_report, shell.STREAM)
        self._whole = self.create_publisher(JointState, 'monitor/joint_states', shell.STREAM)
        self._markers = self.create_publisher(MarkerArray, 'monitor/markers', shell.STREAM)
        self._diagnostics = Diagnostics(self)
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(MARKER_PERIOD_S, self._show, clock=steady)
        self.create_timer(DIAGNOSTICS_PERIOD_S, self._diagnose, clock=steady)

    def _on_state(self, topic: str, stamp_ns: int, positions: Any) -> None:
        self._heard.hear(topic, time.monotonic_ns())
        self._joints.take(positions, time.monotonic_ns())

    def _on_chunk(self, message: ActionChunk) -> None:
        self._heard.hear('policy/chunk', time.monotonic_ns())
        width = max(len(message.joint_names), 1)
        try:
            self._rows = np.array([
                reorder(self._contract, message.joint_names, row, 'policy/chunk')
                for row in np.reshape(message.positions, (-1, width))])
        except (MessageError, ValueError) as error:
            self.get_logger().warning(f'policy/chunk: {error}', throttle_duration_sec=1.0)

    def _on_mode(self, message: ControlMode) -> None:
        self._heard.hear('control/mode', time.monotonic_ns())
        if message.mode in tuple(Mode):
            self._mode = message

    def _on_report(self, message: CommandReport) -> None:
        self._heard.hear('control/report', time.monotonic_ns())
        if message.verdict in tuple(Verdict):
            self._verdicts[f'{Verdict(message.verdict).name} {message.rule}'.strip()] += 1

    def _near(self) -> dict[str, float]:
        grippers = [gripper.joint for gripper in self._contract.grippers.values()]
        state = self._joints.whole
        return {} if state is None else proximity_by_name(state, self._limits, grippers)

    def _show(self) -> None:
        if (state := self._joints.whole) is None:
            return
        fresh = self._heard.silent_ns('policy/chunk', time.monotonic_ns()) < SILENT_NS
        header, mode = messages.header(shell.now_ns(self), self._frame), Mode(self._mode.mode)
        joints = np.flatnonzero(~self._contract.is_velocity).tolist()
        self._whole.publish(JointState(
            header=header, name=[self._contract.joint_names[joint] for joint in joints],
            position=state[joints].tolist()))
        text = '\n'.join(filter(None, [mode.name, self._mode.reason]))
        views = self._arms.show(state, self._rows if fresh else self._rows[:0], mode,
                                self._near(), text)
        self._markers.publish(markers(header, mode, views, self._help.text))

    def _diagnose(self) -> None:
        now_ns = time.monotonic_ns()
        silent = [topic for topic, longest_ns in self._longest_ns.items()
                  if self._heard.silent_ns(topic, now_ns) > longest_ns
                  and (topic != 'policy/chunk' or self._mode.mode == Mode.AUTONOMOUS)]
        silent += filter(None, [self._joints.silent_joint(now_ns, SILENT_NS)])
        level, text = OK, Mode(self._mode.mode).name
        if near := [name for name, value in self._near().items() if value > NEAR]:
            level, text = WARN, f'near the limit: {", ".join(near)}'
        if self._help.text:
            level, text = WARN, self._help.text
        if self._mode.mode == Mode.HOLD:
            level, text = ERROR, f'HOLD: {self._mode.reason}'
        if silent:
            level, text = ERROR, f'silent: {", ".join(silent)}'
        rates = {f'{topic} [Hz]': rate for topic, rate in self._heard.rates(now_ns).items()}
        self._diagnostics.publish(level, text, {**rates, **self._verdicts})


def main() -> int:
    """Run the node."""
    return shell.main(Monitor)


if __name__ == '__main__':
    raise SystemExit(main())
