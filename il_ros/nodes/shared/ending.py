"""How a node comes to its end: signals, the end of `ros2 launch`, a bug."""
from __future__ import annotations

from collections.abc import Callable, Sequence
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
from rclpy.executors import Executor
from rclpy.node import Node
from rclpy.signals import uninstall_signal_handlers

PASSED_ON_S = 0.5
# A signal may end the context while an executor is made; its __del__ then asks for this.
Executor._sigint_gc = None


def expect_signals() -> list[float]:
    """Let rclpy alone end the node, so that a signal in start or end leaves nothing half done.

    SIGHUP, of a terminal that was closed, is as good as Ctrl-C; after nohup it stays ignored.

    Returns:
        When each SIGINT came, steady time [s]; those before `rclpy.init` are known here only.
    """
    heard: list[float] = []
    signal.signal(signal.SIGINT, lambda *_: heard.append(time.monotonic()))
    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:
        signal.signal(signal.SIGHUP, lambda *_: interrupt())
    return heard


def act_before_the_end(act: Callable[[], None], heard: list[float]) -> None:
    """Let something be sent before a signal ends the node.

    rclpy's own handlers end the context at once, from a thread of theirs; nothing can be published
    after that. A node that calls this needs a timer: only between two callbacks it hears a signal.

    Args:
        act: What to do, within the first signal.
        heard: Where the time of each SIGINT is noted.
    """
    def end(number: int, _: FrameType | None) -> None:
        if number == signal.SIGINT:
            heard.append(time.monotonic())
        if rclpy.ok():
            with suppress(Exception):   # it ends now, whatever comes
                act()
        rclpy.try_shutdown()
    uninstall_signal_handlers()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)


def wait_for_launch(heard: Sequence[float]) -> None:
    """Let `ros2 launch` pass a Ctrl-C on before this process ends, if it was started by it.

    Without a terminal it sends its own SIGINT after the one that the whole group gets. When a
    process has just ended by then, Popen.send_signal takes the exit code that asyncio waits for,
    and asyncio reports 255 (python/cpython: unix_events.py, "will report returncode 255").
    """
    if LAUNCH in os.environ and heard:
        time.sleep(max(0.0, heard[0] + PASSED_ON_S - time.monotonic()))


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
