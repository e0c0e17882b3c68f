"""policy/load: the service that waits until the runner has loaded, and what is at work."""
from __future__ import annotations

from il_ros.errors import CheckpointError, IlRosError
from il_ros.execution.runner import PolicyRunner
from il_ros.execution.worker import Failure
from il_ros.nodes import shell
from il_ros.policies.source import parse_place, Place
from il_ros.srv import LoadPolicy
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.node import Node
from rclpy.task import Future
from std_msgs.msg import String


class PolicyLoading:
    """Loads policies by the service; the policy at work goes on meanwhile.

    Whose thresholds depend on the policy learns from policy/checkpoint which one is at work.
    """

    def __init__(self, node: Node, runner: PolicyRunner) -> None:
        self._runner = runner
        self._answer: Future | None = None
        self._at_work = node.create_publisher(String, 'policy/checkpoint', shell.LATCHED)
        node.create_service(LoadPolicy, 'policy/load', self._load,
                            callback_group=MutuallyExclusiveCallbackGroup())

    def finish(self, activate: bool) -> Place | None:
        """Answer who asked once a policy is ready or failed; return the one that is ready now.

        Raises:
            CheckpointError: What failed to load was not asked for by the service.
        """
        found = self._runner.loaded(activate=activate)
        if isinstance(found, Failure) and self._answer is None:
            raise CheckpointError(found.reason)  # the checkpoint of the parameter
        if found and self._answer:
            self._answer.set_result(found)
            self._answer = None
        if found is None or isinstance(found, Failure):
            return None
        self._at_work.publish(String(data=str(found)))
        return found

    async def _load(self, request: LoadPolicy.Request,
                    response: LoadPolicy.Response) -> LoadPolicy.Response:
        try:
            self._runner.load(parse_place(request.checkpoint))
        except IlRosError as error:
            response.message = str(error)
            return response
        self._answer = Future()
        found = await self._answer
        response.success = not isinstance(found, Failure)
        response.message = f'loaded {found}' if response.success else found.reason
        return response
