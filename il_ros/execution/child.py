"""A process that a node keeps beside itself and tells things; it ends with the node."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
import os
import signal
import socket
import subprocess
import sys

from il_ros.errors import IlRosError
from il_ros.transport import for_children

PATIENCE_S = 2.0  # for a process that has been told to end
MAX_BYTES = 1 << 17  # of a datagram


class ChildError(IlRosError):
    """The process has ended by itself."""


class Child:
    """One process, and a socket to it; see `nodes.shared.beside` for its side.

    Args:
        module: What it runs.
        name: Of its ROS node.
        job: What it is told at its start.
        arguments: ROS arguments of the parent: namespace and remappings hold for both.
        does: What it does, for `ChildError`.
        whose: Name of its parent, for `ChildError`.
    """

    def __init__(self, module: str, name: str, job: str, arguments: list[str], does: str,
                 whose: str) -> None:
        self._does, self._whose = does, whose
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, '-m', module, str(theirs.fileno()), job,
                 '--ros-args', '-r', f'__node:={name}', '--', *arguments],
                env=for_children(os.environ), pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL)

    def tell(self, datagram: bytes) -> None:
        """Send it something, without waiting: while it is stopped or slow that may be lost."""
        with suppress(BlockingIOError, BrokenPipeError, ConnectionResetError):
            self._socket.send(datagram, socket.MSG_DONTWAIT)

    def told(self, wait: bool = False) -> list[bytes]:
        """Return what it has answered since the last call.

        Args:
            wait: For an answer.

        Raises:
            ChildError: It has ended.
        """
        found = list(received(self._socket, wait))
        if b'' in found:
            raise ChildError(f'the process that {self._does} ended with {end(self._process)}; '
                             f'start {self._whose} again')
        return found

    def close(self) -> None:
        """End it."""
        self._socket.close()
        end(self._process)


def received(channel: socket.socket, wait: bool = False) -> Iterator[bytes]:
    """Yield the datagrams that have come, and b'' once the other side has ended.

    Args:
        channel: Of either side.
        wait: For the first one.
    """
    with suppress(BlockingIOError):
        while True:
            try:
                datagram = channel.recv(MAX_BYTES, 0 if wait else socket.MSG_DONTWAIT)
            except ConnectionResetError:
                datagram = b''
            yield datagram
            if not datagram:
                return
            wait = False


def end(process: subprocess.Popen[bytes]) -> str:
    """Wait for a process that is ending, kill it if it is not; return how it ended."""
    try:
        code = process.wait(PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        code = process.wait()
    return signal.Signals(-code).name if code < 0 else f'exit code {code}'
