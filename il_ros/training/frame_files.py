"""A folder of decoded images that all trainings of a machine share, within a bound.

Every file is complete or absent: it is written under another name, locked by whoever writes it,
and renamed. A kill leaves a part that the next one writes anew; of two trainings that need the
same file, one writes and the other waits. A file that is deleted stays readable to whoever has it
open, so the oldest ones may always go.
"""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
import fcntl
import json
import math
import os
from pathlib import Path
import shutil
from typing import BinaryIO, Protocol

from il_ros.cache import BOUND_GB, cache_bound, cache_folder, DISK_SHARE, FOLDER
from il_ros.errors import DatasetError
from il_ros.training.sampling import Rows
from il_ros.types import View
import numpy as np


class FrameFile:
    """Rows of a .npy file; threads may share it.

    Frames are read one by one into the batch: pages of a mapped file would count as memory of the
    process until the whole dataset stood there. The kernel's page cache keeps what fits.

    Attributes:
        shape: (N, H, W, 3), or (N, H, W, 1) of distances.
        dtype: Of a value.
        size: Bytes of the file when it is whole.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = path.open('rb', buffering=0)
        np.lib.format.read_magic(self._file)
        self.shape, _, self.dtype = np.lib.format.read_array_header_1_0(self._file)
        self._start = self._file.tell()
        self.size = self._start + math.prod(self.shape) * self.dtype.itemsize

    def __getitem__(self, rows: Rows) -> View:
        """Return the images of the rows. Shape (n, *shape[1:]).

        Raises:
            DatasetError: The file is shorter than it says.
        """
        images = np.empty((len(rows), *self.shape[1:]), self.dtype)
        size = math.prod(self.shape[1:]) * self.dtype.itemsize
        for image, row in zip(images, rows.tolist(), strict=True):
            if os.preadv(self._file.fileno(), [image], self._start + row * size) != size:
                raise DatasetError(f'{self._path}: no row {row}; delete the file, it is made anew')
        return images


class Maker(Protocol):
    """What knows the images that are missing."""

    def __call__(self, kept: FrameFiles) -> Iterator[View]:
        """Return the images of a file in order, in blocks (n, H, W, 3)."""


@dataclass(frozen=True)
class FrameFiles:
    """The folder.

    Attributes:
        folder: Of this user.
        most_bytes: All files together; None for 80 % of what the disk has for them.
    """

    folder: Path
    most_bytes: int | None = None

    @staticmethod
    def of_this_machine() -> FrameFiles:
        """Return the folder $IL_ROS_CACHE of at most $IL_ROS_CACHE_GB, or ~/.cache/il_ros.

        Raises:
            ConfigError: The bound is no number.
        """
        return FrameFiles(cache_folder('frames'), cache_bound())

    def get(self, name: str, shape: tuple[int, ...], contents: dict[str, int],
            make: Maker, dtype: type = np.uint8) -> FrameFile:
        """Return a file, made at the first call anywhere.

        Args:
            name: Says what is in it: two of one name are equal.
            shape: (N, H, W, 3), or (N, H, W, 1) of distances.
            contents: First row of each part by the part's name; see `find`.
            make: Called where there is no such file.
            dtype: Of a value.

        Raises:
            DatasetError: There is no room for it.
        """
        path = self.folder / f'{name}.npy'
        while not (found := _opened(path, shape)):
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
                with _locked(path.with_suffix('.partial')) as file:
                    if _opened(path, shape):
                        Path(file.name).unlink()  # another one made it meanwhile
                        continue
                    self._make_room(math.prod(shape) * np.dtype(dtype).itemsize)
                    file.truncate(0)
                    np.lib.format.write_array_header_1_0(file, {
                        'descr': np.dtype(dtype).str, 'fortran_order': False, 'shape': shape})
                    for images in make(self):
                        file.write(images.tobytes())
                    file.flush()
                    path.with_suffix('.json').write_text(json.dumps(contents))
                    found = FrameFile(Path(file.name))  # before anybody may delete it
                    Path(file.name).rename(path)
                    return found
            except OSError as error:
                raise DatasetError(f'{path}: cannot be written: {error.strerror}; name another '
                                   f'folder in {FOLDER}') from None
        return found

    def find(self, parts: set[str], size: tuple[int, int]) -> dict[str, tuple[FrameFile, int]]:
        """Return where parts are that other files hold: the file and the part's first row.

        Args:
            parts: Their names, as in the `contents` of `get`.
            size: Height and width of the images.
        """
        found: dict[str, tuple[FrameFile, int]] = {}
        for path in self.folder.glob('*.json'):
            try:
                contents = json.loads(path.read_text())
                file = None
                for part in parts & (contents.keys() - found.keys()):
                    file = file or _opened(path.with_suffix('.npy'))
                    if file and file.shape[1:3] == size:
                        found[part] = file, int(contents[part])
            except (OSError, ValueError):
                continue  # being written, or being deleted
        return found

    def _make_room(self, needed: int) -> None:
        """Delete what killed ones left, then the files that were not used for longest."""
        for path in self.folder.glob('*.partial'):
            _delete_abandoned(path)
        files = []
        for path in self.folder.glob('*.npy'):
            with suppress(FileNotFoundError):
                status = path.stat()
                files.append((status.st_mtime_ns, status.st_size, path))
        held = sum(size for _, size, _ in files)
        most = int(DISK_SHARE * (shutil.disk_usage(self.folder).free + held))
        most = min(most, self.most_bytes or most)
        if needed > most:
            raise DatasetError(f'{self.folder}: the images take {needed / 1e9:.1f} GB, there may '
                               f'be {most / 1e9:.1f} GB; take a smaller image_size, free the disk,'
                               f' or set {FOLDER} or {BOUND_GB}')
        for _, size, path in sorted(files):
            if held + needed <= most:
                break
            path.unlink(missing_ok=True)
            path.with_suffix('.json').unlink(missing_ok=True)
            held -= size


@contextmanager
def _locked(path: Path) -> Iterator[BinaryIO]:
    """Open a file that nobody else writes; a kill opens the lock."""
    while True:
        with path.open('ab') as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            try:
                same = os.path.samestat(path.stat(), os.fstat(file.fileno()))
            except FileNotFoundError:
                same = False
            if same:  # else it was renamed while we waited
                yield file
                return


def _delete_abandoned(path: Path) -> None:
    with suppress(OSError), path.open('rb') as file:  # locked by another one, or gone
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink()


def _opened(path: Path, shape: tuple[int, ...] | None = None) -> FrameFile | None:
    """Open a file that is there, whole and, where it is given, of a shape; delete any other."""
    try:
        found = FrameFile(path)
        os.utime(path)  # in use: the last one to go
        whole = path.stat().st_size == found.size
    except (OSError, ValueError):
        return None
    if whole and (shape is None or found.shape == shape):
        return found
    path.unlink(missing_ok=True)  # the machine lost power while it was written
    return None
