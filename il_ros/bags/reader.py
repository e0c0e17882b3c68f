"""A bag directory as stamped messages in log-time order. Nothing in it is ever modified."""
from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import suppress
import hashlib
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

from il_ros.bags.integrity import check_mcap, recovery_hint
from il_ros.bags.topics import name_topics
from il_ros.config import parse_yaml
from il_ros.contract import Contract
from il_ros.errors import BagError, ConfigError
from il_ros.recording.metadata import EpisodeInfo
from rosbags.highlevel import AnyReader, AnyReaderError
from rosbags.rosbag2 import ReaderError
from rosbags.serde import SerdeError
from rosbags.typesys import get_typestore, Stores

_CHUNK = 1 << 20


class Stamped(NamedTuple):
    """One message of a bag."""

    topic: str      # as the contract or the design names it
    log_ns: int     # when the recorder took it
    message: Any


class Bag:
    """One recorded episode, open for reading.

    Attributes:
        path: The bag directory.
        info: What the recorder wrote about the episode.
        counts: Messages per topic, as the contract or the design names it.
        named: Which topic of the bag is which.
        start_ns: First log time.
        end_ns: Behind the last log time; [start_ns, end_ns) holds every message.
    """

    def __init__(self, path: Path, contract: Contract | None = None, namespace: str = '') -> None:
        """Open a bag and check every file of it.

        Args:
            path: The bag directory.
            contract: Used where the bag carries none.
            namespace: Of the robot's topics, where the bag does not say it; see `name_topics`.

        Raises:
            BagError: The bag is missing, unfinished, damaged, empty, or has no contract.
        """
        self.path = path
        metadata = _metadata(path)
        custom = metadata.get('custom_data') or {}
        if 'contract' not in custom and contract is not None:
            self.info = EpisodeInfo(contract, contract.task)
        else:
            self.info = EpisodeInfo.from_custom_data(custom, str(path))
        for file in data_files(path):
            if file.suffix == '.mcap':
                check_mcap(file)
        self._reader = AnyReader([path], default_typestore=get_typestore(Stores.ROS2_JAZZY))
        try:
            self._reader.open()
        except (AnyReaderError, ReaderError, OSError, ValueError, AssertionError) as error:
            raise BagError(f'{path}: cannot be read: {error}') from None
        if not self._reader.message_count:
            self._reader.close()
            raise BagError(f'{path}: the bag holds no messages; delete it or leave it out with '
                           '--skip-bad')
        self.named = name_topics({c.topic: c.msgtype for c in self._reader.connections},
                                 self.info.contract, self.info.topics, namespace, str(path))
        self._names = self.named.names
        self.counts: dict[str, int] = {}
        for c in self._reader.connections:
            name = self._names[c.topic]
            self.counts[name] = self.counts.get(name, 0) + c.msgcount
        self.start_ns = int(self._reader.start_time)
        self.end_ns = int(self._reader.end_time)

    @property
    def contract(self) -> Contract:
        """The robot that the episode was recorded with."""
        return self.info.contract

    def messages(self, topics: Collection[str]) -> Iterator[Stamped]:
        """Yield the messages of some topics in log-time order.

        Raises:
            BagError: A message cannot be deserialised, or some that metadata.yaml counts are
                missing (rosbags leaves out topics whose QoS differs between the files).
        """
        wanted = [c for c in self._reader.connections if self._names[c.topic] in topics]
        left = {c.topic: c.msgcount for c in wanted}
        if not wanted:
            return
        try:
            for connection, log_ns, data in self._reader.messages(wanted):
                topic = connection.topic
                left[topic] -= 1
                message = self._deserialize(data, connection.msgtype, topic, log_ns)
                yield Stamped(self._names[topic], log_ns, message)
        except (ReaderError, OSError) as error:
            raise BagError(f'{self.path}: {error}') from None
        if missing := {topic: count for topic, count in left.items() if count}:
            raise BagError(f'{self.path}: metadata.yaml counts messages that the file does not '
                           f'yield: {missing}; its QoS or counts were changed')

    def close(self) -> None:
        """Close the files."""
        with suppress(AnyReaderError):
            self._reader.close()

    def __enter__(self) -> Bag:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def _deserialize(self, data: bytes, kind: str, topic: str, log_ns: int) -> Any:
        try:
            return self._reader.deserialize(data, kind)
        except (AnyReaderError, SerdeError, ValueError, IndexError, KeyError) as error:
            raise BagError(f'{self.path}: {topic} at {log_ns} ns is no {kind}: {error}') from None


def data_files(path: Path) -> list[Path]:
    """Return the files of a bag that hold messages."""
    return sorted(p for p in path.iterdir() if p.suffix in ('.mcap', '.db3', '.zstd'))


def content_hash(path: Path) -> str:
    """Return the SHA-256 of the recorded messages; a new label in metadata.yaml keeps it."""
    digest = hashlib.sha256()
    for file in data_files(path):
        with file.open('rb') as stream:
            while block := stream.read(_CHUNK):
                digest.update(block)
    return digest.hexdigest()


def _metadata(path: Path) -> dict[str, Any]:
    if not path.is_dir():
        raise BagError(f'{path}: expected a bag directory, '
                       f'got {"a file" if path.exists() else "nothing"}')
    if not data_files(path):
        raise BagError(f'{path}: expected a bag directory (metadata.yaml and .mcap), '
                       f'got {"no data file" if any(path.iterdir()) else "an empty folder"}')
    file = path / 'metadata.yaml'
    if not file.is_file():
        raise BagError(f'{path}: metadata.yaml is missing; {recovery_hint(path)}')
    try:
        content = parse_yaml(file.read_text(encoding='utf-8'), str(file))
        information = content['rosbag2_bagfile_information']
        information.get('custom_data')
    except (ConfigError, UnicodeDecodeError, KeyError, AttributeError, OSError) as error:
        raise BagError(f'{file}: damaged: {error}') from None
    return dict(information)
