"""A client of the running graph: calls services, sees mode and success."""
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
import time
from typing import Any

from il_ros.errors import IlRosError
from il_ros.msg import CommandReport, ControlMode
from il_ros.nodes import shell
from il_ros.srv import LoadPolicy, ResetSim, StopCapture
from il_ros.types import Mode, Verdict
from rcl_interfaces.srv import SetParameters
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from std_msgs.msg import Bool
from std_srvs.srv import Trigger


class Client:
    """Waits for answers with a deadline; a refused call raises with the node's reason.

    Args:
        alive: Called while waiting; raises when the graph is broken.
        domain: ROS domain to join.
    """

    def __init__(self, alive: Callable[[], None] = lambda: None,
                 domain: int | None = None) -> None:
        self._alive = alive
        self._context = rclpy.Context()
        self._context.init(domain_id=domain)
        self._node = rclpy.create_node('il_ros_client', context=self._context)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._clients: dict[str, Any] = {}
        self.success = False
        self.mode: Mode | None = None
        self.held = False
        self.interventions = 0
        self.human_ns = 0
        self._mode_since_ns = 0
        self._node.create_subscription(Bool, 'sim/success', self._on_success, shell.LATCHED)
        self._node.create_subscription(ControlMode, 'control/mode', self._on_mode, shell.LATCHED)

        self._node.create_subscription(CommandReport, 'control/report', self._on_report,
                                       shell.STREAM)

    def close(self) -> None:
        """Leave the graph."""
        self._executor.shutdown()
        self._node.destroy_node()
        self._context.try_shutdown()

    def _on_success(self, message: Bool) -> None:
        self.success = message.data

    def _on_report(self, message: CommandReport) -> None:
        if message.verdict != Verdict.REJECTED:
            self.held = message.verdict == Verdict.HELD

    @property
    def stopped(self) -> bool:
        """Whether gate or arbiter holds the robot because of a fault."""
        return self.held or self.mode is Mode.HOLD

    def _on_mode(self, message: ControlMode) -> None:
        stamp_ns = shell.stamp_ns(message.header.stamp)
        if self.mode is Mode.CORRECTING:
            self.human_ns += stamp_ns - self._mode_since_ns
        mode = Mode(message.mode)
        self.interventions += mode is Mode.CORRECTING and self.mode is not Mode.CORRECTING
        self.mode, self._mode_since_ns = mode, stamp_ns

    def begin_episode(self) -> None:
        """Forget success and interventions of the episode before."""
        self.success, self.interventions, self.human_ns = False, 0, 0

    def wait(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        """Serve messages until the condition holds; False after the deadline."""
        end = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() >= end:
                return False
            self._alive()
            self._executor.spin_once(timeout_sec=0.02)
        return True

    def call(self, kind: Any, name: str, request: Any, timeout_s: float = 20.0) -> Any:
        """Return the response of a service.

        Raises:
            IlRosError: It is not there, does not answer, or refuses (with its reason).
        """
        client = self._clients.get(name)
        if client is None:
            client = self._clients[name] = self._node.create_client(kind, name)
        if not self.wait(client.service_is_ready, timeout_s):
            raise IlRosError(f'service {name} did not appear within {timeout_s:g} s; '
                             'is its node running in this ROS domain?')
        future = client.call_async(request)
        if not self.wait(future.done, timeout_s):
            raise IlRosError(f'service {name} did not answer within {timeout_s:g} s')
        response = future.result()
        if not getattr(response, 'success', True):
            raise IlRosError(f'{name} refused: {response.message}')
        return response

    def trigger(self, name: str) -> str:
        """Call a std_srvs/Trigger service and return its message."""
        return str(self.call(Trigger, name, Trigger.Request()).message)

    def trigger_until_accepted(self, name: str, timeout_s: float) -> str:
        """Call a Trigger service again until it accepts; raise its last reason after that."""
        end = time.monotonic() + timeout_s
        while True:
            try:
                return self.trigger(name)
            except IlRosError:
                if time.monotonic() >= end:
                    raise
            self.wait(lambda: False, 0.1)

    def reset(self, service: str, seed: int, disturb: bool = False,
              action_noise: float = 0.0) -> None:
        """Call a reset service: sim/reset or teleop/reset."""
        self.call(ResetSim, service, ResetSim.Request(
            seed=seed, disturb=disturb, action_noise=action_noise))

    def stop_capture(self, outcome: str, keep: bool = True) -> Path:
        """End the running episode and return its folder."""
        response = self.call(StopCapture, 'capture/stop',
                             StopCapture.Request(outcome=outcome, keep=keep))
        return Path(response.episode)

    def load_policy(self, checkpoint: Path) -> None:
        """Load a checkpoint into policy_inference."""
        self.call(LoadPolicy, 'policy/load', LoadPolicy.Request(checkpoint=str(checkpoint)), 60.0)

    def set_parameter(self, node: str, name: str, value: object) -> None:
        """Set a parameter of a running node.

        Raises:
            IlRosError: The node refuses it.
        """
        request = SetParameters.Request(
            parameters=[Parameter(name, value=value).to_parameter_msg()])
        result = self.call(SetParameters, f'{node}/set_parameters', request).results[0]
        if not result.successful:
            raise IlRosError(f'{node} refused {name} = {value!r}: {result.reason}')
