"""How observations, chunks and what they continue lie in the memory that two processes share."""
from __future__ import annotations

from dataclasses import dataclass
import mmap
from typing import Any

from il_ros.contract import Contract
from il_ros.policies.policy import Continuation
from il_ros.types import Floats, Observation, Pixels
import numpy as np
from numpy.typing import NDArray

INTEGER = np.dtype(np.int64)
PIXEL = np.dtype(np.uint8)
VALUE = np.dtype(np.float64)
TEXT = np.dtype('S1024')  # UTF-8; what is longer is cut


@dataclass(frozen=True)
class Layout:
    """One observation, the rows that its chunk continues, and one chunk.

    Never more than one request is under way, and a message over a socket follows every write, so
    neither side reads what the other is writing.

    Attributes:
        joints: Length of the state and of a row, J.
        environment: Length of the environment vector, E.
        images: Height and width per camera.
        horizon: Rows of a chunk, H.
    """

    joints: int
    environment: int
    images: dict[str, tuple[int, int]]
    horizon: int

    @staticmethod
    def of(contract: Contract, cameras: tuple[str, ...], horizon: int) -> Layout:
        """Return the layout for a policy on a robot."""
        images = {name: (contract.camera(name).height, contract.camera(name).width)
                  for name in cameras}
        return Layout(len(contract.joints), contract.environment_size, images, horizon)

    @property
    def size(self) -> int:
        """Bytes of the memory."""
        values = self.joints + self.environment + self.horizon * (2 * self.joints + 1)
        return (3 * INTEGER.itemsize + TEXT.itemsize + VALUE.itemsize * values
                + sum(3 * height * width for height, width in self.images.values()))

    def views(self, memory: mmap.mmap) -> Views:
        """Return arrays that lie in the memory."""
        at = 0

        def take(dtype: np.dtype[Any], *shape: int) -> Any:
            nonlocal at
            view: NDArray[Any] = np.frombuffer(memory, dtype, int(np.prod(shape)), at)
            at += view.nbytes
            return view.reshape(shape)

        return Views(take(INTEGER, 1), take(VALUE, self.joints),
                     take(VALUE, self.environment),
                     take(VALUE, self.horizon, self.joints), take(VALUE, self.horizon),
                     take(INTEGER, 2), take(VALUE, self.horizon, self.joints), take(TEXT, 1),
                     {name: take(PIXEL, *size, 3) for name, size in self.images.items()})


@dataclass(frozen=True)
class Views:
    """Arrays in shared memory.

    Attributes:
        going_on: How many rows of `previous` there are, and how many run while the network
            computes.
    """

    stamp: NDArray[np.int64]
    state: Floats
    environment: Floats
    chunk: Floats
    uncertainty: Floats  # NaN where the policy cannot tell
    going_on: NDArray[np.int64]
    previous: Floats
    task: NDArray[np.bytes_]
    images: dict[str, Pixels]

    def put(self, observation: Observation, previous: Continuation | None = None) -> None:
        """Copy an observation into the memory, and what its chunk has to go on from."""
        self.stamp[0] = observation.stamp_ns
        self.state[:] = observation.state
        self.environment[:] = observation.environment
        self.task[0] = observation.task.encode()
        rows = previous.positions[:len(self.previous)] if previous else self.previous[:0]
        self.previous[:len(rows)] = rows
        self.going_on[:] = len(rows), previous.delay if previous else 0
        for name, image in self.images.items():
            image[:] = observation.images[name]

    def get(self) -> tuple[Observation, Continuation | None]:
        """Return what was put there; the arrays are those of the memory."""
        rows, delay = self.going_on.tolist()
        return (Observation(int(self.stamp[0]), self.state, self.environment, self.images,
                            task=self.task[0].decode(errors='ignore')),
                Continuation(self.previous[:rows], delay) if rows else None)
