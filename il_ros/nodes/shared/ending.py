"""How a node comes to its end: signals, the end of `ros2 launch`, a bug."""
from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
import os
import signal
import sys
from threading import Timer
import time
import traceback
from types import FrameType

from il_ros.scheduling import LAUNCH
import rclpy
from rclpy.executors import Executor, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import uninstall_signal_handlers

PASSED_ON_S = 0.5
ENDING = (signal.SIGINT, signal.SIGTERM)
# A signal may end the context while an executor is made; its __del__ then asks for this.
Executor._sigint_gc = None


class Signals:
    """SIGINT and SIGTERM that came to this process, also those that rclpy does not act on.

    Before `rclpy.init`, and while its handlers are taken away, a signal is known here only.
    """

    def __init__(self) -> None:
        """Note every signal from now on."""
        self.came = False
        self.interrupted_s: float | None = None   # steady time of the first SIGINT
        for number in ENDING:
            signal.signal(number, self.note)

    def note(self, number: int, _: FrameType | None) -> None:
        """Take a signal, as its handler."""
        self.came = True
        if number == signal.SIGINT and self.interrupted_s is None:
            self.interrupted_s = time.monotonic()


def expect_signals() -> Signals:
    """Let rclpy alone end the node, so that a signal in start or end leaves nothing half done.

    SIGHUP, of a terminal that was closed, is as good as Ctrl-C; after nohup it stays ignored.
    """
    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:
        signal.signal(signal.SIGHUP, lambda *_: interrupt())
    return Signals()


def spin_until_a_signal(node: Node, signals: Signals, last: Callable[[], None]) -> None:
    """Serve a node until a signal comes, then let it do something, while it can still publish.

    rclpy's own handlers end the context at once, from a thread of theirs; nothing can be published
    after that. So they are taken away, and what came while they were counts, too. Nothing is done
    within a handler: it may interrupt whoever holds the lock of the context, and wait for ever.

    Args:
        node: It needs a timer: only between two callbacks it hears a signal.
        signals: What came so far.
        last: What to do.
    """
    uninstall_signal_handlers()
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    while rclpy.ok() and not signals.came:
        executor.spin_once()
    if rclpy.ok():
        last()


def wait_for_launch(signals: Signals) -> None:
    """Let `ros2 launch` pass a Ctrl-C on before this process ends, if it was started by it.

    Without a terminal it sends its own SIGINT after the one that the whole group gets. When a
    process has just ended by then, Popen.send_signal takes the exit code that asyncio waits for,
    and asyncio reports 255 (python/cpython: unix_events.py, "will report returncode 255").
    """
    if LAUNCH in os.environ and signals.interrupted_s is not None:
        time.sleep(max(0.0, signals.interrupted_s + PASSED_ON_S - time.monotonic()))


def interrupt() -> None:
    """End this process as Ctrl-C does."""
    os.kill(os.getpid(), signal.SIGINT)


def end_in(seconds: float) -> None:
    """End this process some time after `ros2 launch`."""
    say('ros2 launch has ended, and so does this node')
    timer = Timer(seconds, interrupt)
    timer.daemon = True
    timer.start()


def say(text: str) -> None:
    """Write a line to standard error, where there still is one."""
    with suppress(OSError):   # the terminal may have gone
        sys.stderr.write(f'{text}\n')
        sys.stderr.flush()


def report(node: Node | None, error: Exception) -> None:
    """Say on the terminal and on /rosout which bug ends a node."""
    say(''.join(traceback.format_exception(error)))
    text = f'a bug ends this node: {type(error).__name__}: {error}'
    if node is None:
        say(text)
    else:
        node.get_logger().fatal(text)
