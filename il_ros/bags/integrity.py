"""Whether an MCAP file is whole and unchanged: every byte that a CRC covers is compared.

File format: https://mcap.dev/spec
"""
from __future__ import annotations

import mmap
from pathlib import Path
import struct
import zlib

from il_ros.bags.bombs import check_chunks, unpack
from il_ros.errors import BagError
from il_ros.recording.recover import nothing_in
from il_ros.timing import to_s
from mcap.exceptions import McapError
from mcap.records import Chunk
from mcap.stream_reader import StreamReader

MAGIC = b'\x89MCAP0\r\n'
_FOOTER = struct.Struct('<BQQQI')       # opcode, length, summary start, offset start, summary CRC
_DATA_END = struct.Struct('<BQI')       # opcode, length, data section CRC
_CRC_BYTES = 4


def recovery_hint(bag: Path) -> str:
    """Return what to do with a bag, or a file of one, that is not whole."""
    return nothing_in(bag) or (
        f'save what is whole, and leave this as it is: il_ros convert --recover {bag}')


def check_mcap(path: Path, origin: Path | None = None) -> None:
    """Check the ends of an MCAP file and its CRCs.

    Args:
        path: The file.
        origin: What to recover where it is damaged; its folder when None.

    Raises:
        BagError: It is truncated or a byte changed; the text names the chunk or the part.
    """
    try:
        _check(path)
    except BagError as error:
        raise BagError(f'{error}; {recovery_hint(origin or path.parent)}') from None


def _check(path: Path) -> None:
    size = path.stat().st_size
    if size < 2 * len(MAGIC) + _FOOTER.size + _DATA_END.size:
        raise BagError(f'{path}: truncated: {size} bytes')
    with path.open('rb') as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if data[:len(MAGIC)] != MAGIC:
            raise BagError(f'{path}: not an MCAP file: it does not begin with the MCAP magic')
        if data[-len(MAGIC):] != MAGIC:
            raise BagError(f'{path}: truncated: the end of the file is missing')
        footer_at = size - len(MAGIC) - _FOOTER.size
        opcode, length, summary_at, _, summary_crc = _FOOTER.unpack_from(data, footer_at)
        data_end_at = (summary_at or footer_at) - _DATA_END.size
        if (opcode, length) != (2, 20) or not len(MAGIC) < data_end_at < footer_at:
            raise BagError(f'{path}: damaged: the footer is not valid')
        end_opcode, end_length, data_crc = _DATA_END.unpack_from(data, data_end_at)
        if (end_opcode, end_length) != (15, 4):
            raise BagError(f'{path}: damaged: the end of the data section is not where the footer '
                           f'says')
        with memoryview(data) as view:
            covered = footer_at + _FOOTER.size - _CRC_BYTES
            if summary_crc and zlib.crc32(view[summary_at or footer_at:covered]) != summary_crc:
                raise BagError(f'{path}: damaged: CRC of the summary does not match')
            check_chunks(path, data, data_end_at,
                         range(summary_at or footer_at, footer_at))
            whole = bool(data_crc) and zlib.crc32(view[:data_end_at]) == data_crc
        if not whole:
            _check_chunks(path)
            if data_crc:
                raise BagError(f'{path}: damaged: CRC of the data section does not match, though '
                               f'every chunk is whole')


def _check_chunks(path: Path) -> None:
    number = 0
    try:
        with path.open('rb') as stream:
            for record in StreamReader(stream, emit_chunks=True).records:
                if isinstance(record, Chunk):
                    number += 1
                    _check_chunk(path, number, record)
    except (McapError, ValueError, OverflowError, struct.error, EOFError) as error:
        what = ' '.join(str(error).split()) or type(error).__name__
        raise BagError(f'{path}: damaged after chunk {number}: {what}') from None


def _check_chunk(path: Path, number: int, chunk: Chunk) -> None:
    times = (f'(log time {to_s(chunk.message_start_time):.3f} to '
             f'{to_s(chunk.message_end_time):.3f} s)')
    advice = 'restore the bag from a copy, or leave it out with --skip-bad'
    try:
        raw = unpack(chunk.compression, chunk.data, chunk.uncompressed_size)
    except ValueError as error:
        raise BagError(f'{path}: damaged: chunk {number} cannot be unpacked {times}: {error}; '
                       f'{advice}') from None
    if chunk.uncompressed_crc and zlib.crc32(raw) != chunk.uncompressed_crc:
        raise BagError(f'{path}: damaged: CRC of chunk {number} does not match {times}; {advice}')
