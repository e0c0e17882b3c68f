"""What a bag holds, read without a contract."""
from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from il_ros.bags.definitions import deserialize, plain, require_readable, UNREADABLE_DATA
from il_ros.bags.files import bag_files, open_storage
from il_ros.bags.storage import merged, Sample, Source, Storage
from il_ros.errors import BagError
from il_ros.names import rooted
from il_ros.recording.cdr import stamp_ns
from il_ros.timing import SECOND
import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.int64]


@dataclass(frozen=True)
class Topic:
    """One topic of a bag.

    Attributes:
        name: From `/` on.
        type: As the bag says it, without `msg`.
        count: Messages.
        rate_hz: Over the time from its first message to its last.
    """

    name: str
    type: str
    count: int
    rate_hz: float


class Content:
    """A bag, open for reading.

    Attributes:
        path: The bag directory, or its file where only that was named.
        topics: Those with messages, by name.
    """

    def __init__(self, path: Path) -> None:
        """Open a bag and check every file of it.

        Raises:
            BagError: It is missing, damaged or empty, or carries a contract: nothing is to be
                imported.
        """
        files = bag_files(path)
        self.path, self._storages = files.path, list[Storage]()
        try:
            for file in files.data:
                self._storages.append(open_storage(file, files.path))
            custom = (files.metadata or {}).get('custom_data') or self._storages[0].custom
            if 'contract' in custom:
                raise BagError(f'{path}: carries its contract, as il_ros recorded it: il_ros '
                               f'convert {path} --out dataset needs no other')
            sources: dict[str, list[Source]] = {}
            for source in [s for storage in self._storages for s in storage.sources if s.count]:
                sources.setdefault(rooted(source.topic), []).append(source)
            if not sources:
                raise BagError(f'{path}: the bag holds no messages')
        except BaseException:
            self.close()
            raise
        self._sources = sources
        self.topics = {name: _topic(name, found) for name, found in sorted(sources.items())}

    def messages(self, topic: str) -> Iterator[tuple[int, Any]]:
        """Yield log time [ns] and message of a topic.

        Raises:
            BagError: One cannot be understood.
        """
        for source in self._sources[topic]:
            require_readable(source, str(self.path))
        for log_ns, source, data in self._samples([topic]):
            try:
                yield log_ns, deserialize(source, plain(data))
            except UNREADABLE_DATA as error:
                raise BagError(f'{self.path}: {topic} at {log_ns} ns is no {source.type}: '
                               f'{error}') from None

    def stamps(self, topics: Collection[str]) -> dict[str, tuple[Times, Times]]:
        """Return log times and header stamps [ns] of topics with headers. Shape (N,) each."""
        found: dict[str, list[tuple[int, int]]] = {topic: [] for topic in topics}
        for log_ns, source, data in self._samples(topics):
            try:
                header_ns = stamp_ns(plain(data))
            except ValueError:
                header_ns = None
            found[rooted(source.topic)].append((log_ns, header_ns or 0))
        return {topic: (np.array([log for log, _ in times], np.int64),
                        np.array([header for _, header in times], np.int64))
                for topic, times in found.items() if times}

    def _samples(self, topics: Collection[str]) -> Iterator[Sample]:
        wanted = {source for topic in topics for source in self._sources[topic]}
        return merged(part for storage in self._storages
                      for part in storage.parts(wanted.intersection(storage.sources)))

    def close(self) -> None:
        """Close the files."""
        for storage in self._storages:
            storage.close()

    def __enter__(self) -> Content:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()


def _topic(name: str, sources: list[Source]) -> Topic:
    count = sum(source.count for source in sources)
    ns = max(s.end_ns for s in sources) - min(s.start_ns for s in sources)
    return Topic(name, sources[0].type.replace('/msg/', '/'), count,
                 (count - 1) * SECOND / ns if ns else 0.0)
