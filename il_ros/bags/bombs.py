"""MCAP files whose chunks would unpack to more than memory holds, refused before anybody does.

A chunk is unpacked in one piece.
"""
from __future__ import annotations

from collections.abc import Iterator
import io
import mmap
from pathlib import Path
import struct

from il_ros.errors import BagError
import lz4.frame
import zstandard

MAX_CHUNK = 1 << 28  # bytes; rosbag2's own chunks hold less than 1 MB, or one message
MAX_WINDOW = 1 << 27
BLOCK = 1 << 20
CHUNK, CHUNK_INDEX = 6, 8  # opcodes, MCAP specification 1.0
_RECORD = struct.Struct('<BQ')
_CHUNK_HEAD = struct.Struct('<QQQII')  # times, unpacked size, CRC, length of the name that follows
_INDEX_HEAD = struct.Struct('<QQQ')    # times, offset of the chunk


def check_chunks(path: Path, data: mmap.mmap, data_end: int, summary: range) -> None:
    """Check what every chunk unpacks to, and that the index names no others.

    Args:
        path: For texts.
        data: The whole file.
        data_end: End of the data section.
        summary: Bytes of the summary section, which may be empty.

    Raises:
        BagError: A chunk is too large or not what it claims, or the records do not fit together.
    """
    try:
        found = set()
        for opcode, at, end in _records(data, range(8, data_end)):
            if opcode == CHUNK:
                found.add(at - _RECORD.size)
                _check_chunk(f'{path}: chunk at byte {at}', data, at, end)
        for opcode, at, _ in _records(data, summary):
            if opcode == CHUNK_INDEX and _INDEX_HEAD.unpack_from(data, at)[2] not in found:
                raise BagError(f'{path}: damaged: the index names a chunk that does not exist')
    except struct.error:
        raise BagError(f'{path}: damaged: a record ends beyond its section') from None


def _records(data: mmap.mmap, section: range) -> Iterator[tuple[int, int, int]]:
    at = section.start
    while at < section.stop:
        opcode, length = _RECORD.unpack_from(data, at)
        at += _RECORD.size
        if at + length > section.stop:
            raise struct.error
        yield opcode, at, at + length
        at += length


def _check_chunk(where: str, data: mmap.mmap, at: int, end: int) -> None:
    _, _, size, _, named = _CHUNK_HEAD.unpack_from(data, at)
    at += _CHUNK_HEAD.size + named + 8
    if at > end:
        raise struct.error
    compression = data[at - 8 - named:at - 8].decode(errors='replace')
    if size > MAX_CHUNK:
        raise BagError(f'{where}: unpacks to {size} bytes, expected at most {MAX_CHUNK}')
    if compression in UNPACK and _unpacks_beyond(size, compression, data[at:end]):
        raise BagError(f'{where}: unpacks to more than the {size} bytes that it claims')


def unpack(compression: str, packed: bytes | memoryview, size: int) -> bytes | memoryview:
    """Return what a chunk unpacks to, itself where it is not packed.

    Args:
        compression: zstd, lz4 or nothing.
        packed: Its bytes.
        size: What it claims to unpack to.

    Raises:
        ValueError: It cannot be unpacked, or to another size.
    """
    if not compression:
        raw: bytes | memoryview = packed
    elif compression not in UNPACK:
        raise ValueError(f'compression {compression[:20]!r} is not known; expected zstd or lz4')
    else:
        try:
            with UNPACK[compression](io.BytesIO(packed)) as stream:
                raw = stream.read(size + 1)
        except (zstandard.ZstdError, RuntimeError, EOFError, ValueError, MemoryError) as error:
            raise ValueError(f'{compression}: {error or type(error).__name__}') from None
    if len(raw) != size:
        raise ValueError(f'unpacks to {"more" if len(raw) > size else len(raw)} '
                         f'{"than " if len(raw) > size else "of "}{size} bytes')
    return raw


def _unpacks_beyond(limit: int, compression: str, packed: bytes) -> bool:
    count = 0
    try:
        with UNPACK[compression](io.BytesIO(packed)) as stream:
            while count <= limit and (block := stream.read(BLOCK)):
                count += len(block)
    except (zstandard.ZstdError, RuntimeError, EOFError, ValueError, MemoryError):
        return False  # damaged: `unpack` says so
    return count > limit


def _unpack_zstd(packed: io.BytesIO) -> zstandard.ZstdDecompressionReader:
    return zstandard.ZstdDecompressor(max_window_size=MAX_WINDOW).stream_reader(
        packed, read_across_frames=True)


UNPACK = {'zstd': _unpack_zstd, 'lz4': lz4.frame.open}
