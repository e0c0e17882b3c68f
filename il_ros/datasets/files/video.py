"""Camera images as H.264 files: one frame per row, any frame within ten decoded.

Where a camera's own H.264 was copied (`passing`), within thirty.
"""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from queue import Queue
import threading
from typing import Any

import av
from av.video.reformatter import VideoReformatter
from il_ros.errors import DatasetError
from il_ros.types import Pixels
import numpy as np

KEYFRAME_EVERY = 10
# One thread: the bytes then do not depend on the number of cores.
OPTIONS = {'crf': '20', 'preset': 'veryfast', 'tune': 'fastdecode', 'bf': '0',
           'g': str(KEYFRAME_EVERY), 'threads': '1'}
QUEUE_FRAMES = 16
ODD = 0.25      # more of the rate, and a video is one of another rate


class VideoWriter:
    """Encodes in its own thread (PyAV releases the interpreter lock)."""

    def __init__(self, path: Path, height: int, width: int, rate_hz: float) -> None:
        """Begin a file.

        Raises:
            DatasetError: Height or width is odd, which H.264 in yuv420p cannot hold.
        """
        require_even(path, height, width)
        self.path, self.shape = path, (height, width, 3)
        self.written = 0
        self._rate = Fraction(rate_hz).limit_denominator(1001)
        self._queue: Queue[Any] = Queue(QUEUE_FRAMES)
        self._items = self._take()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name='video encoder', daemon=True)
        self._thread.start()

    def write(self, image: Pixels) -> None:
        """Add one frame. Shape (H, W, 3), rgb."""
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
            container.flags |= 0x0400       # AVFMT_FLAG_BITEXACT: no version in the file
            stream = container.add_stream('libx264', rate=self._rate, options=OPTIONS)
            stream.height, stream.width, stream.pix_fmt = *self.shape[:2], 'yuv420p'
            stream.time_base = 1 / self._rate
            reformatter = VideoReformatter()
            for number, image in enumerate(self._items):
                rgb = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format='rgb24')
                frame = reformatter.reformat(rgb, format='yuv420p', threads=1)
                frame.pts, frame.time_base = number, 1 / self._rate
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))


def require_even(path: Path, height: int, width: int) -> None:
    """Check that H.264 in yuv420p can hold pictures of a size.

    Raises:
        DatasetError: It cannot.
    """
    if height % 2 or width % 2:
        raise DatasetError(f'{path.parent.parent.name}: {height}x{width} image: H.264 needs '
                           'even height and width; declare resize: true with an even size in '
                           'the contract')


def read_frames(path: Path, numbers: Sequence[int], rate_hz: float | None = None) -> Pixels:
    """Return frames of one file, decoding from the keyframe before each run of them.

    Args:
        path: The video file.
        numbers: Frame numbers in any order.
        rate_hz: Frames per second of its time stamps, by which frames are counted; the rate that
            the file states when None.

    Returns:
        Shape (n, H, W, 3), rgb, in the order asked for.

    Raises:
        DatasetError: The file cannot be read or has no such frame.
    """
    wanted = sorted(set(numbers))
    found: dict[int, Pixels] = {}
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            stream.thread_count = 1
            rate = rate_hz or stream.average_rate
            assert rate and stream.time_base
            if stream.average_rate and abs(float(stream.average_rate / Fraction(rate)) - 1) > ODD:
                raise DatasetError(f'{path}: {float(stream.average_rate):g} frames per second, '
                                   f'expected {float(rate):g}, one for each row')
            ticks = 1 / (float(rate) * float(stream.time_base))     # per frame
            at = -KEYFRAME_EVERY
            frames: Iterator[av.VideoFrame] = iter(())
            for number in wanted:
                if not at < number < at + KEYFRAME_EVERY:
                    container.seek(round(number * ticks), stream=stream)
                    frames = container.decode(stream)
                for frame in frames:
                    at = round((frame.pts or 0) / ticks)
                    if at >= number:
                        found[at] = np.asarray(frame.to_ndarray(format='rgb24'), dtype=np.uint8)
                        break
    except (av.FFmpegError, OSError) as error:
        raise DatasetError(f'{path}: cannot be read: {error}') from None
    if missing := [number for number in wanted if number not in found]:
        raise DatasetError(f'{path}: no frame {missing[0]}')
    return np.stack([found[number] for number in numbers])
