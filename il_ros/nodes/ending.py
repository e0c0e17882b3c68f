"""How a node comes to its end: signals, the end of `ros2 launch`, a bug."""
from __future__ import annotations

from contextlib import suppress
import os
import signal
import sys
from threading import Timer
import traceback

from rclpy.node import Node


def expect_signals() -> list[int]:
    """Let rclpy alone end the node, so that a signal in start or end leaves nothing half done.

    SIGHUP, of a terminal that was closed, is as good as Ctrl-C; after nohup it stays ignored.

    Returns:
        Each SIGINT; those before `rclpy.init` are known here only.
    """
    heard: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _: heard.append(number))
    if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:
        signal.signal(signal.SIGHUP, lambda *_: interrupt())
    return heard


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
