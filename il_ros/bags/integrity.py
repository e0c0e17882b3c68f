"""Whether an MCAP file is whole and unchanged: every byte that a CRC covers is compared.

File format: https://mcap.dev/spec
"""
from __future__ import annotations

import mmap
from pathlib import Path
import struct
import zlib

from il_ros.bags.bombs import check_chunks
from il_ros.errors import BagError
from il_ros.timing import to_s
from mcap.exceptions import McapError
from mcap.records import Chunk
from mcap.stream_reader import CRCValidationError, get_chunk_data_stream, StreamReader

MAGIC = b'\x89MCAP0\r\n'
_FOOTER = struct.Struct('<BQQQI')       # opcode, length, summary start, offset start, summary CRC
_DATA_END = struct.Struct('<BQI')       # opcode, length, data section CRC
_CRC_BYTES = 4


def recovery_hint(bag: Path) -> str:
    """Return what to do with a bag that was not closed."""
    name = bag.name.removesuffix('.partial') + '.partial'
    rename = '' if bag.name == name else f'rename it to {name}, then '
    return f'{rename}run: il_ros convert --recover {bag.with_name(name)}'


def check_mcap(path: Path) -> None:
    """Check the ends of an MCAP file and its CRCs.

    Raises:
        BagError: It is truncated or a byte changed; the text names the chunk or the part.
    """
    size = path.stat().st_size
    if size < 2 * len(MAGIC) + _FOOTER.size + _DATA_END.size:
        raise BagError(f'{path}: truncated: {size} bytes; {recovery_hint(path.parent)}')
    with path.open('rb') as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        if data[:len(MAGIC)] != MAGIC:
            raise BagError(f'{path}: not an MCAP file: it does not begin with the MCAP magic')
        if data[-len(MAGIC):] != MAGIC:
            raise BagError(f'{path}: truncated: the end of the file is missing; '
                           f'{recovery_hint(path.parent)}')
        footer_at = size - len(MAGIC) - _FOOTER.size
        opcode, length, summary_at, _, summary_crc = _FOOTER.unpack_from(data, footer_at)
        data_end_at = (summary_at or footer_at) - _DATA_END.size
        if (opcode, length) != (2, 20) or not len(MAGIC) < data_end_at < footer_at:
            raise BagError(f'{path}: damaged: the footer is not valid')
        end_opcode, end_length, data_crc = _DATA_END.unpack_from(data, data_end_at)
        if (end_opcode, end_length) != (15, 4):
            raise BagError(f'{path}: damaged: the end of the data section is not where the footer '
                           'says')
        with memoryview(data) as view:
            covered = footer_at + _FOOTER.size - _CRC_BYTES
            if summary_crc and zlib.crc32(view[summary_at:covered]) != summary_crc:
                raise BagError(f'{path}: damaged: CRC of the summary does not match')
            check_chunks(path, data, data_end_at,
                         range(summary_at or footer_at, footer_at))
            whole = bool(data_crc) and zlib.crc32(view[:data_end_at]) == data_crc
        if not whole:
            _check_chunks(path)
            if data_crc:
                raise BagError(f'{path}: damaged: CRC of the data section does not match, though '
                               'every chunk is whole')


def _check_chunks(path: Path) -> None:
    number = 0
    try:
        with path.open('rb') as stream:
            for record in StreamReader(stream, emit_chunks=True).records:
                if isinstance(record, Chunk):
                    number += 1
                    _check_chunk(path, number, record)
    except (McapError, ValueError, struct.error) as error:
        raise BagError(f'{path}: damaged after chunk {number}: {error or type(error).__name__}'
                       ) from None


def _check_chunk(path: Path, number: int, chunk: Chunk) -> None:
    try:
        get_chunk_data_stream(chunk, validate_crc=True)
    except CRCValidationError:
        raise BagError(
            f'{path}: damaged: CRC of chunk {number} does not match (log time '
            f'{to_s(chunk.message_start_time):.3f} to {to_s(chunk.message_end_time):.3f} s); '
            'restore the bag from a copy, or leave it out with --skip-bad') from None
