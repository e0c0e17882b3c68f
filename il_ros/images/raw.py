"""sensor_msgs/Image: rows of pixels."""
from __future__ import annotations

from typing import Any

from il_ros.config import nearest
from il_ros.encodings import ENCODINGS, why_no_picture
from il_ros.errors import MessageError
from il_ros.images.header import data_of, Header
from il_ros.types import Pixels
import numpy as np
from numpy.typing import NDArray

# Rows of `step` bytes behind the first plane, per row of the picture.
PLANES = {'nv12': 0.5, 'nv21': 0.5, 'nv24': 2}


def read_header(message: Any) -> Header:
    """Return size and encoding of an Image.

    Raises:
        MessageError: Unknown encoding, or size, step or data length contradict each other.
    """
    try:
        header = Header(int(message.height), int(message.width), str(message.encoding))
        step, big_endian = int(message.step), int(message.is_bigendian)
    except AttributeError:
        raise MessageError('expected sensor_msgs/Image or sensor_msgs/CompressedImage, '
                           f'got {type(message).__name__}') from None
    if reason := why_no_picture(header.encoding):
        raise MessageError(f'{header.encoding} is no picture: {reason}')
    if header.encoding not in ENCODINGS:
        raise MessageError(f'unknown encoding {header.encoding!r}; '
                           f'{nearest(header.encoding, list(ENCODINGS))}')
    if big_endian not in (0, 1):
        raise MessageError(f'is_bigendian: expected 0 or 1, got {big_endian}')
    encoding = ENCODINGS[header.encoding]
    if step < (row := header.width * encoding.pixel_bytes):
        raise MessageError(f'step: expected at least {row} bytes for {header}, got {step}')
    pairs = {'uyvy': (False, True), 'yuyv': (False, True),
             'nv12': (True, True), 'nv21': (True, True)}.get(encoding.layout, (False, False))
    if (pairs[0] and header.height % 2) or (pairs[1] and header.width % 2):
        raise MessageError(f'{header}: pixels share their colour in pairs: expected an even '
                           f'{"height and width" if pairs[0] else "width"}')
    rows = header.height + round(header.height * PLANES.get(encoding.layout, 0))
    if (got := data_of(message).size) != step * rows:
        raise MessageError(f'data: expected {rows} rows of {step} bytes '
                           f'for {header}, got {got} bytes')
    return header


def decode(message: Any, header: Header) -> NDArray[Any]:
    """Return the pixels of a message whose header was read, in the machine's byte order.

    Returns:
        Shape (H, W), (H, W, C); for nv12 and nv21 (1.5 H, W); for nv24 (H, 2 W, 2), as YUYV.
    """
    encoding = ENCODINGS[header.encoding]
    data = data_of(message)
    if encoding.layout == 'nv24':
        return _doubled(data, header, message.step)
    rows = data.reshape(-1, message.step)[:, :header.width * encoding.pixel_bytes]
    order = '>' if message.is_bigendian else '<'
    # Only packed rows can be seen as another type, and OpenCV wants them.
    pixels = np.ascontiguousarray(rows).view(order + encoding.dtype)
    pixels = pixels.astype(encoding.dtype, copy=False)
    if encoding.channels == 1:
        return pixels
    return pixels.reshape(len(rows), header.width, encoding.channels)


def _doubled(data: Pixels, header: Header, step: int) -> Pixels:
    """Return an nv24 image as YUYV in which each pixel stands twice. Shape (H, 2 W, 2)."""
    height, width, _ = header
    luma = data[:step * height].reshape(height, step)[:, :width]
    colour = data[step * height:].reshape(height, 2 * step)[:, :2 * width]
    packed = np.empty((height, width, 4), np.uint8)
    packed[:, :, 0::2] = luma[:, :, None]
    packed[:, :, 1::2] = colour.reshape(height, width, 2)
    return packed.reshape(height, 2 * width, 2)
