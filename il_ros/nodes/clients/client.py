"""A client of the running graph: calls services with a deadline."""
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
import time
from typing import Any

from il_ros.errors import IlRosError
from il_ros.nodes import shell
from il_ros.nodes.clients.episode_watch import EpisodeWatch
from il_ros.nodes.clients.namespace import namespace_of
from il_ros.srv import LoadPolicy, ResetSim, StartCapture, StopCapture
from rcl_interfaces.srv import SetParameters
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.parameter import Parameter
from std_srvs.srv import Trigger

LOAD_TIMEOUT_S = 120.0  # a large network on a busy machine


class Client:
    """Waits for answers with a deadline; a refused call raises with the node's reason.

    Args:
        alive: Called while waiting; raises when the graph is broken.
        domain: ROS domain to join.
        namespace: Where the graph's topics and services are.
    """

    def __init__(self, alive: Callable[[], None] = lambda: None,
                 domain: int | None = None, namespace: str = '') -> None:
        self._alive, space = alive, namespace_of(namespace)
        shell.prepare_transport(images=False)
        self._context = rclpy.Context()
        self._context.init(domain_id=domain)
        self.node = rclpy.create_node('il_ros_client', context=self._context, namespace=space)
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self.node)
        self._clients: dict[str, Any] = {}
        self.watch = EpisodeWatch(self.node)

    def close(self) -> None:
        """Leave the graph."""
        self._executor.shutdown()
        self.node.destroy_node()
        self._context.try_shutdown()

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
            client = self._clients[name] = self.node.create_client(kind, name)
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

    def trigger_until_accepted(self, name: str, timeout_s: float,
                               unless: Callable[[], bool] = lambda: False) -> str:
        """Call a Trigger service again until it accepts; raise its last reason after that.

        Args:
            name: The service.
            timeout_s: How long to ask.
            unless: What ends the asking at the next refusal.
        """
        return str(self._until_accepted(Trigger, name, Trigger.Request(), timeout_s,
                                        unless).message)

    def start_capture(self, timeout_s: float, task: str = '') -> None:
        """Start an episode as soon as the recorder accepts; raise its last reason after that.

        Args:
            timeout_s: How long to ask.
            task: Of this episode; the recorder's when empty.
        """
        self._until_accepted(StartCapture, 'capture/start_task', StartCapture.Request(task=task),
                             timeout_s)

    def _until_accepted(self, kind: Any, name: str, request: Any, timeout_s: float,
                        unless: Callable[[], bool] = lambda: False) -> Any:
        end = time.monotonic() + timeout_s
        while True:
            try:
                return self.call(kind, name, request)
            except IlRosError:
                if time.monotonic() >= end or unless():
                    raise
            self.wait(unless, 0.1)

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
        """Let the policy node take another checkpoint and wait until it runs.

        Raises:
            IlRosError: It cannot; the policy at work stays.
        """
        self.call(LoadPolicy, 'policy/load', LoadPolicy.Request(
            checkpoint=str(checkpoint.resolve())), LOAD_TIMEOUT_S)

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
