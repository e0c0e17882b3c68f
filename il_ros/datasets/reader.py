"""A dataset on disk: the whole table in memory, images decoded when asked for."""
from __future__ import annotations

from collections.abc import Sequence
import json
from pathlib import Path
from typing import Any

from il_ros.datasets import foreign, schema, silence, tables
from il_ros.datasets.video import read_frames
from il_ros.errors import ConfigError, DatasetError
from il_ros.types import Pixels
import numpy as np
from numpy.typing import NDArray
import pyarrow as pa


class Dataset:
    """What `convert` wrote, or what LeRobot made of it.

    Attributes:
        root: Its folder.
        contract: The robot.
        fps: Rows per second.
        tasks: Task texts; `columns['task_index']` counts them.
        episodes: The episode table, one mapping per episode.
        lengths: Rows per episode.
        columns: The whole table of N rows. `observation.state` (N, J),
            `observation.environment_state` (N, E) where the contract names poses, `action` (N, J),
            `action.policy` (N, J) with NaN where the policy was silent, and of shape (N,):
            `control_source`, `intervention`, `success`, `tick`, `sync_error`,
            `help_requested`, `gate_score`, `gate_threshold`, `uncertainty` (older datasets lack
            these four), `limited_by` (newer still), `timestamp`, `frame_index`,
            `episode_index`, `index`, `task_index`. Positions in [rad] or [m].
        stats: Per feature `min`, `max`, `mean`, `std` (D,) and `count` (1,); of images (3, 1, 1)
            in [0, 1].
        cameras: Names of the cameras of which there are videos.
        notes: What was missing, and what was taken in its place; for the person who reads it.
    """

    def __init__(self, root: Path) -> None:
        """Read the tables.

        Raises:
            DatasetError: It is no dataset of il_ros, or its parts contradict each other.
        """
        self.root = root
        if not (root / schema.INFO_FILE).is_file():
            raise DatasetError(f'{root}: expected a dataset ({schema.INFO_FILE}), got '
                               f'{"a folder without it" if root.is_dir() else "nothing"}; '
                               'write one with il_ros convert BAGS --out DIR')
        while True:
            folder = root.stat().st_ino
            try:
                self._read()
                break
            except (OSError, ValueError, KeyError, ConfigError, pa.ArrowException) as error:
                # A conversion that appends puts another folder in this place: read that one.
                if not root.is_dir() or root.stat().st_ino == folder:
                    what = f'no {error}' if isinstance(error, KeyError) else error
                    raise DatasetError(f'{root}: damaged: {what}') from None

    def _read(self) -> None:
        root = self.root
        self.info: dict[str, Any] = json.loads((root / schema.INFO_FILE).read_text('utf-8'))
        if (version := self.info['codebase_version']) != schema.VERSION:
            raise DatasetError(f'{root}: expected a LeRobotDataset {schema.VERSION}, got '
                               f'{version}; LeRobot converts older ones to {schema.VERSION}')
        self.tasks = tables.read_tasks(root / schema.TASKS_FILE)
        self.contract, self.notes = foreign.contract_of(root, self.info, self.tasks)
        foreign.require_fit(root, self.info, self.contract)
        self.fps = float(self.info['fps'])
        self.episodes = tables.read_episodes(root)
        self.lengths = [int(episode['length']) for episode in self.episodes]
        if not self.episodes:
            raise DatasetError(f'{root}: holds no episode')
        self.cameras, absent = foreign.cameras_of(self.info, self.contract)
        stats = json.loads((root / schema.STATS_FILE).read_text('utf-8'))
        self.stats: dict[str, dict[str, NDArray[Any]]] = {
            feature: {name: np.array(values) for name, values in parts.items()}
            for feature, parts in stats.items()}
        places = [(int(e['data/chunk_index']), int(e['data/file_index'])) for e in self.episodes]
        self.columns = silence.told(tables.read_data([
            root / schema.DATA_PATH.format(chunk_index=chunk, file_index=file)
            for chunk, file in dict.fromkeys(places)]))
        self.notes += [*absent, *foreign.completed(self.columns)]
        self._starts = np.cumsum([0, *self.lengths])
        if not len(self.columns['index']) == sum(self.lengths) == self.info['total_frames']:
            raise ValueError(f'{len(self.columns["index"])} rows, but the episodes say '
                             f'{sum(self.lengths)} and info.json {self.info["total_frames"]}')

    def __len__(self) -> int:
        return int(self._starts[-1])

    def rows(self, episode: int) -> slice:
        """Return the rows of an episode."""
        return slice(int(self._starts[episode]), int(self._starts[episode + 1]))

    def frames(self, camera: str, indices: Sequence[int] | NDArray[np.int64]) -> Pixels:
        """Return images by row, decoding only what is needed for them.

        Args:
            camera: One of `cameras`.
            indices: Rows of the table, in any order.

        Returns:
            Shape (n, H, W, 3), rgb.

        Raises:
            ConfigError: There is no such camera.
            DatasetError: A row does not exist or a video cannot be read.
        """
        c = self.contract.camera(camera)
        rows = np.asarray(indices, dtype=np.int64)
        if len(rows) and not (rows.min() >= 0 and rows.max() < len(self)):
            raise DatasetError(f'{self.root}: rows 0 to {len(self) - 1}, '
                               f'asked for {rows.min()} to {rows.max()}')
        images = np.empty((len(rows), c.height, c.width, 3), np.uint8)
        owners = np.searchsorted(self._starts, rows, side='right') - 1
        for episode in np.unique(owners):
            mine = np.flatnonzero(owners == episode)
            video, first = self.video(camera, int(episode))
            numbers = first + rows[mine] - self._starts[episode]
            images[mine] = read_frames(video, numbers.tolist())
        return images

    def video(self, camera: str, episode: int) -> tuple[Path, int]:
        """Return the file that holds an episode's images, and the first one's number in it."""
        if camera not in self.cameras:
            self.contract.camera(camera)
            raise DatasetError(f'{self.root}: no videos of camera {camera!r}, only of '
                               f'{", ".join(self.cameras) or "none"}')
        key, row = schema.IMAGES + camera, self.episodes[episode]
        path = self.root / schema.VIDEO_PATH.format(
            video_key=key, chunk_index=row[f'videos/{key}/chunk_index'],
            file_index=row[f'videos/{key}/file_index'])
        return path, round(float(row[f'videos/{key}/from_timestamp']) * self.fps)
