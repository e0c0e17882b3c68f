"""Pictures that lie in the data files, one per row, as PNG or JPEG, or distances as TIFF."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
from il_ros.errors import DatasetError
from il_ros.types import View
import numpy as np
from numpy.typing import NDArray
import pyarrow as pa
import pyarrow.parquet as pq

COLOURS = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION


class EmbeddedPictures:
    """Finds and decodes them; the newest group of rows stays in memory."""

    def __init__(self, files: Sequence[Path]) -> None:
        """Find each row.

        Args:
            files: The data files, in the order of `tables.read_data`.
        """
        self._files = list(files)
        tables = [pq.read_table(path, columns=['episode_index', 'frame_index'])
                  for path in files]
        episode, frame = (np.concatenate([table[name].to_numpy() for table in tables])
                          for name in ('episode_index', 'frame_index'))
        lengths = [len(table) for table in tables]
        order = np.lexsort((frame, episode))
        self._file = np.repeat(np.arange(len(files)), lengths)[order]
        self._number = np.concatenate([np.arange(length) for length in lengths])[order]
        self._held: tuple[tuple[int, int, str], Any] = (-1, -1, ''), None

    def place(self, row: int) -> tuple[Path, int]:
        """Return the file of a row of the whole table, and its number there."""
        return self._files[self._file[row]], int(self._number[row])

    def frames(self, key: str, rows: NDArray[np.int64], unit_m: float | None = None
               ) -> list[View]:
        """Return pictures, each of shape (H, W, 3), rgb, or distances [m], shape (H, W, 1).

        Args:
            key: The feature.
            rows: Of the whole table, in any order.
            unit_m: Of distances [m]; None of colours.

        Raises:
            DatasetError: A file cannot be read, or a row holds no picture.
        """
        found: dict[int, View] = {}
        for number in np.unique(self._file[rows]):
            path = self._files[number]
            mine = rows[self._file[rows] == number]
            try:
                with pq.ParquetFile(path) as file:
                    sizes = [file.metadata.row_group(k).num_rows
                             for k in range(file.num_row_groups)]
                    starts = np.cumsum([0, *sizes])
                    for row in mine[np.argsort(self._number[mine])].tolist():
                        at = int(self._number[row])
                        group = int(np.searchsorted(starts, at, side='right')) - 1
                        column = self._column(file, int(number), group, key)
                        image = _decoded(column[at - int(starts[group])].as_py(),
                                         COLOURS if unit_m is None else cv2.IMREAD_UNCHANGED,
                                         f'{path}: {key!r}, row {at}')
                        found[row] = (np.ascontiguousarray(image[..., ::-1], np.uint8)
                                      if unit_m is None else _metres(image, unit_m))
            except (OSError, KeyError, pa.ArrowException) as error:
                raise DatasetError(f'{path}: cannot be read: {error}') from None
        return [found[row] for row in rows.tolist()]

    def _column(self, file: pq.ParquetFile, number: int, group: int, key: str) -> Any:
        if self._held[0] != (number, group, key):
            self._held = (number, group, key), file.read_row_group(group, columns=[key])[key]
        return self._held[1]


def _decoded(value: Any, flags: int, where: str) -> NDArray[Any]:
    data = value.get('bytes') if isinstance(value, dict) else value
    image = cv2.imdecode(np.frombuffer(data, np.uint8), flags) if isinstance(
        data, bytes) and data else None
    if image is None or (flags != COLOURS and image.ndim != 2):
        path = value.get('path') if isinstance(value, dict) else None
        raise DatasetError(f'{where}: expected a picture'
                           + ('' if flags == COLOURS else ' of distances')
                           + (f', got only its path {path}' if path and not data else ''))
    return np.asarray(image)


def _metres(distances: NDArray[Any], unit_m: float) -> View:
    metres = unit_m * distances.astype(np.float32)
    known = np.isfinite(metres) & (metres > 0)
    return np.where(known, metres, np.float32(0))[..., None]
