"""What every node shares: start and stop, parameters, the steady loop, QoS, stamps."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, MISSING
import os
import signal
import sys
import time
from typing import Any, get_args, get_origin, get_type_hints, TypeVar

from builtin_interfaces.msg import Time
from il_ros import transport
from il_ros.config import build
from il_ros.errors import IlRosError
from il_ros.scheduling import end_within, PRIORITY, run_first
from il_ros.timing import Grid, Now, SECOND, Tick
import numpy as np
import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy

P = TypeVar('P')
prepare_transport = transport.prepare

NEWEST = QoSProfile(depth=1, history=HistoryPolicy.KEEP_LAST,
                    reliability=ReliabilityPolicy.RELIABLE)
STREAM = QoSProfile(depth=10, history=HistoryPolicy.KEEP_LAST,
                    reliability=ReliabilityPolicy.RELIABLE)
SENSOR = QoSProfile(depth=10, history=HistoryPolicy.KEEP_LAST,
                    reliability=ReliabilityPolicy.BEST_EFFORT)
LATCHED = QoSProfile(depth=1, history=HistoryPolicy.KEEP_LAST,
                     reliability=ReliabilityPolicy.RELIABLE,
                     durability=DurabilityPolicy.TRANSIENT_LOCAL)
CHANGES = QoSProfile(depth=32, reliability=ReliabilityPolicy.RELIABLE,  # latched, none is lost
                     durability=DurabilityPolicy.TRANSIENT_LOCAL)


def main(make_node: Callable[[], Node], spin: Callable[[Node], None] = rclpy.spin, *,
         images: bool = False) -> int:
    """Run one node until SIGINT, SIGTERM or shutdown; the `main()` of every executable.

    Args:
        make_node: Makes the node once ROS is there.
        spin: Runs it.
        images: Whether it publishes or hears images; see `transport`.

    Returns:
        The exit code: 0 after a clean stop, 2 when `make_node` raised an `IlRosError`.
    """
    prepare_transport(images=images)
    rclpy.init()
    node = None
    try:
        node = make_node()
        spin(node)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except IlRosError as error:
        sys.stderr.write(f'{error}\n')
        return 2
    except RuntimeError:   # RCLError: a signal ended the context in the midst of a callback
        if rclpy.ok():
            raise
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # from the terminal and from ros2 launch
        end_within()  # Fast DDS 2.14 may wait forever for a port that others left broken
        if node is not None:
            node.destroy_node()
        rclpy.try_shutdown()
    return 0


def ask_for_priority(priority: int = PRIORITY, *, children: bool = True) -> None:
    """Call `scheduling.run_first` and say when the system refuses."""
    if notice := run_first(priority, children=children):
        sys.stderr.write(f'{notice}\n')


def declare(node: Node, cls: type[P]) -> P:
    """Declare one ROS parameter per field of a dataclass and return their values.

    Raises:
        ConfigError: A value has the wrong type or the dataclass refuses it.
    """
    hints = get_type_hints(cls)
    values: dict[str, Any] = {}
    for field in fields(cls):  # type: ignore[arg-type]
        default = field.default if field.default is not MISSING else _empty(hints[field.name])
        default = list(default) if isinstance(default, tuple) else default
        value = node.declare_parameter(field.name, default).value
        values[field.name] = tuple(value) if isinstance(value, list) else value
    return build(cls, values, f'parameters of {node.get_name()}')


def _empty(kind: Any) -> Any:
    if get_origin(kind) is tuple:
        names = {str: Parameter.Type.STRING_ARRAY, float: Parameter.Type.DOUBLE_ARRAY}
        return names[get_args(kind)[0]]
    return kind()


def spin_on_grid(node: Node, period_ns: int, tick: Callable[[Tick], None],
                 start_ns: int | None = None) -> None:
    """Serve callbacks and call `tick` on a steady grid of absolute deadlines.

    Overdue ticks are skipped. ROS time plays no part, so a paused /clock cannot stop the grid.
    The grid begins at `start_ns`, in one period when None.
    """
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    grid = Grid(period_ns, start_ns or time.monotonic_ns() + period_ns)
    try:
        while rclpy.ok():
            if due := grid.take(time.monotonic_ns()):
                tick(due)
            # Also when the next tick is overdue: one callback per tick is served at least.
            left_s = (grid.due_ns - time.monotonic_ns()) / SECOND
            executor.spin_once(timeout_sec=max(left_s, 0.0))
    finally:
        executor.remove_node(node)


def stamp_ns(stamp: Time) -> int:
    """Return a message stamp as integer nanoseconds."""
    return stamp.sec * SECOND + stamp.nanosec


def to_stamp(nanoseconds: int) -> Time:
    """Return integer nanoseconds as a message stamp."""
    return Time(sec=nanoseconds // SECOND, nanosec=nanoseconds % SECOND)


def now_ns(node: Node) -> int:
    """Return the node's ROS time [ns]."""
    return int(node.get_clock().now().nanoseconds)


def now(node: Node) -> Now:
    """Return this instant on the steady and the ROS clock."""
    return Now(time.monotonic_ns(), now_ns(node))


def new_session() -> np.ndarray:
    """Return 16 random bytes that name this run of a sender."""
    return np.frombuffer(os.urandom(16), dtype=np.uint8)
