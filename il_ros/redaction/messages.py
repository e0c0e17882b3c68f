"""Picture messages with some of their pixels taken out, in the coding in which they came."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any, TYPE_CHECKING

from il_ros.encodings import DEPTH, ENCODINGS
from il_ros.errors import BagError, MessageError
from il_ros.images import compressed, compressed_depth, PictureMissing, raw, read_header, to_rgb
from il_ros.images.header import data_of
from il_ros.images.video import coding, Video
from il_ros.redaction.faces import Box
from il_ros.redaction.pictures import covered
from il_ros.types import Pixels
import numpy as np

if TYPE_CHECKING:
    from av.video.codeccontext import VideoCodecContext

LAYOUTS = ('rgb', 'bgr', 'rgba', 'bgra', 'grey', 'millimetres', 'metres')   # a pixel is a place
FILES = {b'\xff\xd8': '.jpg', b'\x89PNG': '.png', b'RIFF': '.webp', b'II*\x00': '.tiff',
         b'MM\x00*': '.tiff', b'BM': '.bmp', b'P5': '.pgm', b'P6': '.ppm'}
JPEG_QUALITY = 95
EXIF = b'Exif\x00'
VIDEO = {'preset': 'veryfast', 'tune': 'zerolatency', 'crf': '18', 'bf': '0', 'g': '10',
         'x264-params': 'repeat-headers=1:annexb=1'}


class Stream:
    """The pictures of one topic, in order: to look at, then to be written without some pixels."""

    def __init__(self, depth: bool = False) -> None:
        self._depth, self._video = depth, Video()
        self._encoder: VideoCodecContext | None = None
        self._written = 0

    def picture(self, message: Any) -> Pixels | None:
        """Return what a message shows; None where it is depth, or needs a picture that was lost.

        Raises:
            MessageError: It cannot be decoded.
        """
        if coding(message):
            try:
                return self._video.read(message)
            except PictureMissing:
                return None
        family = ENCODINGS[(header := read_header(message)).encoding].family
        if family == DEPTH and (self._depth or header.encoding != 'mono16'):
            return None
        return to_rgb(message, 'rgb8')

    def covered(self, message: Any, faces: Sequence[Box], black: Sequence[Box]) -> Any:
        """Return a message without faces and regions; None where its picture is lost.

        Video is coded anew, as H.264, for each picture builds on those before.

        Raises:
            BagError: There is no way to write its coding.
            MessageError: It cannot be decoded or coded.
        """
        if coding(message):
            found = self.picture(message)
            return None if found is None else self._coded(message, covered(found, faces, black))
        if hasattr(message, 'format'):
            return _compressed(message, faces, black)
        return _raw(message, faces, black) if faces or black else message

    def _coded(self, message: Any, picture: Pixels) -> Any:
        import av
        height, width, _ = picture.shape
        if self._encoder is None:
            self._encoder = av.CodecContext.create('libx264', 'w')
            self._encoder.width, self._encoder.height = width, height
            self._encoder.pix_fmt, self._encoder.options = 'yuv420p', VIDEO
            self._encoder.time_base = Fraction(1, 30)
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format='rgb24')
        frame = frame.reformat(format='yuv420p')
        frame.pts, self._written = self._written, self._written + 1
        data = b''.join(bytes(packet) for packet in self._encoder.encode(frame))
        if not data:
            raise MessageError('a picture of a video could not be coded anew')
        values = np.frombuffer(data, np.uint8)
        if hasattr(message, 'format'):
            return replace(message, data=values, format='h264')
        return replace(message, data=values, encoding='libx264;yuv420p;bgr8;bgr8')


def _raw(message: Any, faces: Sequence[Box], black: Sequence[Box]) -> Any:
    header = read_header(message)
    encoding = ENCODINGS[header.encoding]
    if encoding.layout not in LAYOUTS:      # a pixel's colour lies in several places
        pixels = covered(to_rgb(message, 'rgb8'), faces, black)
        return replace(message, encoding='rgb8', is_bigendian=0, step=3 * header.width,
                       data=pixels.reshape(-1))
    pixels = covered(raw.decode(message, header), faces, black)
    order = '>' if message.is_bigendian else '<'
    rows = data_of(message).reshape(-1, message.step).copy()
    packed = np.ascontiguousarray(pixels.astype(order + encoding.dtype))
    rows[:, :header.width * encoding.pixel_bytes] = packed.view(np.uint8).reshape(len(rows), -1)
    return replace(message, data=rows.reshape(-1))


def _compressed(message: Any, faces: Sequence[Box], black: Sequence[Box]) -> Any:
    import cv2
    data = data_of(message)
    if not (faces or black or EXIF in data[:4096].tobytes()):
        return message
    if (depth := compressed.depth_of(message)) is not None:
        values = covered(compressed_depth.unpack(depth), faces, black)
        return replace(message, data=compressed_depth.packed_anew(data, depth, values))
    start = data[:4].tobytes()
    end = next((end for magic, end in FILES.items() if start.startswith(magic)), '')
    if not end:
        raise BagError(f'pictures of the format {message.format!r} cannot be written anew; leave '
                       'the topic out with --drop-topic, or redact the dataset instead')
    if (image := cv2.imdecode(data, cv2.IMREAD_UNCHANGED)) is None:
        raise MessageError(f'data of {data.size} bytes cannot be decoded')
    options = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY] if end == '.jpg' else []
    _, coded = cv2.imencode(end, covered(image, faces, black), options)
    return replace(message, data=coded.reshape(-1))
