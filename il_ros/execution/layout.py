"""How observations, chunks and what they continue lie in the memory that two processes share."""
from __future__ import annotations

from dataclasses import dataclass, replace
import math
import mmap
from typing import Any

from il_ros.contract import Contract
from il_ros.policies.policy import Continuation
from il_ros.types import Floats, Observation, View
import numpy as np
from numpy.typing import NDArray

INTEGER = np.dtype(np.int64)
PIXEL, DISTANCE = np.dtype(np.uint8), np.dtype(np.float32)
VALUE = np.dtype(np.float64)
TEXT = np.dtype('S1024')  # UTF-8; what is longer is cut


@dataclass(frozen=True)
class Layout:
    """An observation and what came before, the rows that its chunk continues, and one chunk.

    Never more than one request is under way, and a message over a socket follows every write, so
    neither side reads what the other is writing.

    Attributes:
        joints: Length of the state and of a row, J.
        environment: Length of the environment vector, E.
        images: Shape per camera, (H, W, 1) of one that sees distances, else (H, W, 3).
        horizon: Rows of a chunk, H.
        past: Observations before the newest, at most.
    """

    joints: int
    environment: int
    images: dict[str, tuple[int, int, int]]
    horizon: int
    past: int = 0

    @staticmethod
    def of(contract: Contract, cameras: tuple[str, ...], horizon: int, past: int = 0) -> Layout:
        """Return the layout for a policy on a robot."""
        images = {name: contract.camera(name).shape for name in cameras}
        return Layout(len(contract.joints), contract.environment_size, images, horizon, past)

    @property
    def size(self) -> int:
        """Bytes of the memory."""
        values = self.joints + self.environment
        seen = (INTEGER.itemsize + VALUE.itemsize * values
                + sum(_kind(shape).itemsize * math.prod(shape)
                      for shape in self.images.values()))
        return (3 * INTEGER.itemsize + TEXT.itemsize + (1 + self.past) * seen
                + VALUE.itemsize * self.horizon * (2 * self.joints + 1))

    def views(self, memory: mmap.mmap) -> Views:
        """Return arrays that lie in the memory."""
        at = 0

        def take(dtype: np.dtype[Any], *shape: int) -> Any:
            nonlocal at
            view: NDArray[Any] = np.frombuffer(memory, dtype, int(np.prod(shape)), at)
            at += view.nbytes
            return view.reshape(shape)

        ticks = 1 + self.past
        aligned = sorted(self.images.items(), key=lambda image: image[1][-1])   # floats first
        return Views(take(INTEGER, ticks), take(VALUE, ticks, self.joints),
                     take(VALUE, ticks, self.environment),
                     take(VALUE, self.horizon, self.joints), take(VALUE, self.horizon),
                     take(INTEGER, 3), take(VALUE, self.horizon, self.joints), take(TEXT, 1),
                     {name: take(_kind(shape), ticks, *shape) for name, shape in aligned})


def _kind(shape: tuple[int, int, int]) -> np.dtype[Any]:
    return DISTANCE if shape[-1] == 1 else PIXEL


@dataclass(frozen=True)
class Views:
    """Arrays in shared memory; of the observations the newest is first, then its past.

    Attributes:
        counts: How many observations there are, how many rows of `previous`, and how many of them
            run while the network computes.
    """

    stamp: NDArray[np.int64]
    state: Floats
    environment: Floats
    chunk: Floats
    uncertainty: Floats  # NaN where the policy cannot tell
    counts: NDArray[np.int64]
    previous: Floats
    task: NDArray[np.bytes_]
    images: dict[str, View]

    def put(self, observation: Observation, previous: Continuation | None = None) -> None:
        """Copy an observation into the memory, and what its chunk has to go on from.

        Of its past as much as there is room for.
        """
        room = len(self.stamp) - 1
        seen = (observation, *(observation.past[-room:] if room else ()))
        for tick, one in enumerate(seen):
            self.stamp[tick] = one.stamp_ns
            self.state[tick] = one.state
            self.environment[tick] = one.environment
            for name, image in self.images.items():
                image[tick] = one.images[name]
        self.task[0] = observation.task.encode()
        rows = previous.positions[:len(self.previous)] if previous else self.previous[:0]
        self.previous[:len(rows)] = rows
        self.counts[:] = len(seen), len(rows), previous.delay if previous else 0

    def get(self) -> tuple[Observation, Continuation | None]:
        """Return what was put there; the arrays are those of the memory."""
        count, rows, delay = self.counts.tolist()
        task = self.task[0].decode(errors='ignore')
        newest, *past = [Observation(
            int(self.stamp[tick]), self.state[tick], self.environment[tick],
            {name: image[tick] for name, image in self.images.items()}, task=task)
            for tick in range(count)]
        return (replace(newest, past=tuple(past)),
                Continuation(self.previous[:rows], delay) if rows else None)
