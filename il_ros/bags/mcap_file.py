"""One MCAP file, read by its records alone: neither index nor metadata.yaml is believed.

File format: https://mcap.dev/spec
"""
from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
import io
import mmap
from pathlib import Path
import struct
from typing import Any, NamedTuple, TypeVar

from il_ros.bags.bombs import unpack
from il_ros.bags.storage import Part, Sample, Source
from il_ros.config import parse_yaml
from il_ros.errors import BagError, ConfigError
from mcap.data_stream import ReadDataStream
from mcap.exceptions import McapError
from mcap.opcode import Opcode
from mcap.records import Channel, MessageIndex, Metadata, Schema

_RECORD = struct.Struct('<BQ')
_MESSAGE = struct.Struct('<HIQQ')   # channel, sequence, log time, publish time
_CHUNK = struct.Struct('<QQQII')    # first, last, unpacked size, CRC, length of compression
_LENGTH = struct.Struct('<Q')
_MAGIC_BYTES = 8
LATEST_NS = (1 << 63) - 1           # 2262; what ROS 2 can say
_R = TypeVar('_R')


class _Record(NamedTuple):
    opcode: int
    at: int     # of its content
    end: int


class _ChunkAt(NamedTuple):
    record: _Record
    start_ns: int
    end_ns: int     # of its last message
    channels: frozenset[int]


@dataclass
class _Times:
    count: int = 0
    start_ns: int = 1 << 63
    end_ns: int = 0

    def add(self, log_ns: int) -> None:
        _require_date(log_ns)
        self.count += 1
        self.start_ns = min(self.start_ns, log_ns)
        self.end_ns = max(self.end_ns, log_ns)


@dataclass
class _Found:
    schemas: dict[int, Schema] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)
    times: dict[int, _Times] = field(default_factory=dict)
    loose: list[tuple[int, int, _Record]] = field(default_factory=list)  # time, channel, message
    notes: dict[str, Mapping[str, str]] = field(default_factory=dict)

    def message(self, data: Any, at: int) -> tuple[int, int]:
        """Count a message; return its channel and log time."""
        channel, _, log_ns, _ = _MESSAGE.unpack_from(data, at)
        self.times.setdefault(channel, _Times()).add(log_ns)
        return channel, log_ns


class McapFile:
    """See `Storage`."""

    def __init__(self, path: Path) -> None:
        """Open a file whose wholeness was checked.

        Raises:
            BagError: Its records do not fit together.
        """
        self.path = path
        with path.open('rb') as stream:
            self._data = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        self._found = _Found()
        self._chunks: list[_ChunkAt] = []
        self._guarded(self._scan)
        found = self._found
        self.sources = [
            _source(path, channel, found.schemas.get(channel.schema_id), found.times.get(number))
            for number, channel in sorted(found.channels.items())]

    @cached_property
    def custom(self) -> Mapping[str, str]:
        """See `Storage`; parsed when asked for, since metadata.yaml mostly says the same."""
        return _custom(self._found.notes)

    def parts(self, wanted: Collection[Source], since_ns: int = 0) -> list[Part]:
        """See `Storage`."""
        sources = {source.id: source for source in wanted}
        parts = [Part(chunk.start_ns, self._reader(chunk, sources)) for chunk in self._chunks
                 if chunk.channels & sources.keys() and chunk.end_ns >= since_ns]
        if loose := [item for item in self._found.loose
                     if item[1] in sources and item[0] >= since_ns]:
            loose.sort(key=lambda item: item[0])
            parts.append(Part(loose[0][0], lambda: (
                Sample(log_ns, sources[channel],
                       self._data[record.at + _MESSAGE.size:record.end])
                for log_ns, channel, record in loose)))
        return parts

    def close(self) -> None:
        """See `Storage`."""
        with suppress(BufferError):     # an error that is being told still looks into it
            self._data.close()

    def _reader(self, chunk: _ChunkAt, sources: Mapping[int, Source]
                ) -> Callable[[], Iterable[Sample]]:
        def read() -> list[Sample]:
            data = self._unpacked(chunk.record)
            samples = []
            for record in _records(data, 0, len(data)):
                if record.opcode == Opcode.MESSAGE:
                    channel, _, log_ns, _ = _MESSAGE.unpack_from(data, record.at)
                    if channel in sources:
                        _require_date(log_ns)
                        samples.append(Sample(log_ns, sources[channel],
                                              bytes(data[record.at + _MESSAGE.size:record.end])))
            return sorted(samples, key=lambda sample: sample.log_ns)
        return lambda: self._guarded(read)

    def _scan(self) -> None:
        found, chunk, indexed = self._found, None, list[MessageIndex]()
        for record in _records(self._data, _MAGIC_BYTES, len(self._data) - _MAGIC_BYTES):
            if record.opcode == Opcode.MESSAGE_INDEX:
                indexed.append(_read(MessageIndex, self._data, record))
                continue
            if chunk:
                self._take(chunk, indexed)
                chunk, indexed = None, []
            if record.opcode == Opcode.CHUNK:
                chunk = record
            elif record.opcode == Opcode.MESSAGE:
                channel, log_ns = found.message(self._data, record.at)
                found.loose.append((log_ns, channel, record))
            elif record.opcode == Opcode.METADATA:
                note = _read(Metadata, self._data, record)
                found.notes[note.name] = note.metadata
            else:
                self._describe(self._data, record)
        for at in [c for c in self._chunks if not c.channels <= found.channels.keys()]:
            data = self._unpacked(at.record)    # its channels stand nowhere else
            for record in _records(data, 0, len(data)):
                self._describe(data, record)

    def _take(self, record: _Record, indexed: list[MessageIndex]) -> None:
        """Note what a chunk holds: from the records behind it, or else from itself."""
        found = self._found
        before = {number: times.count for number, times in found.times.items()}
        if indexed:
            for index in indexed:
                for log_ns, _ in index.records:
                    found.times.setdefault(index.channel_id, _Times()).add(log_ns)
            channels = {index.channel_id for index in indexed if index.records}
            times_ns = [log_ns for index in indexed for log_ns, _ in index.records]
        else:
            data, times_ns = self._unpacked(record), []
            for inner in _records(data, 0, len(data)):
                if inner.opcode == Opcode.MESSAGE:
                    times_ns.append(found.message(data, inner.at)[1])
                else:
                    self._describe(data, inner)
            channels = {number for number, times in found.times.items()
                        if times.count > before.get(number, 0)}
        self._chunks.append(_ChunkAt(record, min(times_ns, default=0), max(times_ns, default=0),
                                     frozenset(channels)))

    def _describe(self, data: Any, record: _Record) -> None:
        if record.opcode == Opcode.SCHEMA:
            schema = _read(Schema, data, record)
            self._found.schemas[schema.id] = schema
        elif record.opcode == Opcode.CHANNEL:
            channel = _read(Channel, data, record)
            self._found.channels[channel.id] = channel

    def _unpacked(self, record: _Record) -> bytes | memoryview:
        """Return what is in a chunk; one that is not packed stays where it is in the file."""
        _, _, unpacked, _, length = _CHUNK.unpack_from(self._data, record.at)
        at = record.at + _CHUNK.size + length
        compression = self._data[at - length:at].decode()
        at, size = at + _LENGTH.size, _LENGTH.unpack_from(self._data, at)[0]
        if at + size > record.end:
            raise ValueError(f'the chunk at byte {record.at} ends beyond its section')
        try:
            return unpack(compression, memoryview(self._data)[at:at + size], unpacked)
        except ValueError as error:
            raise ValueError(f'chunk at byte {record.at} cannot be unpacked: {error}') from None

    def _guarded(self, work: Callable[[], _R]) -> _R:
        try:
            return work()
        except (McapError, ValueError, OverflowError, struct.error, EOFError) as error:
            what = ' '.join(str(error).split()) or type(error).__name__
            raise BagError(f'{self.path}: damaged: {what}; restore the bag from a copy, or leave '
                           'it out with --skip-bad') from None


def _require_date(log_ns: int) -> None:
    if log_ns > LATEST_NS:
        raise ValueError(f'a message has the log time {log_ns} ns, which is no date')


def _records(data: Any, at: int, end: int) -> Iterator[_Record]:
    while at < end:
        opcode, length = _RECORD.unpack_from(data, at)
        at += _RECORD.size
        if at + length > end:
            raise ValueError(f'the record at byte {at} ends beyond its section')
        yield _Record(opcode, at, at + length)
        at += length


def _read(kind: Any, data: Any, record: _Record) -> Any:
    return kind.read(ReadDataStream(io.BytesIO(data[record.at:record.end])))


def _source(path: Path, channel: Channel, schema: Schema | None, times: _Times | None) -> Source:
    source = Source(path, channel.id, channel.topic, schema.name if schema else '',
                    channel.message_encoding, schema.encoding if schema else '',
                    schema.data.decode('utf-8', 'replace') if schema else '',
                    qos=channel.metadata.get('offered_qos_profiles', ''))
    if times is None:
        return source
    return replace(source, count=times.count, start_ns=times.start_ns, end_ns=times.end_ns)


def _custom(notes: Mapping[str, Mapping[str, str]]) -> Mapping[str, str]:
    """Return custom_data as rosbag2 writes it into its files, or what il_ros's recorder began."""
    text = notes.get('rosbag2', {}).get('serialized_metadata', '')
    try:
        content = parse_yaml(text, 'metadata') if text else {}
        content = content.get('rosbag2_bagfile_information', content)
        return dict(content.get('custom_data') or notes.get('il_ros', {}))
    except (ConfigError, AttributeError, TypeError, ValueError):
        return notes.get('il_ros', {})
