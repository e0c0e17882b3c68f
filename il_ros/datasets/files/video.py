"""Camera images as video files: one frame per row, any frame within ten decoded.

Pictures are H.264; where a camera's own was copied (`passing`), any within thirty. Distances are
the codes of `images.depth` in H.265 of 12 bits of grey, without loss, as LeRobot keeps them
(lerobot#3644).
"""
from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from queue import Queue
import threading
from typing import Any, cast, NamedTuple, TYPE_CHECKING

import av
from av.video.reformatter import VideoReformatter
import cv2
from il_ros.contract import Depth
from il_ros.errors import DatasetError
from il_ros.images.depth import to_codes
from il_ros.types import View
import numpy as np

if TYPE_CHECKING:
    from av.video.stream import VideoStream

KEYFRAME_EVERY = 10
AVX512 = 256        # cv::CPU_AVX512_SKX, which has no name in Python
# One thread: the bytes then do not depend on the number of cores.
# Without AVX-512: its mbtree of x264 165 reads what lies beyond a row of macroblocks, and one
# picture in some hundred is coded otherwise from run to run.
OPTIONS = {'crf': '20', 'preset': 'veryfast', 'tune': 'fastdecode', 'bf': '0',
           'g': str(KEYFRAME_EVERY), 'threads': '1',
           **({'x264-params': 'asm=avx2'} if cv2.checkHardwareSupport(AVX512) else {})}
QUEUE_FRAMES = 16
BITEXACT = 0x0400   # AVFMT_FLAG_BITEXACT: no version in the file
CONTAINER = {'major_brand', 'minor_version', 'compatible_brands', 'encoder'}   # of every MP4


class Form(NamedTuple):
    """How pixels lie in memory and in a file.

    Attributes:
        memory: FFmpeg's name of the layout of an array.
        file: The same of the video.
        codec: FFmpeg's name of the encoder.
        options: Of the encoder.
    """

    memory: str
    file: str
    codec: str
    options: dict[str, str]


RGB = Form('rgb24', 'yuv420p', 'libx264', OPTIONS)
CODES = Form('gray12le', 'gray12le', 'libx265', {
    'preset': 'ultrafast', 'bf': '0', 'g': str(KEYFRAME_EVERY), 'x265-params':
    'lossless=1:log-level=none:pools=none:frame-threads=1:wpp=0:info=0:scenecut=0'})


class VideoWriter:
    """Encodes in its own thread (PyAV releases the interpreter lock)."""

    def __init__(self, path: Path, height: int, width: int, rate_hz: float,
                 depth: Depth | None = None) -> None:
        """Begin a file.

        Args:
            path: Of the file.
            height: Of an image.
            width: Likewise.
            rate_hz: Frames per second.
            depth: Of a camera that sees distances.

        Raises:
            DatasetError: Height or width is odd, which H.264 in yuv420p cannot hold.
        """
        if not depth:
            require_even(path, height, width)
        self.path, self.shape = path, (height, width, 1 if depth else 3)
        self._depth = depth
        self.written = 0
        self._rate = Fraction(rate_hz).limit_denominator(1001)
        self._queue: Queue[Any] = Queue(QUEUE_FRAMES)
        self._items = self._take()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name='video encoder', daemon=True)
        self._thread.start()

    def write(self, image: View) -> None:
        """Add one frame. Shape (H, W, 3), rgb; or distances [m], shape (H, W, 1)."""
        if image.shape != self.shape:
            raise DatasetError(f'{self.path}: expected an image of {self.shape}, '
                               f'got {image.shape}')
        self._put(image)

    def _put(self, item: Any) -> None:
        self._queue.put(item)
        self.written += 1

    def close(self, rows: int) -> None:
        """Finish the file.

        Raises:
            DatasetError: It does not hold exactly `rows` frames, or encoding failed.
        """
        self._queue.put(None)
        self._thread.join()
        if self._error:
            raise DatasetError(f'{self.path}: cannot be encoded: {self._error}') from self._error
        with av.open(str(self.path)) as container:
            frames = container.streams.video[0].frames
        if not frames == self.written == rows:
            raise DatasetError(f'{self.path}: {frames} frames for {rows} rows')

    def abandon(self) -> None:
        """Stop without a usable file."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        try:
            self._encode()
        except Exception as error:      # raised again by close, in the caller's thread
            self._error = error
            for _ in self._items:           # so that write never waits for a dead thread
                pass

    def _take(self) -> Iterator[Any]:
        while (item := self._queue.get()) is not None:
            yield item

    def _encode(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with av.open(str(self.path), 'w', format='mp4') as container:
            container.flags |= BITEXACT
            form = CODES if self._depth else RGB
            stream = cast('VideoStream', container.add_stream(
                form.codec, rate=self._rate, options=form.options))
            stream.height, stream.width, stream.pix_fmt = *self.shape[:2], form.file
            stream.time_base = 1 / self._rate
            reformatter = VideoReformatter()
            for number, image in enumerate(self._items):
                pixels = to_codes(image[:, :, 0], self._depth) if self._depth else image
                given = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), form.memory)
                frame = reformatter.reformat(given, format=form.file, threads=1)
                frame.pts, frame.time_base = number, 1 / self._rate
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))


def is_plain(path: Path, frames: int) -> bool:
    """Tell whether a file holds so many pictures and nothing else: no sound, no notes.

    Raises:
        DatasetError: It cannot be read.
    """
    try:
        with av.open(str(path)) as container:
            return (len(container.streams) == 1 and container.streams[0].frames == frames
                    and set(container.metadata) <= CONTAINER)
    except (av.FFmpegError, OSError) as error:
        raise DatasetError(f'{path}: cannot be read: {error}') from None


def require_even(path: Path, height: int, width: int) -> None:
    """Check that H.264 in yuv420p can hold pictures of a size.

    Raises:
        DatasetError: It cannot.
    """
    if height % 2 or width % 2:
        raise DatasetError(f'{path.parent.parent.name}: {height}x{width} image: H.264 needs '
                           'even height and width; declare resize: true with an even size in '
                           'the contract')
