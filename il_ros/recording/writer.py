"""One episode as a rosbag2 MCAP directory, written by its own thread."""
from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import os
from pathlib import Path
import shutil
import threading
import time
from typing import Any, BinaryIO, NamedTuple

from il_ros.disk.atomic import sync
from il_ros.errors import RecordingError
from il_ros.recording.definitions import message_definition
from il_ros.recording.metadata import bag_information, EpisodeInfo, to_yaml, Topic
from il_ros.recording.store import PARTIAL
from il_ros.timing import MILLISECOND
from mcap.writer import CompressionType, Writer

START_RECORD = 'il_ros'     # MCAP metadata record that recovery reads
METADATA_FILE = 'metadata.yaml'
_NEVER = 1 << 62


@dataclass(frozen=True)
class Limits:
    """Bounds of the recorder.

    Attributes:
        queue_bytes: Messages that wait for the disk; more are dropped and counted.
        chunk_bytes: A chunk is closed when it is larger.
        chunk_ns: A chunk is closed when it is older; what kill -9 can lose.
        sync_ns: Time between two fdatasync.
        start_free_bytes: Least free space to start an episode.
        free_bytes: Recording stops below it, so that the episode can still be closed.
    """

    queue_bytes: int = 256 << 20
    chunk_bytes: int = 4 << 20
    chunk_ns: int = 40 * MILLISECOND
    sync_ns: int = 500 * MILLISECOND
    start_free_bytes: int = 1_000_000_000
    free_bytes: int = 100_000_000


class _Item(NamedTuple):
    name: str
    log_ns: int
    data: bytes


class BagFile:
    """An MCAP file as rosbag2 writes it, without compression, with CRCs over every byte."""

    def __init__(self, folder: Path, topics: Sequence[Topic], info: EpisodeInfo,
                 stem: str = '') -> None:
        self.folder, self.topics = folder, list(topics)
        self.counts = {topic.name: 0 for topic in topics}
        self.whole = dict(self.counts)      # in closed chunks
        self.start_ns, self.end_ns = _NEVER, 0
        self.pending_bytes = 0
        folder.mkdir(parents=True)
        self.path = folder / f'{stem or folder.name.removesuffix(PARTIAL)}_0.mcap'
        self._stream: BinaryIO = self.path.open('xb')
        self._mcap = Writer(self._stream, chunk_size=1 << 62, enable_data_crcs=True,
                            compression=CompressionType.NONE)
        self._mcap.start(profile='ros2', library='il_ros')
        self._mcap.add_metadata(START_RECORD, info.to_custom_data())
        self._channels = {topic.name: self._register(topic) for topic in topics}
        self.flush()
        self.sync()

    def write(self, name: str, log_ns: int, data: bytes) -> None:
        """Add one message to the chunk in progress."""
        self._mcap.add_message(self._channels[name], log_ns, data, log_ns, self.counts[name])
        self.start_ns = min(self.start_ns, log_ns)
        self.end_ns = max(self.end_ns, log_ns)
        self.counts[name] += 1
        self.pending_bytes += len(data)

    def flush(self) -> None:
        """Close the chunk in progress and hand it to the kernel."""
        self._mcap.flush()
        self.whole = dict(self.counts)
        self.pending_bytes = 0

    def sync(self) -> None:
        """Wait until what was flushed is on the disk."""
        os.fdatasync(self._stream.fileno())

    def close(self, info: EpisodeInfo) -> None:
        """Finish the file and write metadata.yaml, both durable."""
        content = bag_information(
            [(topic.metadata, self.counts[topic.name]) for topic in self.topics],
            min(self.start_ns, self.end_ns), self.end_ns, self.path.name, info.to_custom_data())
        self.flush()
        finish(self._mcap, self._stream, self.folder, content)

    def abandon(self) -> None:
        """Close the file as it is, for recovery."""
        self._stream.raw.close()  # type: ignore[attr-defined]

    def _register(self, topic: Topic) -> int:
        definition = message_definition(topic.type)
        schema = self._mcap.register_schema(topic.type, 'ros2msg', definition.text.encode())
        return int(self._mcap.register_channel(topic.resolved, 'cdr', schema,
                                               topic.channel_metadata))


def finish(mcap: Writer, stream: BinaryIO, folder: Path, content: Mapping[str, Any]) -> None:
    """Finish an MCAP file and write metadata.yaml beside it, both durable.

    Args:
        mcap: The writer onto `stream`.
        stream: The file, which is closed.
        folder: Of the bag.
        content: `bag_information`.
    """
    mcap.add_metadata('rosbag2', {'serialized_metadata': to_yaml(content)})
    mcap.finish()
    stream.flush()
    os.fsync(stream.fileno())
    stream.close()
    with (folder / METADATA_FILE).open('x', encoding='utf-8') as sink:
        sink.write(to_yaml({'rosbag2_bagfile_information': content}))
        sink.flush()
        os.fsync(sink.fileno())
    sync(folder)


class EpisodeWriter:
    """Takes messages without waiting for the disk and counts exactly what it had to drop.

    Attributes:
        drops: Dropped messages per topic name; complete once `close` returned or raised.
        failure: Why the disk takes no more; empty while it does.
    """

    def __init__(self, folder: Path, topics: Sequence[Topic], info: EpisodeInfo,
                 limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self.folder = folder
        self.drops = {topic.name: 0 for topic in topics}
        self.bytes = 0
        self.failure = ''
        self._broken = False
        self._waiting: deque[_Item] = deque()
        self._waiting_bytes = 0
        self._accepted = Counter[str]()
        self._closing = False
        self._wake = threading.Condition()
        try:
            self._bag = BagFile(folder, topics, info)
        except OSError as error:
            raise RecordingError(f'{folder}: cannot be written: {error.strerror}') from None
        self._thread = threading.Thread(target=self._run, name='episode writer', daemon=True)
        self._thread.start()

    def write(self, name: str, log_ns: int, data: bytes) -> bool:
        """Queue one serialised message; False when it was dropped."""
        with self._wake:
            if self.failure or self._waiting_bytes + len(data) > self.limits.queue_bytes:
                self.drops[name] += 1
                return False
            self._waiting.append(_Item(name, log_ns, data))
            self._waiting_bytes += len(data)
            self._accepted[name] += 1
            self.bytes += len(data)
            self._wake.notify()
            return True

    def close(self, info: EpisodeInfo) -> Mapping[str, int]:
        """Write what is queued and close the file.

        Returns:
            Messages in the file per topic name.

        Raises:
            RecordingError: The disk refused; the `.partial` folder is kept for recovery.
        """
        with self._wake:
            self._closing = True
            self._wake.notify()
        self._thread.join()
        try:
            if self._broken:
                raise OSError(None, self.failure)
            self._bag.close(info)
        except OSError as error:
            self._bag.abandon()
            for name, count in self._accepted.items():
                self.drops[name] += count - self._bag.whole[name]
            raise RecordingError(f'{self.folder}: cannot be closed: {error.strerror}; free space, '
                                 f'then: il_ros convert --recover {self.folder}') from None
        return self._bag.counts

    def _run(self) -> None:
        chunk_ns = synced_ns = time.monotonic_ns()
        closing = False
        try:
            while not closing:
                with self._wake:
                    if not self._waiting and not self._closing:
                        self._wake.wait(timeout=0.05)
                    items, self._waiting = self._waiting, deque()
                    self._waiting_bytes = 0
                    closing = self._closing
                for item in items:
                    self._bag.write(*item)
                    if self._bag.pending_bytes >= self.limits.chunk_bytes:
                        self._bag.flush()
                now_ns = time.monotonic_ns()
                if now_ns - chunk_ns >= self.limits.chunk_ns:
                    self._bag.flush()
                    chunk_ns = now_ns
                if now_ns - synced_ns >= self.limits.sync_ns:
                    self._bag.sync()
                    synced_ns = now_ns
                    self._check_space()
        except OSError as error:
            self._broken = True
            self.failure = f'{self.folder}: {error.strerror}'

    def _check_space(self) -> None:
        free = shutil.disk_usage(self.folder).free
        if free < self.limits.free_bytes and not self.failure:
            self.failure = f'disk full: {free / 1e6:.0f} MB free below {self.folder.parent}'
