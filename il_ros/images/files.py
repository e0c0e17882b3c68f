"""Size, depth and wholeness of picture files, from their headers, before anything is decoded.

OpenCV fills up what was cut off, so that it must not be asked whether a file is whole.
"""
from __future__ import annotations

from collections.abc import Callable
import re
import struct
from typing import NamedTuple
import zlib

from il_ros.errors import MessageError
from il_ros.types import Pixels

PNG_START = b'\x89PNG\r\n\x1a\n'
JPEG_FRAMES = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}  # the markers that carry the size
_JPEG_END = 0xD9
_JPEG_BARE = (0x01, 0xD8)                               # markers without a length
_JPEG_MARKER = re.compile(rb'\xff[^\x00\xd0-\xd7\xff]')  # also between the bytes of pixels
_PNM = re.compile(rb'P([56])\s(?:#.*\s)*(\d+)\s+(\d+)\s+(\d+)\s')
_TIFF_TYPES = {1: 'B', 3: 'H', 4: 'I'}


class Picture(NamedTuple):
    """What a file holds. 32 bits are floats."""

    height: int
    width: int
    bits: int
    channels: int


def is_png(data: Pixels) -> bool:
    """Tell whether data begin as a PNG file does."""
    return data[:8].tobytes() == PNG_START


def is_file(data: Pixels) -> bool:
    """Tell whether data begin as a file does that `read` knows."""
    return _reader(data) is not None


def read(data: Pixels) -> Picture:
    """Return what a picture file holds.

    Bytes behind its end do not matter: drivers send buffers of a fixed size.

    Raises:
        MessageError: It is cut off or damaged, or no such file.
    """
    reader = _reader(data)
    if reader is None:
        raise MessageError('expected a picture file')
    try:
        return reader(data.tobytes())
    except (struct.error, IndexError, KeyError):
        raise MessageError(f'picture data of {data.size} bytes have no whole header: they were '
                           'cut off or are damaged') from None


def _reader(data: Pixels) -> Callable[[bytes], Picture] | None:
    start = data[:12].tobytes()
    if start.startswith(PNG_START):
        return _png
    if start.startswith(b'\xff\xd8\xff'):
        return _jpeg
    if start[:4] in (b'II*\0', b'MM\0*'):
        return _tiff
    if start[:4] == b'RIFF' and start[8:] == b'WEBP':
        return _webp
    if start[:2] == b'BM' and data.size > 54:
        return _bmp
    return _pnm if start[:2] in (b'P5', b'P6') else None


def _png(data: bytes) -> Picture:
    at, kind, found = 8, b'', None
    while kind != b'IEND':
        if at + 12 > len(data):
            raise MessageError(f'PNG data of {len(data)} bytes has no end: it was cut off')
        length, kind = struct.unpack_from('>I4s', data, at)
        body, at = at + 8, at + 12 + length
        if at > len(data):
            raise MessageError(f'PNG data of {len(data)} bytes has no end: it was cut off')
        if zlib.crc32(data[body - 4:body + length]) != struct.unpack_from('>I', data, at - 4)[0]:
            raise MessageError(f'PNG data are damaged: CRC at byte {at - 4} does not match')
        if kind == b'IHDR':
            width, height, bits, colour = struct.unpack_from('>IIBB', data, body)
            found = Picture(height, width, max(bits, 8), 1 if colour == 0 else 3)
    if found is None:
        raise MessageError('PNG data has no header')
    return found


def _jpeg(data: bytes) -> Picture:
    at, found = 2, None
    while True:
        following = _JPEG_MARKER.search(data, at)
        if following is None:
            raise MessageError(f'JPEG data of {len(data)} bytes has no end: it was cut off')
        at = following.start()
        marker, at = data[at + 1], at + 2
        if marker == _JPEG_END:
            break
        if marker in _JPEG_BARE:
            continue
        if marker in JPEG_FRAMES:
            bits, height, width, channels = struct.unpack_from('>BHHB', data, at + 2)
            if bits != 8:
                raise MessageError(f'expected JPEG of 8 bits per colour, got {bits}')
            found = Picture(height, width, 8, 1 if channels == 1 else 3)
        at += int.from_bytes(data[at:at + 2], 'big')    # of SOS: its header; pixels follow
    if found is None:
        raise MessageError('JPEG data has no size in its header')
    return found


def _tiff(data: bytes) -> Picture:
    order = '<' if data[:2] == b'II' else '>'
    (at,) = struct.unpack_from(f'{order}I', data, 4)
    (count,) = struct.unpack_from(f'{order}H', data, at)
    tags = {}
    for entry in range(at + 2, at + 2 + 12 * count, 12):
        tag, kind, length = struct.unpack_from(f'{order}HHI', data, entry)
        if kind not in _TIFF_TYPES:
            continue
        code = _TIFF_TYPES[kind]
        where = entry + 8
        if length * struct.calcsize(code) > 4:
            (where,) = struct.unpack_from(f'{order}I', data, where)
        tags[tag] = struct.unpack_from(f'{order}{min(length, 4096)}{code}', data, where)
    for offset, size in zip(tags.get(273, ()), tags.get(279, ()), strict=False):
        if offset + size > len(data):
            raise MessageError(f'TIFF data of {len(data)} bytes has no end: it was cut off')
    bits, channels = tags.get(258, (1,))[0], tags.get(277, (1,))[0]
    floats, palette = tags.get(339, (1,))[0] == 3, tags.get(262, (1,))[0] == 3
    if bits > 16 and not (bits == 32 and floats and channels == 1):
        raise MessageError(f'expected TIFF of 8 or 16 bits, or of one channel of 32 bit floats, '
                           f'got {channels} of {bits} bits')
    return Picture(tags[257][0], tags[256][0], max(bits, 8),
                   1 if channels == 1 and not palette else 3)


def _webp(data: bytes) -> Picture:
    if int.from_bytes(data[4:8], 'little') + 8 > len(data):
        raise MessageError(f'WebP data of {len(data)} bytes has no end: it was cut off')
    kind = data[12:16]
    if kind == b'VP8X':
        width, height = (int.from_bytes(data[at:at + 3], 'little') + 1 for at in (24, 27))
    elif kind == b'VP8L':
        packed = int.from_bytes(data[21:25], 'little')
        width, height = (packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1
    else:
        width, height = (n & 0x3FFF for n in struct.unpack_from('<HH', data, 26))
    return Picture(height, width, 8, 3)


def _bmp(data: bytes) -> Picture:
    size, start = struct.unpack_from('<I', data, 2)[0], struct.unpack_from('<I', data, 10)[0]
    width, height = struct.unpack_from('<ii', data, 18)
    if max(size, start) > len(data):
        raise MessageError(f'BMP data of {len(data)} bytes has no end: it was cut off')
    # OpenCV unpacks grey palettes into one channel, which `decode` copes with.
    return Picture(abs(height), width, 8, 3)


def _pnm(data: bytes) -> Picture:
    match = _PNM.match(data)
    if match is None:
        raise MessageError('PNM data has no size in its header')
    channels = 1 if match[1] == b'5' else 3
    width, height, most = (int(number) for number in match.groups()[1:])
    bits = 8 if most < 256 else 16
    if len(data) - match.end() < height * width * channels * bits // 8:
        raise MessageError(f'PNM data of {len(data)} bytes has no end: it was cut off')
    return Picture(height, width, bits, channels)
