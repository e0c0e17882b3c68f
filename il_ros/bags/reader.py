"""A bag as stamped messages in log-time order. Nothing in it is ever modified.

What the files hold outranks what stands beside them: metadata.yaml gives custom_data and the names
of the files, nothing else. A topic that nobody asks for need not be understood.
"""
from __future__ import annotations

from collections import ChainMap, Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from il_ros.bags.definitions import (
    deserialize,
    plain,
    require_readable,
    UNREADABLE_DATA,
)
from il_ros.bags.files import bag_files, open_storage
from il_ros.bags.names import Names
from il_ros.bags.storage import merged, Sample, Source, Storage
from il_ros.config import nearest
from il_ros.contract import Contract
from il_ros.errors import BagError
from il_ros.recording.cdr import stamp_ns
from il_ros.recording.metadata import EpisodeInfo
from il_ros.rights import Rights


class Stamped(NamedTuple):
    """One message of a bag."""

    topic: str      # as the contract or the design names it
    log_ns: int     # when the recorder took it
    message: Any


class Piece(NamedTuple):
    """One of the bags that a recording consists of.

    Attributes:
        times: Of its messages [ns].
        contract: Hash of what it was recorded with.
        sources: Its topics.
    """

    path: Path
    times: range
    contract: str
    sources: tuple[Source, ...]


class Bag:
    """One recorded episode, open for reading.

    Attributes:
        path: The bag directory, or its file where only that was named.
        pieces: The bags of the recording, most often one.
        info: What the recorder wrote about the episode.
        counts: Messages per topic, as the contract or the design names it.
        named: Which topic of the bag is which.
        sources: Its topics as the files describe them.
        recorded: From the first log time of any topic to behind the last, as `ros2 bag info` has
            it [ns].
        start_ns: First log time of what the contract and the design name.
        end_ns: Behind the last log time; [start_ns, end_ns) holds every such message.
    """

    def __init__(self, path: Path, contract: Contract | None = None, namespace: str = '',
                 more: Sequence[Path] = ()) -> None:
        """Open a bag and check every file of it.

        Args:
            path: The bag directory or one file.
            contract: Used where the bag carries none.
            namespace: Of the robot's topics, where the bag does not say it; see `name_topics`.
            more: Further bags of the same recording, whose messages are merged with its own.

        Raises:
            BagError: A bag is missing, unfinished, damaged, empty, or has no contract.
        """
        bags = [bag_files(each) for each in (path, *more)]
        self.path = bags[0].path
        self._storages: list[Storage] = []
        self.pieces: list[Piece] = []
        found: list[EpisodeInfo] = []
        try:
            for files in bags:
                own = [self._opened(file, files.path) for file in files.data]
                custom = (files.metadata or {}).get('custom_data') or (
                    {} if files.metadata else own[0].custom)
                if 'contract' not in custom and contract is not None:
                    found.append(EpisodeInfo(contract, contract.task))
                else:
                    found.append(EpisodeInfo.from_custom_data(custom, str(files.path)))
                spoken = [source for storage in own for source in storage.sources if source.count]
                if not spoken:
                    raise BagError(f'{files.path}: the bag holds no messages; delete it or leave '
                                   'it out with --skip-bad')
                self.pieces.append(Piece(files.path, _times(spoken), found[-1].contract.hash,
                                         tuple(spoken)))
            self.sources = [source for storage in self._storages for source in storage.sources]
            self.info = found[0] if not more else replace(
                found[0], topics=dict(ChainMap(*(dict(info.topics) for info in found))),
                drops=sum((Counter(info.drops) for info in found), Counter()),
                rights=Rights.together(info.rights for info in found))
        except BaseException:
            self.close()
            raise
        self._names = Names(self.info, self.sources, namespace, str(path))
        self.named = self._names.named
        self.counts: dict[str, int] = {}
        for source in self.sources:
            name = self._names.of(source)
            self.counts[name] = self.counts.get(name, 0) + source.count
        spoken = [source for source in self.sources if source.count]
        self.recorded = _times(spoken)
        spoken = [s for s in spoken if self._names.known(s)
                  and self._names.of(s) != self.contract.urdf_topic] or spoken
        times = _times(spoken)
        self.start_ns, self.end_ns = times.start, times.stop
        self._take_urdf()

    @property
    def contract(self) -> Contract:
        """The robot that the episode was recorded with."""
        return self.info.contract

    def _opened(self, file: Path, origin: Path) -> Storage:
        self._storages.append(open_storage(file, origin))
        return self._storages[-1]

    def _take_urdf(self) -> None:
        contract = self.contract
        for urdf in self.messages([contract.urdf_topic]):
            self.info = replace(self.info, contract=replace(contract, urdf_text=urdf.message.data))
            break

    def messages(self, topics: Collection[str]) -> Iterator[Stamped]:
        """Yield the messages of some topics in log-time order.

        Raises:
            BagError: A topic is of another type than the contract says, or cannot be understood;
                a message cannot be deserialised.
        """
        for source in self._wanted(topics):
            self._names.require_type(source, str(self.path))
            require_readable(source, str(self.path))
        for log_ns, source, data in self.samples(topics):
            try:
                message = deserialize(source, data)
            except UNREADABLE_DATA as error:
                raise BagError(f'{self.path}: {source.topic} at {log_ns} ns is no {source.type}: '
                               f'{error}; leave the bag out with --skip-bad') from None
            yield Stamped(self._names.of(source), log_ns, message)

    def require(self, topics: Collection[str]) -> None:
        """Check that each of some topics has messages.

        Raises:
            BagError: One has none; the text lists what the bag holds and names the nearest.
        """
        if missing := [topic for topic in topics if not self.counts.get(topic)]:
            raise BagError(f'{self.path}: no complete observation: no message of '
                           f'{", ".join(missing)}{self.holds(missing)}')

    def holds(self, missing: Collection[str] = ()) -> str:
        """Return the topics with messages as the end of a text, and the nearest to others."""
        return self._names.describe(missing)

    def _wanted(self, topics: Collection[str]) -> list[Source]:
        return [source for storage in self._storages for source in storage.sources
                if source.count and self._names.of(source) in topics]

    def topic(self, topic: str) -> tuple[str, str]:
        """Return name and type of a topic by its full name, as `messages` takes the name.

        Raises:
            BagError: The bag has no message of it; the text names the nearest.
        """
        full = f'/{topic.removeprefix("/")}'
        sources = {f'/{source.topic.removeprefix("/")}': source for storage in self._storages
                   for source in storage.sources if source.count}
        if full not in sources:
            raise BagError(f'{self.path}: no message of {topic}; {nearest(full, list(sources))}')
        return self._names.of(sources[full]), sources[full].type

    def samples_named(self) -> Iterator[Sample]:
        """Yield, serialised, the messages of what the contract and the design name."""
        return self.samples({self.name_of(source) for source in self.sources
                             if self.known(source)})

    def name_of(self, source: Source) -> str:
        """Return the name of a topic in the contract or the design, else its own."""
        return self._names.of(source)

    def known(self, source: Source) -> bool:
        """Tell whether the contract or the design names a topic."""
        return self._names.known(source)

    def samples(self, topics: Collection[str], since_ns: int = 0) -> Iterator[Sample]:
        """Yield serialised messages in log-time order; those before `since_ns` may lack."""
        wanted = set(self._wanted(topics))
        for sample in merged(
                part for storage in self._storages
                for part in storage.parts(wanted.intersection(storage.sources), since_ns)):
            try:
                yield sample._replace(data=plain(sample.data))
            except ValueError as error:
                raise BagError(f'{self.path}: {sample.source.topic} at {sample.log_ns} ns: '
                               f'{error}; leave the bag out with --skip-bad') from None

    def stamps(self, topics: Collection[str]) -> Iterator[tuple[str, int, int]]:
        """Yield topic, log time and header stamp [ns] of messages that begin with a header.

        Nothing is deserialised; what is too short for a header is left out.

        Raises:
            BagError: The file is damaged.
        """
        for log_ns, source, data in self.samples(topics):
            if (header_ns := stamp_ns(data)) is not None:
                yield self._names.of(source), log_ns, header_ns

    def close(self) -> None:
        """Close the files."""
        for storage in self._storages:
            storage.close()

    def __enter__(self) -> Bag:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()


def _times(sources: Sequence[Source]) -> range:
    return range(min(source.start_ns for source in sources),
                 max(source.end_ns for source in sources) + 1)
