"""Depth images of compressed_depth_image_transport.

Twelve bytes (int32 kind, float32 A and B), then a PNG of 16 bits or RVL. 16UC1 is packed as it is;
32FC1 as inverse depth q, which means A / (q - B) metres, and nothing where q is 0.
RVL: Wilson, Fast Lossless Depth Image Compression, ISS 2017.
"""
from __future__ import annotations

import struct
from typing import Any, NamedTuple

from il_ros.errors import MessageError
from il_ros.images import files
from il_ros.images.header import Header
from il_ros.types import Pixels
import numpy as np
from numpy.typing import NDArray

_CONFIG = struct.Struct('<iff')
_SIZE = struct.Struct('<II')    # columns, rows
_MAX_NIBBLES = 6                # of a difference of 17 bits


class Depth(NamedTuple):
    """A depth image before it is unpacked."""

    header: Header
    a: float
    b: float
    rvl: bool
    data: Pixels


def read(data: Pixels, encoding: str, codec: str, kind: str) -> Depth | None:
    """Return what a message holds; None if it is no compressed depth.

    Args:
        data: Of the CompressedImage.
        encoding: What its format calls the original.
        codec: What follows that in its format.
        kind: png or rvl, which older senders leave out.

    Raises:
        MessageError: It is damaged, or no depth.
    """
    body = data[_CONFIG.size:]
    named = codec == 'compressedDepth'
    if not (named or files.is_png(body)) or files.is_png(data):
        return None
    kind = kind if named and kind else 'png'
    if len(body) < _SIZE.size:
        raise MessageError(f'compressedDepth: expected more than {_CONFIG.size + _SIZE.size} '
                           f'bytes, got {len(data)}')
    if kind not in ('png', 'rvl'):
        raise MessageError(f'compressedDepth of {kind!r} is not read; expected png or rvl')
    _, a, b = _CONFIG.unpack(data[:_CONFIG.size].tobytes())
    name = '32FC1' if encoding.startswith('32F') else '16UC1'
    if kind == 'rvl':
        width, height = _SIZE.unpack(body[:_SIZE.size].tobytes())
        return Depth(Header(height, width, name), a, b, True, body[_SIZE.size:])
    found = files.read(body)
    if (found.bits, found.channels) != (16, 1):
        raise MessageError(f'compressedDepth: expected PNG of 16 bit grey, got {found.bits} bits '
                           f'of {found.channels} channels')
    return Depth(Header(found.height, found.width, name), a, b, False, body)


def decode(depth: Depth) -> NDArray[Any]:
    """Return depth in millimetres (16UC1) or metres (32FC1, NaN where unknown). Shape (H, W).

    Raises:
        MessageError: The data are damaged.
    """
    packed = unpack(depth)
    if depth.header.encoding == '16UC1':
        return packed
    with np.errstate(divide='ignore', invalid='ignore'):
        metres = np.float32(depth.a) / (packed.astype(np.float32) - np.float32(depth.b))
    return np.where(packed == 0, np.float32(np.nan), metres)


def unpack(depth: Depth) -> NDArray[np.uint16]:
    """Return what is packed: millimetres, or inverse depth; 0 where unknown. Shape (H, W).

    Raises:
        MessageError: The data are damaged.
    """
    height, width, _ = depth.header
    if depth.rvl:
        return unpack_rvl(depth.data, height * width).reshape(height, width)
    import cv2
    packed = cv2.imdecode(depth.data, cv2.IMREAD_UNCHANGED)
    if packed is None or packed.shape != (height, width) or packed.dtype != np.uint16:
        raise MessageError(f'data of {depth.data.size} bytes cannot be decoded as {depth.header}')
    return np.asarray(packed)


def packed_anew(data: Pixels, depth: Depth, values: NDArray[np.uint16]) -> Pixels:
    """Return the data of a message with other values in it, in the coding in which they came.

    Args:
        data: Of the message.
        depth: What `read` made of it.
        values: As `unpack` returned them, of the same shape.
    """
    head = data[:_CONFIG.size + (_SIZE.size if depth.rvl else 0)]
    if depth.rvl:
        return np.concatenate([head, pack_rvl(values.reshape(-1))])
    import cv2
    return np.concatenate([head, cv2.imencode('.png', values)[1].reshape(-1)])


def pack_rvl(values: NDArray[np.uint16]) -> Pixels:
    """Return values as an RVL stream; see `unpack_rvl`."""
    known = values != 0
    edges = np.flatnonzero(np.diff(known, prepend=False, append=False))
    begins, ends = edges[::2], edges[1::2]
    if not ends.size or ends[-1] < values.size:     # what is unknown ends in a run of none
        begins, ends = np.append(begins, values.size), np.append(ends, values.size)
    runs = np.stack([begins - np.concatenate(([0], ends[:-1])), ends - begins], axis=1)
    steps = np.diff(values[known].astype(np.int64), prepend=0)
    places = np.cumsum(runs[:, 1]) - runs[:, 1]
    numbers = np.insert((steps << 1) ^ (steps >> 63), np.repeat(places, 2), runs.reshape(-1))
    lengths = np.ones(len(numbers), np.int64)
    for shift in range(3, 64, 3):
        lengths += numbers >> shift > 0
    place = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    more = place < np.repeat(lengths, lengths) - 1
    nibbles = np.repeat(numbers, lengths) >> 3 * place & 7 | 8 * more
    nibbles = np.append(nibbles, np.zeros(-len(nibbles) % 8, np.int64)).reshape(-1, 8)
    words = (nibbles << np.arange(28, -4, -4)).sum(axis=1)
    return np.asarray(words, '<u4').view(np.uint8)


def unpack_rvl(data: Pixels, count: int) -> NDArray[np.uint16]:
    """Return the values of an RVL stream.

    The stream holds numbers of three bits per nibble, of which all but the last have the fourth
    bit set: how many zeros, how many others, then the difference of each of those to the one
    before; again, until `count` values are there.

    Raises:
        MessageError: It holds fewer values, or more.
    """
    words = data[:data.size // 4 * 4].view('<u4')
    nibbles = (words[:, None] >> np.arange(28, -4, -4, dtype=np.uint32)).reshape(-1) & 15
    ends = np.flatnonzero(nibbles < 8)
    starts = np.concatenate(([0], ends[:-1] + 1))
    if not ends.size or (ends - starts).max() >= 2 * _MAX_NIBBLES:
        raise MessageError('RVL data are damaged')
    place = np.arange(ends[-1] + 1) - np.repeat(starts, ends - starts + 1)
    numbers = np.add.reduceat((nibbles[:ends[-1] + 1] & 7).astype(np.int64) << 3 * place, starts)
    found = np.zeros(count, np.int64)
    filled, differences, at, pixel = [], [], 0, 0
    while pixel < count:
        if at + 2 > len(numbers):
            raise MessageError(f'RVL data end after {pixel} of {count} pixels')
        zeros, others = numbers[at:at + 2].tolist()
        pixel, at = pixel + zeros, at + 2
        if pixel + others > count or at + others > len(numbers):
            raise MessageError(f'RVL data are damaged after {min(pixel, count)} of {count} pixels')
        filled.append(slice(pixel, pixel + others))
        differences.append(numbers[at:at + others])
        pixel, at = pixel + others, at + others
    zigzag = np.concatenate([np.empty(0, np.int64), *differences])
    values = np.cumsum((zigzag >> 1) ^ -(zigzag & 1))
    begin = 0
    for where in filled:
        found[where] = values[begin:begin + where.stop - where.start]
        begin += where.stop - where.start
    return found.astype(np.uint16)
