"""Converts bags into a dataset on request."""
from __future__ import annotations

from pathlib import Path
from threading import Event, Lock

from il_ros.action import ConvertBags
from il_ros.datasets.convert import convert
from il_ros.datasets.reporting import Cancelled
from il_ros.errors import IlRosError
from il_ros.nodes import shell
import rclpy
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.executors import MultiThreadedExecutor
from rclpy.node import Node

STOP_S = 20.0   # what a conversion may take to stop


class BagConverter(Node):
    """The action server `convert`; one conversion at a time, added to the output if it exists."""

    def __init__(self) -> None:
        super().__init__('bag_converter')
        self.busy = Lock()
        self.stopping = Event()
        ActionServer(self, ConvertBags, 'convert', self._execute,
                     callback_group=ReentrantCallbackGroup(), goal_callback=self._accept,
                     cancel_callback=lambda _: CancelResponse.ACCEPT)

    def _accept(self, _: ConvertBags.Goal) -> GoalResponse:
        if self.busy.acquire(blocking=False):
            return GoalResponse.ACCEPT
        self.get_logger().warning('refused: a conversion is running; wait for it or cancel it')
        return GoalResponse.REJECT

    def _execute(self, goal: ServerGoalHandle) -> ConvertBags.Result:
        def progress(bag: Path, done: int, total: int) -> bool:
            if self.stopping.is_set() or not rclpy.ok():
                return False
            goal.publish_feedback(ConvertBags.Feedback(bag=str(bag), done=done, total=total))
            return not goal.is_cancel_requested

        request: ConvertBags.Goal = goal.request
        try:
            result = convert([Path(bag) for bag in request.bags], Path(request.output),
                             append=True, trim_idle=request.trim_idle, progress=progress)
        except Cancelled as error:
            if goal.is_cancel_requested:
                goal.canceled()
            return ConvertBags.Result(success=False, message=str(error))
        except IlRosError as error:
            self.get_logger().error(str(error))
            goal.abort()
            return ConvertBags.Result(success=False, message=str(error))
        finally:
            self.busy.release()
        goal.succeed()
        notes = [f'{result.episodes} episodes, {result.frames} frames',
                 *(f'{path.name} skipped: {reason}' for path, reason in result.skipped),
                 *(f'{path.name}: {note}' for path, note in result.notes),
                 *(f'warning: {warning}' for warning in result.warnings)]
        self.get_logger().info('; '.join(notes))
        return ConvertBags.Result(success=True, message='; '.join(notes),
                                  episodes=result.episodes, frames=result.frames)


def spin(node: BagConverter) -> None:
    """Serve goals and cancellations while a conversion runs in another thread."""
    executor = MultiThreadedExecutor(num_threads=3)
    executor.add_node(node)
    try:
        while rclpy.ok():
            executor.spin_once(timeout_sec=0.2)     # SIGTERM does not wake an idle executor
    finally:
        node.stopping.set()
        node.busy.acquire(timeout=STOP_S)   # a conversion still starts threads; Python 3.12 at
        executor.shutdown()                 # its end starts none, and rclpy does not wait


def main() -> int:
    """Run the node."""
    return shell.main(BagConverter, spin)


if __name__ == '__main__':
    raise SystemExit(main())
