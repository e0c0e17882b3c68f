"""What every node shares: start and stop, the steady loop, QoS, stamps."""
from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
import os
import signal
import time
from typing import Any

from builtin_interfaces.msg import Time
from il_ros import scheduling, transport
from il_ros.errors import IlRosError
from il_ros.nodes.shared.ending import (
    end_in,
    expect_signals,
    interrupt,
    report,
    say,
    spin_until_a_signal,
    wait_for_launch,
)
from il_ros.nodes.shared.parameter_requests import answer_all
from il_ros.nodes.shared.parameters import declare as declare
from il_ros.timing import Grid, Now, SECOND, Tick
import numpy as np
import rclpy
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy

prepare_transport = transport.prepare

NEWEST = QoSProfile(depth=1, history=HistoryPolicy.KEEP_LAST,
                    reliability=ReliabilityPolicy.RELIABLE)
STREAM = QoSProfile(depth=10, history=HistoryPolicy.KEEP_LAST,
                    reliability=ReliabilityPolicy.RELIABLE)
SENSOR = QoSProfile(depth=10, history=HistoryPolicy.KEEP_LAST,
                    reliability=ReliabilityPolicy.BEST_EFFORT)
LATCHED = QoSProfile(depth=1, reliability=ReliabilityPolicy.RELIABLE,
                     durability=DurabilityPolicy.TRANSIENT_LOCAL)
CHANGES = QoSProfile(depth=32, reliability=ReliabilityPolicy.RELIABLE,  # latched, none is lost
                     durability=DurabilityPolicy.TRANSIENT_LOCAL)


def main(make_node: Callable[[], Node], spin: Callable[[Node], None] = rclpy.spin,
         last_s: float = 0.0, *, images: bool = False, first: bool = False,
         last: Callable[[Any], None] | None = None) -> int:
    """Run one node until SIGINT, SIGTERM or shutdown; the `main()` of every executable.

    A node that one of our launch files started ends with `ros2 launch`, also when that is killed.

    Args:
        make_node: Makes the node.
        spin: Serves it.
        last_s: For how long it stays after `ros2 launch`.
        images: Whether it publishes or hears images; see `transport`.
        first: Whether it runs before ordinary processes, once it was made: while it starts it
            would take the processor from those that drive.
        last: What it does when a signal ends it, while it can publish; `spin` plays no part then.

    Returns:
        The exit code: 0 after a clean stop, 2 after an `IlRosError`, 1 after any other exception,
        which is a bug: whoever listens to this node holds the arm when it falls silent.
    """
    signals = expect_signals()
    prepare_transport(images=images)
    rclpy.init()
    if signals.came:
        interrupt()
    if launch := os.environ.get(scheduling.LAUNCH):
        scheduling.when_gone(launch, lambda: end_in(last_s))
    node = None
    try:
        node = make_node()
        answer_all(node)
        if first and (notice := scheduling.run_first()):
            say(notice)
        if last:
            spin_until_a_signal(node, signals, partial(last, node))
        else:
            spin(node)
    except (KeyboardInterrupt, ExternalShutdownException):
        pass
    except IlRosError as error:
        say(str(error))
        return 2
    except Exception as error:
        if rclpy.ok():   # else a signal ended the context in the midst of a call
            report(node, error)
            return 1
    finally:
        scheduling.ignore_interrupts()
        scheduling.run_as_others()
        scheduling.end_within()  # Fast DDS 2.14 may wait forever for a port left broken
        if node is not None:
            node.destroy_node()
        rclpy.try_shutdown()
        wait_for_launch(signals)
        signal.signal(signal.SIGINT, signal.SIG_IGN)   # also while the interpreter ends
    return 0


def spin_on_grid(node: Node, period_ns: int, tick: Callable[[Tick], None],
                 start_ns: int | None = None, others: Iterable[Node] = ()) -> None:
    """Serve callbacks and call `tick` on a steady grid of absolute deadlines.

    Overdue ticks are skipped. ROS time plays no part, so a paused /clock cannot stop the grid.
    The grid begins at `start_ns`, in one period when None. `others` are served as `node` is.
    """
    executor = SingleThreadedExecutor()
    nodes = [node, *others]
    for each in nodes:
        executor.add_node(each)
    grid = Grid(period_ns, start_ns or time.monotonic_ns() + period_ns)
    try:
        while rclpy.ok():
            if due := grid.take(time.monotonic_ns()):
                tick(due)
            # Also when the next tick is overdue: one callback per tick is served at least.
            left_s = (grid.due_ns - time.monotonic_ns()) / SECOND
            executor.spin_once(timeout_sec=max(left_s, 0.0))
    finally:
        for each in nodes:
            executor.remove_node(each)


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
