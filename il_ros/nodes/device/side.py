"""One robot as the operator's device sees it and tells it: topics in that robot's namespace."""
from __future__ import annotations

from collections.abc import Callable, Mapping

from il_ros.alignment.aligner import Aligner, Unavailable
from il_ros.contract import Contract
from il_ros.msg import ControlMode, TeleopCommand
from il_ros.nodes import shell
from il_ros.nodes.device.capture_keys import CaptureKeys
from il_ros.nodes.shared import control_messages as messages
from il_ros.nodes.shared.help_requests import HelpRequests
from il_ros.nodes.shared.streams import Streams
from il_ros.srv import ResetSim
from il_ros.teleop.device import DeviceContext, Intent
from il_ros.teleop.inputs import Heard
from il_ros.teleop.share import Share
from il_ros.types import Mode
import numpy as np
from rclpy.node import Node


class Side:
    """Listens to a robot and publishes teleop/command.

    Attributes:
        contract: The robot.
        waiting: What is not known of it, and why; '' where it is seen.
    """

    def __init__(self, node: Node, contract: Contract, name: str, share: Share,
                 reset: Callable[[int], str], succeeded: Callable[[], None]) -> None:
        """Subscribe and advertise.

        Args:
            node: In the robot's namespace.
            contract: The robot.
            name: Among several; '' for the only one.
            share: What of the robot the device drives.
            reset: Lets the device go, for a seed; returns what to answer.
            succeeded: Hears of an episode that was recorded as a success.
        """
        self.contract, self.waiting, self._share = contract, '', share
        self._node, self._name, self._reset = node, name, reset
        self._aligner = Aligner(contract)
        self._mode = Mode.PAUSED
        self._help = HelpRequests(node)
        self._session, self._seq = shell.new_session(), 0
        self._command = node.create_publisher(TeleopCommand, 'teleop/command', shell.NEWEST)
        self._capture = CaptureKeys(node, succeeded)
        Streams(node, contract, self._aligner.push).follow(self._aligner.topics)
        node.create_subscription(ControlMode, 'control/mode', self._on_mode, shell.LATCHED)
        node.create_service(ResetSim, 'teleop/reset', self._on_reset)

    def context(self, heard: Mapping[str, Heard]) -> DeviceContext:
        """Return what a device may know now; without a state the start pose and HOLD."""
        now_ns = shell.now_ns(self._node)
        seen = self._aligner.observe(now_ns)
        known = not isinstance(seen, Unavailable)
        self.waiting = f'waiting for {seen.topic}: {seen.reason}' if isinstance(
            seen, Unavailable) else ''
        return DeviceContext(
            np.array(self.contract.start) if isinstance(seen, Unavailable) else seen.state,
            np.empty(0) if isinstance(seen, Unavailable) else seen.environment,
            now_ns, self._mode if known else Mode.HOLD, heard, self._help.text,
            robot=self._name, velocities=self.contract.is_velocity)

    def tell(self, who: str, intent: Intent) -> None:
        """Publish what the operator at a device wants of this robot."""
        columns = self._share.columns(intent)
        names = self.contract.joint_names
        self._command.publish(TeleopCommand(
            header=messages.header(shell.now_ns(self._node)), source_id=who,
            session=self._session, seq=self._seq, engaged=intent.engaged,
            request=int(intent.request), joint_names=[names[column] for column in columns],
            positions=intent.positions[columns].tolist()))
        self._seq += 1
        if intent.capture:
            self._capture.ask(intent.capture)

    def _on_mode(self, message: ControlMode) -> None:
        if message.mode in tuple(Mode):
            self._mode = Mode(message.mode)

    def _on_reset(self, request: ResetSim.Request,
                  response: ResetSim.Response) -> ResetSim.Response:
        response.success, response.message = True, self._reset(request.seed)
        return response
