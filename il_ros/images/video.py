"""H.264 and H.265 in messages: pictures that need those before them.

foxglove_msgs/CompressedVideo, ffmpeg_image_transport_msgs/FFMPEGPacket, and CompressedImage whose
format says so. One message is one picture, in Annex B, and needs no later one; every key picture
brings its parameters along.
"""
from __future__ import annotations

from typing import Any, cast, TYPE_CHECKING

from il_ros.errors import MessageError
from il_ros.images.h264 import FrameNumbers, START
from il_ros.images.header import data_of, MAX_PIXELS
from il_ros.types import Pixels
import numpy as np

if TYPE_CHECKING:
    from av.video.codeccontext import VideoCodecContext

WITHIN = 16               # bytes
LOW_DELAY = 1 << 19      # AV_CODEC_FLAG_LOW_DELAY
NAMES = {'264': 'h264', 'avc': 'h264', '265': 'hevc', 'hevc': 'hevc'}   # in any spelling
OTHERS = ('vp8', 'vp9', 'av1', 'theora', 'mpeg')


def coding(message: Any) -> str:
    """Return how a message says that it is coded, '' where it is no video."""
    said = getattr(message, 'format', None)
    if said is None and hasattr(message, 'pts'):
        said = message.encoding
    text = str(said or '').lower().partition(';')[0]
    return text if any(name in text for name in (*NAMES, *OTHERS)) else ''


class PictureMissing(MessageError):
    """A picture needs one that did not come; the next key picture needs none."""


class Video:
    """The pictures of one stream; give it every message, in order."""

    def __init__(self) -> None:
        self._codec: VideoCodecContext | None = None
        self._numbers: FrameNumbers | None = None
        self._name = ''

    def read(self, message: Any) -> Pixels:
        """Return the picture of a message. Shape (H, W, 3), rgb.

        Raises:
            PictureMissing: The stream was joined between two key pictures, or a message was lost.
            MessageError: It is coded otherwise, or needs a later picture.
        """
        import av
        codec = self._open(coding(message))
        data = data_of(message).tobytes()
        if START not in data[:WITHIN]:
            raise MessageError(f'{self._name}: expected Annex B, whose units begin with 00 00 01, '
                               f'got {data[:8].hex(" ") or "nothing"}')
        whole = self._numbers is None or self._numbers.follows(data)
        try:
            frames = codec.decode(av.Packet(data)) if whole else []
        except av.FFmpegError:
            frames = []   # it waits for a key picture
        if codec.has_b_frames:
            raise MessageError(f'{self._name}: its pictures need later ones (B frames), which '
                               'delays them; encode with tune zerolatency, or bf 0')
        if not frames or frames[-1].is_corrupt:
            raise PictureMissing('a picture needs one before it that did not come (lost, or from '
                                 'before the first key picture)')
        return np.asarray(frames[-1].to_ndarray(format='rgb24'))

    def _open(self, text: str) -> VideoCodecContext:
        name = next((codec for part, codec in NAMES.items() if part in text), '')
        if not name:
            raise MessageError(f'video coded as {text!r}; expected h264 or h265')
        if self._codec is None or name != self._name:
            import av
            self._codec = codec = cast('VideoCodecContext', av.CodecContext.create(name, 'r'))
            codec.thread_count = 1   # more would each keep a picture back
            codec.flags |= LOW_DELAY
            codec.options = {'max_pixels': str(MAX_PIXELS)}
            self._name, self._numbers = name, FrameNumbers() if name == 'h264' else None
        return self._codec
