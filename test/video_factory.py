"""Pictures as an encoder beside a camera sends them: one message each, in Annex B."""
from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

import av
import numpy as np

QUIET = 'bframes=0:repeat-headers=1:log-level=none'


def encode(pictures: Iterable[np.ndarray], codec: str = 'libx264', keys: int = 8,
           pixels: str = 'yuv420p', **options: str) -> list[bytes]:
    """Return the data of each picture; every `keys`th is a key picture."""
    found, context = [], av.CodecContext.create(codec, 'w')
    x265 = f'{QUIET}:keyint={keys}:min-keyint={keys}'
    for k, picture in enumerate(pictures):
        if not k:
            context.height, context.width = picture.shape[:2]
            context.pix_fmt, context.time_base = pixels, Fraction(1, 30)
            context.gop_size, context.max_b_frames = keys, 0
            context.options = {'preset': 'ultrafast', 'tune': 'zerolatency',
                               'x265-params': x265, **options}
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), 'rgb24')
        frame.pts = k
        found.append(b''.join(bytes(packet) for packet in context.encode(frame)))
    rest = b''.join(bytes(packet) for packet in context.encode(None))
    assert not rest or options, 'an encoder without delay'
    return [data for data in found if data]


def stripes(count: int, height: int = 48, width: int = 64) -> list[np.ndarray]:
    """Return pictures in which a bright field grows by two columns each."""
    pictures = np.zeros((count, height, width, 3), np.uint8)
    for k, picture in enumerate(pictures):
        picture[:, :2 * k % width] = 200
    return list(pictures)
