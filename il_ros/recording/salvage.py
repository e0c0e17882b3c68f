"""What is whole in MCAP files that were cut off or damaged."""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
import struct
from typing import Any
import zlib

import lz4.frame
from mcap.exceptions import McapError
from mcap.records import Channel, Chunk, Message, Metadata, Schema
from mcap.stream_reader import breakup_chunk, StreamReader
import zstandard

_MAGIC_BYTES = 8
BROKEN = (OverflowError, McapError, ValueError, struct.error, RuntimeError, EOFError, MemoryError,
          zstandard.ZstdError)


class Scan:
    """Every whole record of some MCAP files, however they end.

    Attributes:
        schemas: Per number of the file and schema.
        channels: Per number of the file and channel.
        notes: Metadata records by name.
        file: Number of the file whose records come now.
        bad_chunks: Chunks left out because they are damaged.
        lost_bytes: Bytes at the ends of the files that are no whole record.
    """

    def __init__(self, files: Sequence[Path]) -> None:
        self.files = files
        self.file = 0
        self.schemas: dict[tuple[int, int], Schema] = {}
        self.channels: dict[tuple[int, int], Channel] = {}
        self.notes: dict[str, Mapping[str, str]] = {}
        self.bad_chunks = 0
        self.lost_bytes = 0

    def records(self) -> Iterator[Any]:
        """Yield what is neither schema nor channel, and messages only of known channels."""
        for number, path in enumerate(self.files):
            self.file = number
            size, whole = path.stat().st_size, 0
            with path.open('rb') as stream, suppress(*BROKEN):
                stream.seek(_MAGIC_BYTES)   # which may be damaged, too
                for record in StreamReader(stream, skip_magic=True, emit_chunks=True,
                                           record_size_limit=size).records:
                    if stream.tell() > size:
                        break
                    whole = stream.tell()
                    yield from self._chunk(record) if isinstance(record, Chunk) else (
                        self._kept(record))
            self.lost_bytes += size - whole

    def _chunk(self, chunk: Chunk) -> Iterator[Any]:
        try:
            records = breakup_chunk(_unpacked(chunk))
        except BROKEN:
            self.bad_chunks += 1
            return
        for record in records:
            yield from self._kept(record)

    def _kept(self, record: Any) -> Iterator[Any]:
        if isinstance(record, Schema):
            self.schemas[self.file, record.id] = record
        elif isinstance(record, Channel):
            self.channels[self.file, record.id] = record
        elif isinstance(record, Metadata):
            self.notes[record.name] = record.metadata
        elif not isinstance(record, Message) or (
                (self.file, record.channel_id) in self.channels):
            yield record


def _unpacked(chunk: Chunk) -> Chunk:
    """Return a chunk without compression.

    Raises:
        One of BROKEN: It is damaged.
    """
    data = chunk.data
    if chunk.compression == 'zstd':
        data = zstandard.decompress(data, max_output_size=chunk.uncompressed_size)
    elif chunk.compression == 'lz4':
        data = lz4.frame.decompress(data)
    elif chunk.compression:
        raise ValueError(f'unknown compression {chunk.compression!r}')
    if len(data) != chunk.uncompressed_size or (
            chunk.uncompressed_crc and zlib.crc32(data) != chunk.uncompressed_crc):
        raise ValueError('its size or CRC does not match')
    return replace(chunk, data=data, compression='')
