"""What the files of a bag have in common: topics, and parts that merge in log-time order."""
from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
import heapq
from pathlib import Path
from typing import NamedTuple, Protocol


@dataclass(frozen=True)
class Source:
    """One topic of one file, as the file itself describes it.

    Attributes:
        file: The file.
        id: Within the file.
        serialization: How its messages are written; cdr in ROS 2.
        encoding: Language of the definition: ros2msg, ros2idl, or anything else.
        definition: Text of the message definition; may be empty.
        count: Messages in the file.
        start_ns: First log time; 0 without messages.
        end_ns: Last log time.
        qos: What its publishers offered, as rosbag2 writes it; '' where it is not said.
    """

    file: Path
    id: int
    topic: str
    type: str
    serialization: str
    encoding: str
    definition: str
    count: int = 0
    start_ns: int = 0
    end_ns: int = 0
    qos: str = ''


class Sample(NamedTuple):
    """One message as it lies in the file."""

    log_ns: int
    source: Source
    data: bytes


class Part(NamedTuple):
    """Messages of a file that are read at once; `read` gives them in log-time order."""

    start_ns: int
    read: Callable[[], Iterable[Sample]]


class Storage(Protocol):
    """One file of a bag, open for reading.

    Attributes:
        path: The file.
        sources: Its topics.
    """

    path: Path
    sources: list[Source]

    @property
    def custom(self) -> Mapping[str, str]:
        """What its recorder noted in it, as in custom_data of metadata.yaml."""

    def parts(self, wanted: Collection[Source], since_ns: int = 0) -> list[Part]:
        """Return the parts that hold messages of some topics; those from before may lack."""

    def close(self) -> None:
        """Close the file."""


def merged(parts: Iterable[Part]) -> Iterator[Sample]:
    """Yield the messages of all parts in log-time order; a part is read once it is reached."""
    waiting = sorted(parts, key=lambda part: part.start_ns, reverse=True)
    heap: list[tuple[int, int, Sample, Iterator[Sample]]] = []
    opened = 0
    while waiting or heap:
        if waiting and (not heap or waiting[-1].start_ns <= heap[0][0]):
            samples = iter(waiting.pop().read())
            opened += 1
            order = opened
        else:
            _, order, sample, samples = heapq.heappop(heap)
            yield sample
        if (following := next(samples, None)) is not None:
            heapq.heappush(heap, (following.log_ns, order, following, samples))
