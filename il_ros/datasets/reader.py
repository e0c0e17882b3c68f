"""A dataset on disk: the whole table in memory, images decoded when asked for."""
from __future__ import annotations

from collections.abc import Iterable, Sequence
import json
from pathlib import Path
from typing import Any

from il_ros.buckets.fetch import local
from il_ros.datasets import schema, silence
from il_ros.datasets.files import tables
from il_ros.datasets.files.frames import read_frames
from il_ros.datasets.files.layout import Layout, require_lengths, require_new
from il_ros.datasets.files.pictures import EmbeddedPictures
from il_ros.datasets.foreign import left_out
from il_ros.datasets.foreign.distances import in_metres
from il_ros.datasets.foreign.generated import contract_from, joints_of
from il_ros.datasets.units import unit_problems
from il_ros.errors import ConfigError, DatasetError
from il_ros.types import View
import numpy as np
from numpy.typing import NDArray
import pyarrow as pa


class Dataset:
    """What `convert` wrote, what LeRobot made of it, or a dataset of LeRobot's own.

    Attributes:
        place: Where it was opened: its folder, or its URL in a bucket as a path.
        root: Its folder on this machine.
        contract: The robot; `generated` where nobody described it.
        fps: Rows per second.
        tasks: Task texts; `columns['task_index']` counts them.
        episodes: The episode table, one mapping per episode.
        lengths: Rows per episode.
        columns: The whole table of N rows. `observation.state` (N, J),
            `observation.environment_state` (N, E) where the contract names poses, `action` (N, J),
            `action.policy` (N, J) with NaN where the policy was silent, and of shape (N,):
            `control_source`, `intervention`, `success`, `tick`, `sync_error`,
            `control_sources` (N, J) where the robot has parts (older datasets lack it),
            `help_requested`, `gate_score`, `gate_threshold`, `uncertainty` (older datasets lack
            these four), `limited_by` (newer still), `timestamp`, `frame_index`,
            `episode_index`, `index`, `task_index`. Positions in [rad] or [m].
        stats: Per feature `min`, `max`, `mean`, `std` (D,) and `count` (1,); of images (3, 1, 1)
            in [0, 1], of distances (1, 1, 1) [m]. As the files say; a v2.1 dataset may have none.
        cameras: Names of the cameras of which there are images.
        elsewhere: Another program recorded it; nothing vouches for the units of its values.
        notes: What was missing, and what was taken in its place; for the person who reads it.
    """

    def __init__(self, root: Path) -> None:
        """Read the tables.

        Raises:
            BucketError: It cannot be fetched.
            DatasetError: It is no dataset of il_ros, or its parts contradict each other.
        """
        self.place = root
        self.root = root = local(root)
        require_new(root)
        if not (root / schema.INFO_FILE).is_file():
            raise DatasetError(f'{root}: expected a dataset ({schema.INFO_FILE}), got '
                               f'{"a folder without it" if root.is_dir() else "nothing"}; '
                               'write one with il_ros convert BAGS --out DIR')
        while True:
            folder = root.stat().st_ino
            try:
                self._read()
                break
            except (OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError,
                    ConfigError, pa.ArrowException) as error:
                # A conversion that appends puts another folder in this place: read that one.
                if not root.is_dir() or root.stat().st_ino == folder:
                    what = f'no {error}' if isinstance(error, KeyError) else error
                    raise DatasetError(f'{root}: damaged: {what}') from None

    def _read(self) -> None:
        root = self.root
        self.info: dict[str, Any] = json.loads((root / schema.INFO_FILE).read_text('utf-8'))
        self._layout = layout = Layout.of(root, self.info)
        self.tasks = layout.tasks()
        contract, self.notes = left_out.contract_of(root, self.info, self.tasks)
        joints = left_out.fit(root, self.info, contract) if contract else joints_of(
            root, self.info['features'])
        self.fps = float(self.info['fps'])
        self.episodes = layout.episodes()
        self.lengths = [int(episode['length']) for episode in self.episodes]
        if not sum(self.lengths):
            raise DatasetError(f'{root}: holds no episode')
        self.stats: dict[str, dict[str, NDArray[Any]]] = {
            feature: {name: np.array(values) for name, values in parts.items()}
            for feature, parts in layout.stats().items()}
        in_metres(self.stats, self.info['features'])
        self._files = list(dict.fromkeys(map(layout.data, self.episodes)))
        self.columns = silence.told(tables.read_data(self._files))
        self._starts = np.cumsum([0, *self.lengths])
        require_lengths(self.columns, self.episodes, int(self.info['total_frames']))
        left_out.joint_columns(self.columns, joints)
        if contract is None:
            contract, self.notes = contract_from(root, self.info, self.tasks, self.columns)
        self.contract = contract
        self.elsewhere = 'control_source' not in self.info['features']
        self._pictures, absent = left_out.cameras_of(root, self.info, contract)
        self._embedded: EmbeddedPictures | None = None
        self.cameras = list(self._pictures)
        self.notes += [*joints.notes, *absent, *left_out.completed(self.columns),
                       *(unit_problems(contract, self.columns) if self.elsewhere else [])]

    def __len__(self) -> int:
        return int(self._starts[-1])

    def rows(self, episode: int) -> slice:
        """Return the rows of an episode."""
        return slice(int(self._starts[episode]), int(self._starts[episode + 1]))

    def frames(self, camera: str, indices: Sequence[int] | NDArray[np.int64]) -> View:
        """Return images by row, decoding only what is needed for them.

        Args:
            camera: One of `cameras`.
            indices: Rows of the table, in any order.

        Returns:
            Shape (n, H, W, 3), rgb; of a camera that sees distances (n, H, W, 1), float32 [m], 0
            where unknown.

        Raises:
            ConfigError: There is no such camera.
            DatasetError: A row does not exist or a video cannot be read.
        """
        c = self.contract.camera(camera)
        rows = np.asarray(indices, dtype=np.int64)
        if len(rows) and not (rows.min() >= 0 and rows.max() < len(self)):
            raise DatasetError(f'{self.root}: rows 0 to {len(self) - 1}, '
                               f'asked for {rows.min()} to {rows.max()}')
        images = np.empty((len(rows), *c.shape), c.blank().dtype)
        owners = np.searchsorted(self._starts, rows, side='right') - 1
        for episode in np.unique(owners):
            mine = np.flatnonzero(owners == episode)
            path, first = self.images(camera, int(episode))
            if (feature := self._pictures[camera]).embedded:
                found: Iterable[View] = self._in_data_files.frames(feature.key, rows[mine],
                                                                  feature.unit_m)
            else:
                numbers = first + rows[mine] - self._starts[episode]
                found = read_frames(path, numbers.tolist(), self.fps, c.depth)
            for place, image in zip(mine, found, strict=True):
                if image.shape != images.shape[1:]:
                    raise DatasetError(f'{path}: expected images of {c.height}x{c.width}, got '
                                       f'{image.shape[0]}x{image.shape[1]}')
                images[place] = image
        return images

    def images(self, camera: str, episode: int) -> tuple[Path, int]:
        """Return the file that holds an episode's images, and the first one's number in it.

        Raises:
            ConfigError: There is no such camera.
            DatasetError: There are no images of it, or the file is missing.
        """
        if camera not in self._pictures:
            self.contract.camera(camera)
            raise DatasetError(f'{self.root}: no images of camera {camera!r}, only of '
                               f'{", ".join(self.cameras) or "none"}')
        if (feature := self._pictures[camera]).embedded:
            return self._in_data_files.place(int(self._starts[episode]))
        path, from_s = self._layout.video(feature.key, self.episodes[episode])
        if not path.is_file():
            raise DatasetError(f'{path}: missing: the video of camera {camera!r} in episode '
                               f'{episode}')
        return path, round(from_s * self.fps)

    @property
    def _in_data_files(self) -> EmbeddedPictures:
        if self._embedded is None:
            self._embedded = EmbeddedPictures(self._files)
        return self._embedded
