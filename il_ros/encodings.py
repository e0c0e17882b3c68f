"""What the names of pixel encodings mean.

Names: sensor_msgs/image_encodings.hpp. Depth: REP 118 (32FC1 metres, 16UC1 millimetres).
"""
from __future__ import annotations

import re
from typing import NamedTuple

COLOUR, GREY, DEPTH = 'colour', 'grey', 'depth'


class Encoding(NamedTuple):
    """How the pixels of a raw image lie in memory, and what they show.

    Attributes:
        layout: Order of the channels; the pattern of the mosaic; the packing of YUV.
        dtype: One channel of one pixel.
        channels: Values per pixel of a row; 1 for planes (nv12, nv21, nv24).
        family: colour, grey or depth. No family converts into depth or back.
    """

    layout: str
    dtype: str
    channels: int
    family: str

    @property
    def pixel_bytes(self) -> int:
        """Bytes per pixel of a row."""
        return self.channels * int(self.dtype[1:])


ENCODINGS: dict[str, Encoding] = {
    'rgb8': Encoding('rgb', 'u1', 3, COLOUR),
    'bgr8': Encoding('bgr', 'u1', 3, COLOUR),
    'mono8': Encoding('grey', 'u1', 1, GREY),
    '16UC1': Encoding('millimetres', 'u2', 1, DEPTH),
    'mono16': Encoding('millimetres', 'u2', 1, DEPTH),  # grey where the contract says so
    '32FC1': Encoding('metres', 'f4', 1, DEPTH),
    '64FC1': Encoding('metres', 'f8', 1, DEPTH),
    'rgba8': Encoding('rgba', 'u1', 4, COLOUR),
    'bgra8': Encoding('bgra', 'u1', 4, COLOUR),
    'rgb16': Encoding('rgb', 'u2', 3, COLOUR),
    'bgr16': Encoding('bgr', 'u2', 3, COLOUR),
    'rgba16': Encoding('rgba', 'u2', 4, COLOUR),
    'bgra16': Encoding('bgra', 'u2', 4, COLOUR),
    # Without a colour in their name, channels are taken in the order of rgb8 and rgba8.
    '8UC1': Encoding('grey', 'u1', 1, GREY),
    '8UC3': Encoding('rgb', 'u1', 3, COLOUR),
    '8UC4': Encoding('rgba', 'u1', 4, COLOUR),
    '16UC3': Encoding('rgb', 'u2', 3, COLOUR),
    '16UC4': Encoding('rgba', 'u2', 4, COLOUR),
    **{f'bayer_{pattern}{8 * size}': Encoding(pattern, f'u{size}', 1, COLOUR)
       for size in (1, 2) for pattern in ('rggb', 'bggr', 'gbrg', 'grbg')},
    'uyvy': Encoding('uyvy', 'u1', 2, COLOUR),
    'yuv422': Encoding('uyvy', 'u1', 2, COLOUR),
    'yuyv': Encoding('yuyv', 'u1', 2, COLOUR),
    'yuv422_yuy2': Encoding('yuyv', 'u1', 2, COLOUR),
    'nv12': Encoding('nv12', 'u1', 1, COLOUR),
    'nv21': Encoding('nv21', 'u1', 1, COLOUR),
    'nv24': Encoding('nv24', 'u1', 1, COLOUR),
    # cv_bridge reads a type without a number as one channel.
    '8U': Encoding('grey', 'u1', 1, GREY),
    '8UC': Encoding('grey', 'u1', 1, GREY),
    '16U': Encoding('millimetres', 'u2', 1, DEPTH),
    '16UC': Encoding('millimetres', 'u2', 1, DEPTH),
    '32F': Encoding('metres', 'f4', 1, DEPTH),
    '32FC': Encoding('metres', 'f4', 1, DEPTH),
    '64F': Encoding('metres', 'f8', 1, DEPTH),
    '64FC': Encoding('metres', 'f8', 1, DEPTH),
}

_GENERIC = re.compile(r'(8|16|32|64)(U|S|F)C?(\d*)')


def why_no_picture(name: str) -> str:
    """Return what a name of sensor_msgs lacks to be a picture; '' where that is not the reason."""
    if name in ENCODINGS or not (match := _GENERIC.fullmatch(name)):
        return ''
    if match[2] == 'S':
        return ('signed numbers are neither brightness nor depth; send mono8, or depth as '
                '16UC1 [mm] or 32FC1 [m]')
    if match[2] == 'F':
        return ('floats of several channels have no agreed range of brightness; send rgb8, '
                'or depth as 32FC1 [m]')
    return 'nothing says what its channels are; expected 1, 3 or 4 of 8 or 16 bits'
