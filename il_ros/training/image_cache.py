"""Images at training resolution: decoded once, for all runs that learn from them."""
from __future__ import annotations

from collections.abc import Iterator
import hashlib
from pathlib import Path

from il_ros.datasets.reader import Dataset
from il_ros.policies.config import PolicyConfig
from il_ros.policies.transforms import ResizeImages
from il_ros.training.frame_files import FrameFiles
from il_ros.training.frames import Resized
from il_ros.training.joined import Joined
from il_ros.training.samples import Frames, Source
from il_ros.types import View
import numpy as np

BLOCK = 256        # rows decoded at once
ENDS = 1 << 20     # bytes of a video that tell it from others, at either end
VERSION = 'area'   # how images are made smaller; another one makes all files anew


def cached_images(source: Source, config: PolicyConfig, cache: FrameFiles | None = None
                  ) -> dict[str, Frames]:
    """Return the images of the policy's cameras, decoded at the first call for these videos.

    Args:
        source: The dataset. One that is not on the disk is not cached.
        config: Names the cameras and the size.
        cache: Where they are kept; this machine's when None.

    Returns:
        The images of every row per camera.

    Raises:
        DatasetError: A video cannot be read, or there is no room for its images.
    """
    cache = cache or FrameFiles.of_this_machine()
    found: dict[str, Frames] = {}
    for name in config.cameras:
        camera = source.contract.camera(name)
        resize = ResizeImages(*(config.image_size or (camera.height, camera.width)))
        found[name] = (source.images(name, [
            None if (theirs := part.camera(name)) is None else
            _cached(part.source, theirs, resize, cache) for part in source.parts])
            if isinstance(source, Joined) else _cached(source, name, resize, cache))
    return found


def _cached(source: Source, name: str, resize: ResizeImages, cache: FrameFiles) -> Frames:
    if not isinstance(source, Dataset):
        return Resized(source, name, resize)
    blank = source.contract.camera(name).blank()
    depth = source.contract.camera(name).depth
    told = f' {depth.range_m}{depth.shift_m or ""}' if depth else ''
    episodes = [_fingerprint(*source.images(name, i), length, name, told)
                for i, length in enumerate(source.lengths)]
    starts = [source.rows(i).start for i in range(len(episodes))]
    whole = hashlib.sha256('\n'.join(
        [f'{resize.height}x{resize.width}', *episodes]).encode()).hexdigest()[:32]

    def make(kept: FrameFiles) -> Iterator[View]:
        found = kept.find(set(episodes), (resize.height, resize.width))
        for number, episode in enumerate(episodes):  # those of the last round are there already
            rows = np.arange(source.lengths[number])
            file, first = found.get(episode, (None, 0))
            for block in np.split(rows, range(BLOCK, len(rows), BLOCK)):
                yield (file[first + block] if file else resize.resize(
                    source.frames(name, starts[number] + block)))

    return cache.get(whole, (len(source), resize.height, resize.width, blank.shape[-1]),
                     dict(zip(episodes, starts, strict=True)), make, blank.dtype.type)


def _fingerprint(video: Path, first_frame: int, length: int, camera: str, told: str) -> str:
    """Return what tells the frames of an episode from others without reading all of them.

    The sizes of all frames, which differ wherever pictures do, stand at one end of an MP4 file. A
    data file, whose end tells the sizes of its columns, holds the pictures of several cameras.
    `told` is what their pixels mean.
    """
    size = video.stat().st_size
    several = f' {camera}' if video.suffix == '.parquet' else ''
    digest = hashlib.sha256(f'{VERSION} {size} {first_frame} {length}{several}{told}\n'.encode())
    with video.open('rb') as file:
        digest.update(file.read(ENDS))
        file.seek(max(size - ENDS, 0))
        digest.update(file.read(ENDS))
    return digest.hexdigest()[:32]
