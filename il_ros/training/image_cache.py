"""Images at training resolution in one file per camera, decoded once.

Frames are read one by one into the batch: pages of a mapped file would count as memory of the
process until the whole dataset stood there. The kernel's page cache keeps what fits.
"""
from __future__ import annotations

import math
import os
from pathlib import Path

from il_ros.errors import DatasetError
from il_ros.policies.config import PolicyConfig
from il_ros.policies.transforms import ResizeImages
from il_ros.training.samples import Source
from il_ros.training.sampling import Rows
from il_ros.types import Pixels
import numpy as np

BLOCK = 256  # rows decoded at once


class FrameFile:
    """Rows of a .npy file; threads may share it.

    Attributes:
        shape: (N, H, W, 3).
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open('rb', buffering=0)
        np.lib.format.read_magic(self._file)
        self.shape: tuple[int, ...] = np.lib.format.read_array_header_1_0(self._file)[0]
        self._start = self._file.tell()

    def __getitem__(self, rows: Rows) -> Pixels:
        """Return the images of the rows. Shape (n, H, W, 3).

        Raises:
            DatasetError: The file is shorter than it says.
        """
        images = np.empty((len(rows), *self.shape[1:]), np.uint8)
        size = math.prod(self.shape[1:])
        for image, row in zip(images, rows.tolist(), strict=True):
            if os.preadv(self._file.fileno(), [image], self._start + row * size) != size:
                raise DatasetError(f'{self._path}: no row {row}; delete the file, it is made anew')
        return images


def cached_images(source: Source, config: PolicyConfig, folder: Path) -> dict[str, FrameFile]:
    """Return the images of the policy's cameras, decoded into `folder` at the first call.

    Args:
        source: The dataset; its rows must be those of the cache that is there already.
        config: Names the cameras and the size.
        folder: Belongs to one training run.

    Returns:
        The images of every row per camera.
    """
    return {name: _cached(source, name, config.image_size, folder) for name in config.cameras}


def _cached(source: Source, name: str, size: tuple[int, int] | None, folder: Path) -> FrameFile:
    rows = sum(source.lengths)
    camera = source.contract.camera(name)
    height, width = size or (camera.height, camera.width)
    shape = (rows, height, width, 3)
    path = folder / f'{name}.npy'
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix('.partial')
        resize = ResizeImages(height, width)
        with part.open('wb') as file:
            np.lib.format.write_array_header_1_0(
                file, {'descr': '|u1', 'fortran_order': False, 'shape': shape})
            for start in range(0, rows, BLOCK):
                indices = np.arange(start, min(start + BLOCK, rows))
                file.write(resize.resize(source.frames(name, indices)).tobytes())
        part.rename(path)
    found = FrameFile(path)
    if found.shape != shape:
        path.unlink()
        return _cached(source, name, size, folder)
    return found
