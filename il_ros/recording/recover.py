"""Rebuilds an episode whose recorder was killed."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
import shutil
import struct
from typing import Any

from il_ros.errors import BagError
from il_ros.recording.metadata import EpisodeInfo, Topic
from il_ros.recording.store import EpisodeStore, PARTIAL, sync_folder
from il_ros.recording.writer import BagFile, Limits, START_RECORD
from mcap.exceptions import McapError
from mcap.records import Channel, Chunk, Message, Metadata, Schema
from mcap.stream_reader import breakup_chunk, CRCValidationError, StreamReader

_BROKEN = (McapError, CRCValidationError, ValueError, struct.error, UnicodeDecodeError)


@dataclass(frozen=True)
class Recovery:
    """What came back.

    Attributes:
        path: The closed episode.
        messages: Messages in it.
        lost_bytes: Bytes at the end of the file that were no whole chunk.
        bad_chunks: Chunks left out because their CRC did not match.
    """

    path: Path
    messages: int
    lost_bytes: int
    bad_chunks: int


def recover(partial: Path, info: EpisodeInfo | None = None) -> Recovery:
    """Write what is whole in a `.partial` folder to a closed episode beside it.

    The original is moved to recovered/, unchanged.

    Args:
        partial: The folder that the recorder left.
        info: What to write as custom_data; from the file when None, outcome unlabelled.

    Raises:
        BagError: It holds no MCAP file, no whole chunk, or its name is taken.
        OSError: The disk refuses; the original is untouched.
    """
    files = sorted(partial.glob('*.mcap'))
    if not partial.name.endswith(PARTIAL) or len(files) != 1:
        raise BagError(f'{partial}: expected a {PARTIAL} folder with one .mcap file, '
                       f'got {len(files)}')
    target = partial.parent / partial.name.removesuffix(PARTIAL)
    if target.exists():
        raise BagError(f'{target} exists already and is not overwritten; move it away first')
    temporary = partial.with_name(f'{target.name}.recovering{PARTIAL}')
    shutil.rmtree(temporary, ignore_errors=True)    # of a recovery that was killed
    scan = _Scan(files[0])
    bag: BagFile | None = None
    for record in scan.records():
        if isinstance(record, Metadata) and record.name == START_RECORD:
            info = info or EpisodeInfo.from_custom_data(record.metadata, str(partial))
        elif isinstance(record, Message):
            if info is None:
                raise BagError(f'{files[0]}: the record that names contract and task is damaged')
            bag = bag or BagFile(temporary, scan.topics(info), info, stem=target.name)
            bag.write(scan.name(info, record.channel_id), record.log_time, record.data)
            if bag.pending_bytes >= Limits.chunk_bytes:
                bag.flush()
    if bag is None or info is None:
        raise BagError(f'{partial}: no whole chunk of messages; nothing can be recovered')
    reason = info.stop_reason or (f'recovered: {scan.lost_bytes} bytes and {scan.bad_chunks} '
                                  'chunks lost')
    bag.close(replace(info, stop_reason=reason))
    temporary.rename(target)
    sync_folder(target.parent)
    EpisodeStore(partial.parent).set_aside(partial)
    return Recovery(target, sum(bag.counts.values()), scan.lost_bytes, scan.bad_chunks)


class _Scan:
    """Every whole record of an MCAP file, however the file ends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.schemas: dict[int, Schema] = {}
        self.channels: dict[int, Channel] = {}
        self.bad_chunks = 0
        self.lost_bytes = 0

    def records(self) -> Iterator[Any]:
        size = self.path.stat().st_size
        whole = 0
        with self.path.open('rb') as stream, suppress(*_BROKEN):
            for record in StreamReader(stream, emit_chunks=True).records:
                whole = stream.tell()
                if isinstance(record, Chunk):
                    yield from self._chunk(record)
                else:
                    yield record
        self.lost_bytes = size - whole

    def _chunk(self, chunk: Chunk) -> Iterator[Any]:
        try:
            records = breakup_chunk(chunk, validate_crc=True)
        except _BROKEN:
            self.bad_chunks += 1
            return
        for record in records:
            if isinstance(record, Schema):
                self.schemas[record.id] = record
            elif isinstance(record, Channel):
                self.channels[record.id] = record
            else:
                yield record

    def topics(self, info: EpisodeInfo) -> list[Topic]:
        """Return the topics in the order of their channels."""
        return [self._topic(info, channel) for _, channel in sorted(self.channels.items())]

    def name(self, info: EpisodeInfo, channel_id: int) -> str:
        """Return the topic's name in the contract or the design."""
        resolved = self.channels[channel_id].topic
        return next((name for name, topic in info.topics.items() if topic == resolved), resolved)

    def _topic(self, info: EpisodeInfo, channel: Channel) -> Topic:
        qos = channel.metadata.get('offered_qos_profiles', '')
        return Topic(self.name(info, channel.id), self.schemas[channel.schema_id].name,
                     channel.topic, reliable='reliability: reliable' in qos,
                     latched='transient_local' in qos)

