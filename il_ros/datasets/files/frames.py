"""Frames out of video files, of il_ros and of others."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import av
from il_ros.contract import Depth
from il_ros.datasets.files.video import CODES, KEYFRAME_EVERY, RGB
from il_ros.errors import DatasetError
from il_ros.images.depth import to_metres
from il_ros.types import View
import numpy as np

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.stream import VideoStream

AT_ONCE = 64        # frames in memory of a file that is read from end to end
ODD = 0.25      # more of the rate, and a video is one of another rate


def read_frames(path: Path, numbers: Sequence[int], rate_hz: float | None = None,
                depth: Depth | None = None) -> View:
    """Return frames of one file, decoding from the keyframe before each run of them.

    Args:
        path: The video file.
        numbers: Frame numbers in any order.
        rate_hz: Frames per second of its time stamps, by which frames are counted; the rate that
            the file states when None.
        depth: Of a camera that sees distances.

    Returns:
        Shape (n, H, W, 3), rgb, or distances [m], shape (n, H, W, 1), in the order asked for.

    Raises:
        DatasetError: The file cannot be read, has no such frame, or holds pictures for codes.
    """
    wanted = sorted(set(numbers))
    form, found = CODES if depth else RGB, dict[int, View]()
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise DatasetError(f'{path}: expected a video, got a file without pictures')
            stream = container.streams.video[0]
            if stream.codec_context is None:
                raise DatasetError(f'{path}: the FFmpeg of PyAV {av.__version__} has no decoder '
                                   'for its coding; encode it anew as H.264 or AV1')
            stream.thread_count = 1
            rate = rate_hz or stream.average_rate
            assert rate and stream.time_base
            if stream.average_rate and abs(float(stream.average_rate / Fraction(rate)) - 1) > ODD:
                raise DatasetError(f'{path}: {float(stream.average_rate):g} frames per second, '
                                   f'expected {float(rate):g}, one for each row')
            if depth and stream.format.name != form.file:
                raise DatasetError(f'{path}: expected distances as {form.file}, got a video in '
                                   f'{stream.format.name}: another program has encoded it anew')
            ticks = 1 / (float(rate) * float(stream.time_base))     # per frame
            at = -KEYFRAME_EVERY
            frames: Iterator[tuple[int, av.VideoFrame]] = iter(())
            for number in wanted:
                if not at < number < at + KEYFRAME_EVERY:
                    frames = _from(container, stream, number, ticks)
                for at, frame in frames:
                    if at >= number:
                        found[at] = frame.to_ndarray(format=form.memory)
                        break
    except (av.FFmpegError, OSError) as error:
        raise DatasetError(f'{path}: cannot be read: {error}') from None
    if missing := [number for number in wanted if number not in found]:
        raise DatasetError(f'{path}: no frame {missing[0]}')
    read = np.stack([found[number] for number in numbers])
    return to_metres(read, depth)[..., None] if depth else read


def _from(container: InputContainer, stream: VideoStream, number: int, ticks: float
          ) -> Iterator[tuple[int, av.VideoFrame]]:
    """Yield numbered frames from one on that is not after `number`.

    A file is entered at a picture that needs no other. Where pictures need later ones (B frames),
    those shown before it may have been coded after it, and are lost then: enter at an earlier one.
    """
    back = 0
    while True:
        container.seek(round(max(number - back, 0) * ticks), stream=stream)
        frames = ((round((frame.pts or 0) / ticks), frame) for frame in container.decode(stream))
        first = next(frames, None)
        if first is None or first[0] <= number or back > number:
            return chain([] if first is None else [first], frames)
        back = 2 * back + 1


def stream_frames(path: Path, numbers: Sequence[int], rate_hz: float, depth: Depth | None = None
                  ) -> Iterator[View]:
    """Yield frames of one file as `read_frames` returns them, with few of them in memory."""
    for begin in range(0, len(numbers), AT_ONCE):
        yield from read_frames(path, numbers[begin:begin + AT_ONCE], rate_hz, depth)
