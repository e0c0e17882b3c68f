"""H.264 files in which pictures are copied as a camera coded them, with encoded ones between."""
from __future__ import annotations

from fractions import Fraction
import io
from typing import Any, NamedTuple, TYPE_CHECKING

import av
from il_ros.datasets.files.video import OPTIONS, VideoWriter
from il_ros.types import Pixels
import numpy as np

if TYPE_CHECKING:
    from av.container import OutputContainer
    from av.video.codeccontext import VideoCodecContext
    from av.video.stream import VideoStream

BITEXACT = 0x0400       # AVFMT_FLAG_BITEXACT: no version in the file


class Coded(NamedTuple):
    """A coded picture in Annex B, and whether it needs no other."""

    data: bytes
    key: bool


class PassingWriter(VideoWriter):
    """Writes frames like `VideoWriter`, and coded pictures without decoding them.

    Every key picture in the file has its parameters before it (`avc3`, ISO/IEC 14496-15), so that
    a decoder may start at any of them and what was encoded apart may stand side by side.
    """

    def copy(self, data: bytes, key: bool) -> None:
        """Add one coded picture; the first, and the first after `write`, is a key picture.

        Args:
            data: In Annex B; a key picture brings its parameters along.
            key: Whether it needs no other picture.
        """
        self._put(Coded(data, key))

    def _encode(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = _File(self.path.as_posix(), self._rate)
        encoder: VideoCodecContext | None = None
        try:
            for item in self._items:
                if isinstance(item, Coded):
                    file.mux_all(encoder, None)
                    encoder = None
                    file.mux(item)
                else:
                    encoder = encoder or self._encoder()
                    file.mux_all(encoder, item)
            file.mux_all(encoder, None)
        finally:
            file.close()

    def _encoder(self) -> VideoCodecContext:
        context = av.CodecContext.create('libx264', 'w')
        context.height, context.width, context.pix_fmt = *self.shape[:2], 'yuv420p'
        context.framerate, context.time_base = self._rate, 1 / self._rate
        context.options = OPTIONS
        return context


class _File:
    """An MP4 file that is opened once its first picture says what it holds."""

    def __init__(self, path: str, rate: Fraction) -> None:
        self._path, self._rate, self._number = path, rate, 0
        self._container: OutputContainer | None = None
        self._stream: VideoStream | None = None

    def mux_all(self, encoder: VideoCodecContext | None, image: Pixels | None) -> None:
        """Take what an encoder makes of a picture; of None, the rest."""
        if encoder is None:
            return
        frame = None
        if image is not None:
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format='rgb24')
            frame = frame.reformat(format='yuv420p')
            frame.pts, frame.time_base = self._number, 1 / self._rate
        for packet in encoder.encode(frame):
            self.mux(Coded(bytes(packet), packet.is_keyframe))

    def mux(self, coded: Coded) -> None:
        if self._container is None:
            self._open(coded)
        assert self._container and self._stream
        packet: Any = av.Packet(coded.data)
        packet.stream, packet.time_base = self._stream, 1 / self._rate
        packet.pts = packet.dts = self._number
        packet.duration, packet.is_keyframe = 1, coded.key
        self._container.mux(packet)
        self._number += 1

    def _open(self, first: Coded) -> None:
        with av.open(io.BytesIO(first.data), format='h264') as source:
            self._container = av.open(self._path, 'w', format='mp4')
            self._container.flags |= BITEXACT
            stream = self._container.add_stream_from_template(source.streams.video[0])
            stream.codec_context.codec_tag = 'avc3'
            stream.time_base = 1 / self._rate
            self._stream = stream

    def close(self) -> None:
        if self._container is not None:
            self._container.close()
