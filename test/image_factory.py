"""Messages of cameras, packed as drivers and image_transport pack them."""
import struct
from types import SimpleNamespace

import cv2
import numpy as np


def raw(pixels, encoding, *, padding=0, big_endian=False):
    pixels = pixels.astype('>u2') if big_endian and pixels.dtype == np.uint16 else pixels
    rows = pixels.reshape(pixels.shape[0], -1).view(np.uint8)
    rows = np.pad(rows, ((0, 0), (0, padding)), constant_values=77)
    return SimpleNamespace(height=pixels.shape[0], width=pixels.shape[1], encoding=encoding,
                           is_bigendian=int(big_endian), step=rows.shape[1],
                           data=np.ascontiguousarray(rows).reshape(-1))


def rvl(values):
    """Encode as in the paper: runs of zeros and others, differences in zigzag, three bits each."""
    nibbles = []

    def number(value):
        while True:
            nibbles.append(value & 7 | (8 if value >> 3 else 0))
            value >>= 3
            if not value:
                return
    values, at, before = [int(v) for v in values], 0, 0
    while at < len(values):
        zeros = next((k for k, v in enumerate(values[at:]) if v), len(values) - at)
        number(zeros)
        at += zeros
        others = next((k for k, v in enumerate(values[at:]) if not v), len(values) - at)
        number(others)
        for value in values[at:at + others]:
            delta = value - before
            number(2 * delta if delta >= 0 else -2 * delta - 1)
            before = value
        at += others
    nibbles += [0] * (-len(nibbles) % 8)
    words = [int(''.join(f'{n:x}' for n in nibbles[k:k + 8]), 16)
             for k in range(0, len(nibbles), 8)]
    return struct.pack(f'<{len(words)}I', *words)


def compressed_depth(pixels, form, kind, a=0.0, b=0.0):
    if kind == 'png':
        body = cv2.imencode('.png', pixels)[1].tobytes()
    else:
        body = struct.pack('<II', *pixels.shape[::-1]) + rvl(pixels.reshape(-1))
    return SimpleNamespace(format=form, data=struct.pack('<iff', 0, a, b) + body)


def inverse(metres, quantum=100.0, farthest=10.0):
    """As the publisher packs floats, with its default parameters."""
    a = quantum * (quantum + 1)
    b = 1 - a / farthest
    with np.errstate(invalid='ignore'):
        packed = np.where(metres < farthest, a / np.nan_to_num(metres, nan=1) + b, 0)
    return packed.astype(np.uint16), a, b
