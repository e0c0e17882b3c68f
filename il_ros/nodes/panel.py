"""panel: the operator's page; publishes nothing, calls the services of a closed list."""
from __future__ import annotations

import asyncio
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path
import secrets
from threading import Thread
from typing import Any

from il_ros.nodes import shell
from il_ros.nodes.operating.ears import Ears
from il_ros.nodes.operating.eyes import Eyes
from il_ros.nodes.operating.hands import Hands
from il_ros.nodes.operating.opening import tell, tls_context
from il_ros.nodes.operating.parameters import Parameters
from il_ros.nodes.shared.robot import load_contract
from il_ros.panel.hub import Hub
from il_ros.panel.reports import Reports
from il_ros.panel.robot import CameraName
from il_ros.panel.server import Place, Server
from il_ros.panel.state import Board
import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node

JOIN_S = 2.0


class Panel(Node):
    """The graph for `panel.hub.Hub`; see `panel.robot.Robot`."""

    def __init__(self) -> None:
        super().__init__('panel')
        self.parameters = p = shell.declare(self, Parameters)
        contract = load_contract(self, p.robot)
        space = self.get_namespace().strip('/')
        self.title = f'{contract.robot} /{space}' if space else contract.robot
        self.task, self.board = contract.task, Board()
        self.about = ('--robot', p.robot, *(('--namespace', space) if space else ()))
        self.cameras = [CameraName(c.name, c.topic, c.width, c.height, max(0.5, 3 / c.rate_hz))
                        for c in contract.cameras]
        self._body = _body(contract)
        self.body = self._body and self._body.drawing
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake = lambda: None
        self._eyes, self._hands = Eyes(self, contract), Hands(self)
        self._ears = Ears(self, self.board, self._changed)
        self.call = self._hands.call

    def watch(self, cameras: Collection[int], arm: bool) -> None:
        """See `Robot`."""
        self._eyes.watch(cameras, arm)

    def came_ns(self, camera: int) -> int | None:
        """See `Robot`."""
        return self._eyes.cameras[camera].came_ns

    def jpeg(self, camera: int, scale: int) -> tuple[int, bytes] | None:
        """See `Robot`."""
        return self._eyes.cameras[camera].jpeg(scale)

    def pose(self, now_ns: int) -> dict[str, Any] | None:
        """See `Robot`."""
        seen = self._eyes.state(now_ns) if self._body else None
        return self._body.pose(*seen) if self._body and seen else None

    def log(self, text: str) -> None:
        """See `Robot`."""
        self.get_logger().info(text)

    def _changed(self) -> None:
        if self._loop is not None:
            with suppress(RuntimeError):     # it has ended
                self._loop.call_soon_threadsafe(self._wake)

    async def serve(self) -> None:
        """Serve pages until the graph's thread ends."""
        p, ended = self.parameters, asyncio.Event()
        self._loop = loop = asyncio.get_running_loop()
        hub = Hub(self, self.board, p.motion_from_lan, p.lost_s, p.goal, self.about)
        self._wake = hub.wake
        server = Server(hub, Reports(Path(p.reports)), secrets.token_urlsafe(24))
        addresses = await server.start(Place(p.host, p.port, tls_context(p)))
        tell(addresses, p)
        thread = Thread(target=_spin_ros, args=(self, lambda: loop.call_soon_threadsafe(
            ended.set)), name='ros', daemon=True)
        thread.start()
        serving = asyncio.create_task(hub.run())
        waiting = asyncio.create_task(ended.wait())
        await asyncio.wait((serving, waiting), return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        await server.close()
        if serving.done():
            rclpy.try_shutdown()
            serving.result()      # its bug
        serving.cancel()
        with suppress(asyncio.CancelledError):
            await serving
        thread.join(JOIN_S)


def _spin_ros(node: Node, ended: Any) -> None:
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    try:
        with suppress(ExternalShutdownException):
            executor.spin()
    finally:
        with suppress(RuntimeError):
            ended()


def _body(contract: Any) -> Any:
    try:
        from il_ros.panel.body import make_body
    except ImportError:
        return None      # without Pinocchio the arm is not drawn
    return make_body(contract)


def main() -> int:
    """Run the node."""
    return shell.main(Panel, lambda node: asyncio.run(node.serve()), images=True)


if __name__ == '__main__':
    raise SystemExit(main())
