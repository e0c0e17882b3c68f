"""sensor_msgs/CompressedImage: a picture file, or depth of compressed_depth_image_transport.

The data say what they are. The format string is asked only for what they cannot say.
"""
from __future__ import annotations

from typing import Any, NamedTuple

from il_ros.encodings import ENCODINGS
from il_ros.errors import MessageError
from il_ros.images import compressed_depth, files
from il_ros.images.header import data_of, Header
from il_ros.types import Pixels
import numpy as np
from numpy.typing import NDArray

_VIDEO = ('h264', 'h265', 'hevc', 'avc', 'vp8', 'vp9', 'av1', 'ffmpeg', 'theora')


class Said(NamedTuple):
    """A format string of image_transport: `<encoding>; <codec> compressed <target>`.

    Attributes:
        encoding: Of the image before it was compressed; '' where it is not said.
        codec: jpeg, png, tiff, compressedDepth; '' where it is not said.
        target: What the image was converted into before that, '' for nothing; png or rvl behind
            compressedDepth.
    """

    encoding: str
    codec: str
    target: str


def read_header(message: Any) -> Header:
    """Return size and encoding without decoding anything.

    Raises:
        MessageError: The data are no such picture, or were cut off.
    """
    if (depth := depth_of(message)) is not None:
        return depth.header
    data, said = data_of(message), _said(message.format)
    return _picture_header(files.read(_known(data, message.format)), said)


def decode(message: Any, header: Header) -> NDArray[Any]:
    """Return the pixels of a message whose header was read, in the layout of its encoding.

    Raises:
        MessageError: The data are damaged.
    """
    if (depth := depth_of(message)) is not None:
        return compressed_depth.decode(depth)
    data, said = data_of(message), _said(message.format)
    import cv2
    # As cv_bridge reads it: other flags cut depth to 8 bits or rotate by EXIF, which no camera's
    # calibration does.
    image = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    if image is None or image.shape[:2] != header[:2]:
        raise MessageError(f'data of {data.size} bytes cannot be decoded as {header}')
    channels = 1 if image.ndim == 2 else image.shape[2]
    if channels == ENCODINGS[header.encoding].channels == 1 or _as_given(said, channels):
        return np.asarray(image[:, :, :3] if channels == 4 else image)
    code = {1: cv2.COLOR_GRAY2RGB, 3: cv2.COLOR_BGR2RGB, 4: cv2.COLOR_BGRA2RGB}[channels]
    return np.asarray(cv2.cvtColor(image, code))


def depth_of(message: Any) -> compressed_depth.Depth | None:
    """Return the depth that a message packs, None of another picture.

    Raises:
        MessageError: It is damaged.
    """
    return compressed_depth.read(data_of(message), *_said(message.format))


def _picture_header(found: files.Picture, said: Said) -> Header:
    height, width, bits, channels = found
    if channels == 1:
        wanted = ENCODINGS.get(said.encoding)
        named = wanted is not None and wanted.channels == 1 and 8 * wanted.pixel_bytes == bits
        # A mosaic or a grey of 16 bits is packed as it is, and looks like grey or depth.
        if named and said.target in ('', said.encoding):
            return Header(height, width, said.encoding)
        return Header(height, width, {8: 'mono8', 16: '16UC1', 32: '32FC1'}[bits])
    return Header(height, width, 'rgb16' if bits == 16 else 'rgb8')


def _as_given(said: Said, channels: int) -> bool:
    """Tell whether colours were packed unconverted, so that a file's BGR is the message's RGB."""
    wanted = ENCODINGS.get(said.encoding)
    if wanted is None or said.target or wanted.channels != channels:
        return False
    # image_transport converts what is named as a colour for JPEG and PNG, and nothing for TIFF.
    generic = 'C' in said.encoding
    return wanted.layout in ('rgb', 'rgba') and (generic or said.codec == 'tiff')


def _said(text: str) -> Said:
    encoding, _, rest = str(text).partition(';')
    codec, *words = rest.split() or ['']
    if codec != 'compressedDepth':
        words = words[1:]   # 'compressed'
    return Said(encoding.strip(), codec, words[0] if words else '')


def _known(data: Pixels, text: str) -> Pixels:
    words = str(text).lower()
    if any(codec in words for codec in _VIDEO) and not files.is_file(data):
        raise MessageError(f'format {text!r} is video, whose pictures need those before them; '
                           'record the image topic itself or its compressed (JPEG) transport')
    if words.strip() == 'zstd':
        raise MessageError("format 'zstd' of zstd_image_transport is not read; record the image "
                           'topic itself or its compressed (JPEG, PNG) transport')
    if not files.is_file(data):
        start = data[:4].tobytes().hex(' ') or 'nothing'
        raise MessageError(f'expected JPEG or PNG data, got {start} (format {text!r})')
    return data
