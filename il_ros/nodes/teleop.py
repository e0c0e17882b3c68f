"""teleop: publishes what the operator of a device wants, at the control rate."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from il_ros.alignment.aligner import Aligner, Unavailable
from il_ros.config import LIVE, OneOf, Range
from il_ros.errors import ConfigError
from il_ros.msg import ControlMode, TeleopCommand
from il_ros.nodes import shell
from il_ros.nodes.device.capture_keys import CaptureKeys
from il_ros.nodes.shared import control_messages as messages
from il_ros.nodes.shared.help_requests import HelpRequests
from il_ros.nodes.shared.robot import load_contract
from il_ros.nodes.shared.streams import Streams
from il_ros.srv import ResetSim
from il_ros.teleop.device import DeviceContext, ENGAGE, Pad
from il_ros.teleop.devices import DEVICES, open_device
from il_ros.teleop.layout import AUTO
from il_ros.timing import Tick
from il_ros.types import Mode
from rclpy.node import Node
from sensor_msgs.msg import Joy

LOG_EVERY_S = 2.0


@dataclass(frozen=True)
class Parameters:
    """ROS parameters.

    Attributes:
        robot: Name or file of the contract.
        device: Name of the device.
        seed: Habits of the scripted operator.
        engage: When the scripted operator drives: 'always', 'supervised' or 'never'; may be
            changed while the node runs.
        speed: Robot time per steady time.
        task: Of the simulation, that the scripted operator does; the robot's first when empty.
        layout: Of a gamepad: a name under config/gamepads, a file, or 'auto': by its numbers of
            axes and buttons.
    """

    robot: str = 'sim_arm'
    device: Annotated[str, OneOf(DEVICES)] = 'keyboard'
    seed: Annotated[int, Range(0, 2**31 - 1)] = 0
    engage: Annotated[str, OneOf(ENGAGE), LIVE] = 'always'
    speed: Annotated[float, Range(0.001, 1000.0)] = 1.0
    task: str = ''
    layout: str = AUTO

    def __post_init__(self) -> None:
        if self.engage not in ENGAGE:
            raise ConfigError(f'engage: expected one of {", ".join(ENGAGE)}, got {self.engage!r}')
        if self.speed <= 0:
            raise ConfigError(f'speed: expected more than 0, got {self.speed}')


class Teleop(Node):
    """Shell around a `teleop.device.Device`; silent while it does not know the robot's state."""

    def __init__(self) -> None:
        super().__init__('teleop')
        parameters = shell.declare(self, Parameters, self._change)
        self.contract = contract = load_contract(self, parameters.robot)
        self.period_ns = round(contract.period_ns / parameters.speed)
        self._aligner = Aligner(contract)
        self._mode = Mode.PAUSED
        self._pad: Pad | None = None
        self._help = HelpRequests(self)
        self._session, self._seq = shell.new_session(), 0
        self._command = self.create_publisher(TeleopCommand, 'teleop/command', shell.NEWEST)
        self._capture = CaptureKeys(self)
        Streams(self, contract, self._aligner.push).follow(self._aligner.topics)
        self.create_subscription(ControlMode, 'control/mode', self._on_mode, shell.LATCHED)
        self.create_subscription(Joy, 'joy', self._on_joy, shell.SENSOR)
        self.create_service(ResetSim, 'teleop/reset', self._on_reset)
        self.device = open_device(parameters.device, contract, parameters.seed, parameters.engage,
                                  parameters.task, parameters.layout)

    def tick(self, tick: Tick) -> None:
        """Read the device and publish what it says."""
        now_ns = shell.now_ns(self)
        seen = self._aligner.observe(now_ns)
        if isinstance(seen, Unavailable):
            self.get_logger().warning(f'waiting for {seen.topic}: {seen.reason}',
                                      throttle_duration_sec=LOG_EVERY_S)
            return
        intent = self.device.read(DeviceContext(
            seen.state, seen.environment, now_ns, self._mode, self._pad, self._help.text))
        if self.device.notice:
            self.get_logger().warning(self.device.notice, throttle_duration_sec=LOG_EVERY_S)
        if intent is None:
            return
        self._command.publish(TeleopCommand(
            header=messages.header(now_ns), source_id=self.device.name, session=self._session,
            seq=self._seq, engaged=intent.engaged, request=int(intent.request),
            joint_names=self.contract.joint_names, positions=intent.positions.tolist()))
        self._seq += 1
        if intent.capture:
            self._capture.ask(intent.capture)

    def _on_mode(self, message: ControlMode) -> None:
        if message.mode in tuple(Mode):
            self._mode = Mode(message.mode)

    def _on_joy(self, message: Joy) -> None:
        self._pad = Pad(tuple(message.axes), tuple(message.buttons), shell.now_ns(self))

    def _on_reset(self, request: ResetSim.Request,
                  response: ResetSim.Response) -> ResetSim.Response:
        self.device.reset(request.seed)
        response.success, response.message = True, f'{self.device.name}: seed {request.seed}'
        return response

    def _change(self, parameters: Parameters) -> None:
        if hasattr(self.device, 'engage'):  # a person decides by hand
            self.device.engage = parameters.engage


def _spin(node: Teleop) -> None:
    try:
        shell.spin_on_grid(node, node.period_ns, node.tick)
    finally:
        node.device.close()


def main() -> int:
    """Run the node."""
    shell.ask_for_priority()
    return shell.main(Teleop, _spin)


if __name__ == '__main__':
    raise SystemExit(main())
