"""Where the files of a LeRobotDataset lie: v3.0, and v2.1, which is read only."""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
import json
from pathlib import Path
from typing import Any

from il_ros.datasets import schema
from il_ros.datasets.files import tables
from il_ros.datasets.files.stats import aggregate, NAMES
from il_ros.errors import DatasetError
import numpy as np

OLD, FIRST = 'v2.1', 'v1.6'
FIRST_INFO = Path('meta_data/info.json')
TO_3 = 'convert_dataset_v21_to_v30'
# LeRobot's scripts that lead from older versions to one that is read.
SCRIPTS = {FIRST: 'convert_dataset_v1_to_v2, then convert_dataset_v20_to_v21',
           'v2.0': 'convert_dataset_v20_to_v21'}
OLD_DATA = 'data/chunk-{episode_chunk:03d}/episode_{episode_index:06d}.parquet'
OLD_VIDEO = 'videos/chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4'
Episode = Mapping[str, Any]


@dataclass(frozen=True)
class Layout:
    """The files of a dataset.

    Attributes:
        root: Its folder.
        info: Its info.json.
    """

    root: Path
    info: Mapping[str, Any]

    @staticmethod
    def of(root: Path, info: Mapping[str, Any]) -> Layout:
        """Return the layout that its version has.

        Raises:
            DatasetError: It is of a version that is not read; the text names LeRobot's converter.
        """
        version = info['codebase_version']
        if version == schema.VERSION:
            return Layout(root, info)
        if version == OLD:
            return OldLayout(root, info)
        raise _other(root, str(version))

    def tasks(self) -> list[str]:
        """Return the tasks in the order of their indices."""
        return tables.read_tasks(self.root / schema.TASKS_FILE)

    def episodes(self) -> list[dict[str, Any]]:
        """Return the episode table."""
        return tables.read_episodes(self.root)

    def stats(self) -> dict[str, Any]:
        """Return per feature lists of numbers, by the names of `stats`."""
        return dict(json.loads((self.root / schema.STATS_FILE).read_text('utf-8')))

    def data(self, episode: Episode) -> Path:
        """Return the file that holds the rows of an episode."""
        return self._file('data_path', schema.DATA_PATH,
                          chunk_index=int(episode['data/chunk_index']),
                          file_index=int(episode['data/file_index']))

    def video(self, key: str, episode: Episode) -> tuple[Path, float]:
        """Return the file of an episode's images, and where they begin in it [s]."""
        return self._file('video_path', schema.VIDEO_PATH, video_key=key,
                          chunk_index=int(episode[f'videos/{key}/chunk_index']),
                          file_index=int(episode[f'videos/{key}/file_index'])), float(
                              episode[f'videos/{key}/from_timestamp'])

    def require_writable(self) -> None:
        """Check that episodes can be added.

        Raises:
            DatasetError: Its version is read only.
        """

    def _file(self, key: str, default: str, **values: Any) -> Path:
        pattern = self.info.get(key) or default
        try:
            return self.root / pattern.format(**values)
        except (LookupError, ValueError, AttributeError, TypeError):
            raise DatasetError(f'{self.root}: info.json: {key}: expected a pattern like '
                               f'{default}, got {pattern}') from None


class OldLayout(Layout):
    """One data file per episode, one video per camera and episode, tables in lines of JSON."""

    def tasks(self) -> list[str]:
        """Return the tasks in the order of their indices."""
        rows = sorted(self._lines('tasks.jsonl'), key=lambda row: int(row['task_index']))
        return [str(row['task']) for row in rows]

    def episodes(self) -> list[dict[str, Any]]:
        """Return the episode table."""
        return sorted(self._lines('episodes.jsonl'), key=lambda row: int(row['episode_index']))

    def stats(self) -> dict[str, Any]:
        """Return per feature lists of numbers; none where there is neither of the two files."""
        if (self.root / schema.STATS_FILE).is_file():
            return super().stats()
        if not (self.root / 'meta/episodes_stats.jsonl').is_file():
            return {}
        parts = [row['stats'] for row in self._lines('episodes_stats.jsonl')]
        common = [key for key in (parts[0] if parts else {})
                  if all(set(NAMES) <= set(part.get(key, ())) for part in parts)]
        return {key: self._whole([part[key] for part in parts]) for key in common}

    def data(self, episode: Episode) -> Path:
        """Return the file that holds the rows of an episode."""
        return self._file('data_path', OLD_DATA, **self._place(episode))

    def video(self, key: str, episode: Episode) -> tuple[Path, float]:
        """Return the file of an episode's images, and where they begin in it [s]."""
        return self._file('video_path', OLD_VIDEO, video_key=key, **self._place(episode)), 0.0

    def require_writable(self) -> None:
        """Check that episodes can be added: they cannot."""
        raise DatasetError(f"{self.root}: a LeRobotDataset {OLD} is read only; LeRobot's {TO_3} "
                           f'makes {schema.VERSION} of it, or convert into a new folder')

    def _place(self, episode: Episode) -> dict[str, int]:
        number = int(episode['episode_index'])
        return {'episode_index': number,
                'episode_chunk': number // int(self.info.get('chunks_size') or 1000)}

    def _lines(self, name: str) -> Iterator[dict[str, Any]]:
        text = (self.root / 'meta' / name).read_text('utf-8')
        return (json.loads(line) for line in text.splitlines() if line.strip())

    @staticmethod
    def _whole(parts: list[dict[str, Any]]) -> dict[str, Any]:
        shape = np.shape(parts[0]['mean'])
        whole = aggregate({name: np.array(part[name], np.float64).reshape(-1) for name in NAMES}
                          for part in parts)
        return {name: values.reshape(-1 if name == 'count' else shape).tolist()
                for name, values in whole.items()}


def require_new(root: Path) -> None:
    """Check that a folder is no dataset of LeRobot's before v2.0, which lay elsewhere.

    Raises:
        DatasetError: It is one.
    """
    if (root / FIRST_INFO).is_file() and not (root / schema.INFO_FILE).is_file():
        raise _other(root, FIRST)


def _other(root: Path, version: str) -> DatasetError:
    script = SCRIPTS.get(version)
    return DatasetError(
        f'{root}: expected a LeRobotDataset {schema.VERSION} or {OLD}, got {version}; '
        + (f"LeRobot's {script} converts it" if script else
           'it is newer than this il_ros, or LeRobot converts it'))


def require_lengths(columns: tables.Columns, episodes: Sequence[Episode], total: int) -> None:
    """Check that there are as many rows of each episode as the tables say.

    Args:
        columns: The whole table, in the order of the episodes.
        episodes: The episode table.
        total: Rows of all episodes, as info.json has it.

    Raises:
        ValueError: There are not.
    """
    lengths = [int(episode['length']) for episode in episodes]
    rows = len(columns['index'])
    if not rows == sum(lengths) == total:
        raise ValueError(f'{rows} rows, but the episodes say {sum(lengths)} and info.json {total}')
    numbers = [int(episode['episode_index']) for episode in episodes]
    found = dict(zip(*np.unique(columns['episode_index'], return_counts=True), strict=True))
    for number, length in zip(numbers, lengths, strict=True):
        if found.get(number, 0) != length:
            raise ValueError(f'episode {number}: {found.get(number, 0)} rows, but the episode '
                             f'table says {length}')
