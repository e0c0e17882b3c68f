"""Calls the services of `panel.actions`, and no others."""
from __future__ import annotations

import asyncio
from typing import Any

from il_ros.panel.actions import Action, ACTIONS
from il_ros.panel.robot import Answer
from il_ros.srv import StopCapture
from rclpy.node import Node
from std_srvs.srv import Trigger

ANSWER_S = 2.0


class Hands:
    """One client per service, made once; answers come to the loop that asked."""

    def __init__(self, node: Node) -> None:
        """Make the clients; the list is closed."""
        kinds = {action.service: StopCapture if action.outcome else Trigger
                 for action in ACTIONS.values()}
        self._clients = {name: node.create_client(kind, name) for name, kind in kinds.items()}

    async def call(self, action: Action) -> Answer:
        """Return the answer of an action's service within 2 s; never raises."""
        client = self._clients[action.service]
        if not client.service_is_ready():
            return Answer(False, f'nobody offers {action.service}: start {action.node}')
        request = (StopCapture.Request(outcome=action.outcome, keep=True) if action.outcome
                   else Trigger.Request())
        loop = asyncio.get_running_loop()
        answered: asyncio.Future[Any] = loop.create_future()

        def take(done: Any) -> None:
            loop.call_soon_threadsafe(_put, answered, done)

        future = client.call_async(request)
        future.add_done_callback(take)
        try:
            response = await asyncio.wait_for(answered, ANSWER_S)
        except asyncio.TimeoutError:
            client.remove_pending_request(future)
            return Answer(False, f'no answer of {action.service} within {ANSWER_S:.0f} s; look '
                                 'at what the page shows')
        if response is None:
            return Answer(False, f'{action.service} failed; see the log of {action.node}')
        return Answer(bool(response.success), str(response.message))


def _put(answered: asyncio.Future[Any], done: Any) -> None:
    if not answered.done():
        answered.set_result(None if done.exception() is not None else done.result())
