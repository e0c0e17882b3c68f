"""Inference in a process of its own, so that whoever publishes never waits for a network.

Observation and chunk lie in anonymous shared memory (a memfd, which the kernel frees with its last
process: nothing can leak); a socket pair carries one-byte messages and tells each side when the
other has ended. A plain child, not `multiprocessing`, which would import the parent's main module
(rclpy) a second time.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from enum import Enum
import json
import mmap
import os
import select
import socket
import struct
import subprocess
import sys
import tempfile
import time
from typing import NamedTuple

from il_ros.contract import Contract
from il_ros.execution.child import end
from il_ros.execution.layout import Layout
from il_ros.policies.policy import Continuation
from il_ros.policies.source import describe, Options, Place
from il_ros.timing import SECOND, to_ns
from il_ros.types import Floats, Observation
import numpy as np

INFER, RESET = b'i', b'r'               # parent to child: infer; reset, then infer
READY, CHUNK, ERROR = b'l', b'c', b'e'  # child to parent; with CHUNK comes what follows
INFERRED = struct.Struct('<qi')         # time in the network [ns], rows of the chunk
MAX_MESSAGE = 8192
PATIENCE = 0.9  # share of the deadline after which the child itself gives a server up
START_S, EXPORT_S = 60.0, 300.0  # longest time to load, and to export on first use


class State(Enum):
    """Of the child process."""

    STARTING = 'starting'
    IDLE = 'idle'
    BUSY = 'busy'
    ENDED = 'ended'


class Result(NamedTuple):
    """A finished chunk."""

    chunk: Floats           # absolute joint targets. Shape (H, J)
    observation_ns: int     # stamp of the observation behind it
    inference_ns: int       # time in the network
    uncertainty: Floats     # per row; NaN where the policy cannot tell. Shape (H,)

    def uncertainty_from(self, row: int, count: int) -> Floats:
        """Return that of rows from one on, the last one's beyond the chunk; (0,) for NaN."""
        if np.isnan(self.uncertainty).any():
            return np.empty(0)
        last = len(self.uncertainty) - 1
        return self.uncertainty[np.clip(row + np.arange(count), 0, last)]


class Failure(NamedTuple):
    """Why there is no chunk; reported once. `state` tells whether the process lives on."""

    reason: str


@dataclass(frozen=True)
class Job:
    """What the child is told: the arguments of `policies.source.open_policy`.

    The robot's URDF, where it came as text, is on the child's standard input: it may be longer
    than an argument.
    """

    place: str
    options: Options = field(default_factory=Options)
    deadline_s: float = 1.0
    start_deadline_s: float = START_S
    contract: str = ''
    folder: str = ''


class InferenceWorker:
    """One policy in one child process; every call returns at once but `wait` and `close`."""

    def __init__(self, checkpoint: Place, contract: Contract | None = None, *,
                 deadline_s: float = 1.0, start_deadline_s: float | None = None,
                 options: Options = Options(),  # noqa: B008 (frozen)
                 clock: Callable[[], int] = time.monotonic_ns) -> None:
        """Check the policy's description and start the child, which loads the weights.

        Args:
            checkpoint: Where the policy comes from, see `policies.source`.
            contract: The robot; any when None.
            deadline_s: Longest time for one inference; after it the child is killed.
            start_deadline_s: The same for loading; a minute when None, more with an export.
            options: How the policy is run.
            clock: Steady time [ns].

        Raises:
            CheckpointError: The description cannot be read.
            ConfigError: The options ask for what this policy cannot.
            ContractMismatchError: It is for another robot; the text shows the difference.
        """
        self.checkpoint = checkpoint
        self.description = describe(checkpoint, contract)
        options.check(checkpoint, self.description)
        self._layout = Layout.of(self.description.contract, self.description.cameras,
                                 self.description.horizon, self.description.past)
        if start_deadline_s is None:
            start_deadline_s = START_S if options.backend == 'torch' else EXPORT_S
        self._deadline_ns, self._start_ns = to_ns(deadline_s), to_ns(start_deadline_s)
        self._job = json.dumps(asdict(Job(
            str(checkpoint), options, PATIENCE * deadline_s, PATIENCE * start_deadline_s,
            contract.to_text() if contract else '',
            str(contract.folder or '') if contract else '')))
        self._urdf = contract.urdf_text if contract else ''
        self._clock = clock
        self._start()

    def _start(self) -> None:
        with tempfile.TemporaryFile() if sys.platform != 'linux' else os.fdopen(
                os.memfd_create('il_ros_inference'), 'r+b') as file:
            file.truncate(self._layout.size)
            self._views = self._layout.views(mmap.mmap(file.fileno(), self._layout.size))
            self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs, tempfile.TemporaryFile() as urdf:
                urdf.write(self._urdf.encode())
                urdf.seek(0)
                self._process = subprocess.Popen(
                    [sys.executable, '-m', 'il_ros.execution.serve', str(theirs.fileno()),
                     str(file.fileno()), self._job],
                    pass_fds=(theirs.fileno(), file.fileno()), stdin=urdf)
        self.state = State.STARTING
        self._give_up_ns = self._clock() + self._start_ns

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    def submit(self, observation: Observation, previous: Continuation | None = None, *,
               reset: bool = False) -> bool:
        """Ask for a chunk; False when the child is not idle.

        Args:
            observation: What to infer from; copied.
            previous: What the chunk has to go on from; copied. Takes `options.realtime`.
            reset: Let the policy forget what came before.
        """
        if self.state is not State.IDLE:
            return False
        self._views.put(observation, previous)
        try:
            self._socket.send(RESET if reset else INFER)
        except OSError:
            return False  # it has ended: `poll` says why
        self.state = State.BUSY
        self._give_up_ns = self._clock() + self._deadline_ns
        return True

    def poll(self) -> Result | Failure | None:
        """Return a finished chunk, a failure that was not reported yet, or None."""
        if self.state is State.ENDED:
            return None
        if select.select([self._socket], [], [], 0)[0]:
            return self._receive()
        if self.state is not State.IDLE and self._clock() > self._give_up_ns:
            what, limit_ns = (('not loaded', self._start_ns) if self.state is State.STARTING
                              else ('no chunk', self._deadline_ns))
            self._process.kill()
            self._end()
            return Failure(f'{what} within {limit_ns / SECOND:g} s; inference process killed')
        return None

    def wait(self, timeout_s: float) -> Result | Failure | None:
        """Return what `poll` does, as soon as there is something, the deadline or IDLE."""
        end_ns = self._clock() + to_ns(timeout_s)
        while (found := self.poll()) is None and self.state not in (State.IDLE, State.ENDED):
            left_ns = min(end_ns, self._give_up_ns + 1) - self._clock()
            if self._clock() >= end_ns:
                break
            select.select([self._socket], [], [], max(left_ns, 0) / SECOND)
        return found

    def restart(self) -> None:
        """Start a new child in place of the present one."""
        self.close()
        self._start()

    def close(self) -> None:
        """End the child."""
        if self.state is not State.ENDED:
            if self.state is State.IDLE:
                self._socket.shutdown(socket.SHUT_RDWR)  # it ends when it sees this
            else:
                self._process.kill()
            self._end()

    def _receive(self) -> Result | Failure | None:
        try:
            message = self._socket.recv(MAX_MESSAGE)
        except OSError:
            message = b''
        kind, content = message[:1], message[1:]
        if kind == CHUNK:
            self.state = State.IDLE
            inference_ns, rows = INFERRED.unpack(content)
            return Result(self._views.chunk[:rows].copy(), int(self._views.stamp[0]),
                          inference_ns, self._views.uncertainty[:rows].copy())
        if kind == READY:
            self.state = State.IDLE
            return None
        if kind == ERROR and self.state is State.BUSY:
            self.state = State.IDLE
            return Failure(content.decode(errors='replace'))
        how = self._end()
        if kind == ERROR:
            return Failure(content.decode(errors='replace'))
        return Failure(f'inference process ended with {how}')

    def _end(self) -> str:
        self._socket.close()
        self.state = State.ENDED
        return end(self._process)
