"""Writes a version: new tables of numbers, and the videos as they are."""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from il_ros.datasets import schema
from il_ros.datasets.files import tables
from il_ros.datasets.files.atomic import link_file
from il_ros.datasets.files.frames import stream_frames
from il_ros.datasets.files.history import Change, write_history
from il_ros.datasets.files.layout import Layout
from il_ros.datasets.files.stats import aggregate, column_stats, ImageStats, SAMPLE_EVERY, to_json
from il_ros.datasets.gaps import Gaps
from il_ros.datasets.reader import Dataset
from il_ros.datasets.silence import stored
from il_ros.errors import DatasetError
from il_ros.types import View
from il_ros.workbench.takes import Take
import numpy as np
from numpy.typing import NDArray

COUNTED = ('index', 'episode_index', 'task_index', 'success')    # columns that an edit changes
LOST = ('recorded_ticks', 'ticks_without_observation')
Columns = dict[str, NDArray[Any]]


class VersionWriter:
    """Writes episodes of one or more datasets of the same robot into a folder.

    Args:
        folder: Empty; nobody reads it yet.
        features: Columns and videos, as in info.json.
    """

    def __init__(self, folder: Path, features: Mapping[str, Any]) -> None:
        self.folder, self.features = folder, features
        self.tasks: list[str] = []
        self.episodes: list[dict[str, Any]] = []
        self.frames = 0
        self._videos = [name for name, feature in features.items() if feature['dtype'] == 'video']
        self._places: dict[tuple[str, Path], dict[str, int]] = {}

    def add(self, take: Take) -> None:
        """Write one episode.

        Raises:
            DatasetError: A video is missing, or a column of the dataset cannot be written.
        """
        dataset, number = take.dataset, len(self.episodes)
        old = dataset.episodes[take.episode]
        outcome = take.outcome or str(old.get('outcome') or '')
        task = take.task if take.task is not None else take.recorded_task
        if task not in self.tasks:
            self.tasks.append(task)
        columns = self._columns(take, number, task)
        place = schema.file_place(number)
        tables.write_data(self.folder / schema.DATA_PATH.format(**place), self.features, columns)
        row = {name: value for name, value in old.items()
               if not name.startswith(('videos/', 'data/', 'meta/'))}
        row |= {'episode_index': number, 'tasks': [task], 'length': take.count,
                'dataset_from_index': self.frames, 'dataset_to_index': self.frames + take.count,
                **{f'data/{key}': value for key, value in place.items()}}
        if outcome:
            row['outcome'] = outcome
        row |= take.rights
        for video in self._videos:
            row |= self._video(take, video, old)
        for name, values in columns.items():
            if not take.is_whole or name in COUNTED or f'stats/{name}/count' not in row:
                row |= tables.stats_columns(name, column_stats(values))
        if not take.is_whole:
            row |= self._part(take, old)
        self.episodes.append(row)
        self.frames += take.count

    def finish(self, dataset: Dataset, history: Sequence[Change]) -> None:
        """Write the tables that describe the whole.

        Args:
            dataset: Whose robot it is.
            history: Of this version.
        """
        place, folder = schema.file_place(0), self.folder
        names = dict.fromkeys(name for row in self.episodes for name in row)
        places = {f'meta/episodes/{key}': value for key, value in place.items()}
        tables.write_episodes(folder / schema.EPISODES_PATH.format(**place), [
            {name: row.get(name) for name in names} | places for row in self.episodes])
        tables.write_json(folder / schema.STATS_FILE, {
            name: to_json(aggregate(tables.stats_of(row, name) for row in self.episodes),
                          image=feature['dtype'] == 'video')
            for name, feature in self.features.items()
            if all(f'stats/{name}/count' in row for row in self.episodes)})
        tables.write_tasks(folder / schema.TASKS_FILE, self.tasks)
        tables.write_json(folder / schema.INFO_FILE, dataset.info | {
            'total_episodes': len(self.episodes), 'total_frames': self.frames,
            'total_tasks': len(self.tasks), 'splits': {'train': f'0:{len(self.episodes)}'},
            'data_path': schema.DATA_PATH, 'features': self.features,
            'video_path': schema.VIDEO_PATH if self._videos else None})
        for file in (schema.CONTRACT_FILE, schema.URDF_FILE):
            if (dataset.root / file).is_file():
                (folder / file).write_bytes((dataset.root / file).read_bytes())
        write_history(folder, history)

    def _columns(self, take: Take, number: int, task: str) -> Columns:
        columns = {name: values[take.rows] for name, values in take.dataset.columns.items()}
        frame = np.arange(take.count)
        columns |= {
            'index': self.frames + frame, 'frame_index': frame,
            'timestamp': (frame / take.dataset.fps).astype(np.float32),
            'episode_index': np.full(take.count, number),
            'task_index': np.full(take.count, self.tasks.index(task))}
        if take.outcome is not None:
            columns['success'] = np.full(take.count, take.outcome == 'success', np.int64)
        found = stored(columns, self.features)
        if missing := [name for name, feature in self.features.items()
                       if name not in found and feature['dtype'] != 'video']:
            raise DatasetError(
                f'{take.dataset.root}: column {missing[0]!r} holds no numbers; remove it, or make '
                'videos of pictures, with lerobot-edit-dataset')
        for name, values in found.items():
            if values[:1].size != np.prod(self.features[name]['shape']):
                raise DatasetError(
                    f'{take.dataset.root}: only a part of column {name!r} is read under its '
                    'contract, and the rest would be lost; edit it with lerobot-edit-dataset')
        return found

    def _video(self, take: Take, video: str, old: Mapping[str, Any]) -> dict[str, Any]:
        """Link the file that holds the pictures; a part is shown from its first picture on."""
        fps, prefix = take.dataset.fps, f'videos/{video}'
        path, start_s = Layout.of(take.dataset.root, take.dataset.info).video(video, old)
        if (place := self._places.get((video, path))) is None:
            place = self._places[video, path] = self._place(video, schema.file_number(path))
            try:
                link_file(path, self.folder / schema.VIDEO_PATH.format(video_key=video, **place))
            except OSError as error:
                raise DatasetError(f'{path}: cannot be read: {error.strerror}') from None
        start = start_s + take.first / fps
        return {**{f'{prefix}/{key}': value for key, value in place.items()},
                f'{prefix}/from_timestamp': start,
                f'{prefix}/to_timestamp': start + take.count / fps}

    def _place(self, video: str, number: int) -> dict[str, int]:
        """Of a file, which keeps its number if it can: a training may read the old version."""
        taken = {schema.number_of(place) for (key, _), place in self._places.items()
                 if key == video}
        return schema.file_place(number if number not in taken else max(taken) + 1)

    def _part(self, take: Take, old: Mapping[str, Any]) -> dict[str, Any]:
        """Return what of an episode's row is another for a part of it."""
        missing = Gaps.of(take.ticks).missing
        found: dict[str, Any] = {name: value for name, value in zip(
            LOST, (take.count + missing, missing), strict=True) if name in old}
        for video in self._videos:
            stats = ImageStats(schema.depth_of(take.dataset.contract, video))
            for frame in _sampled(take, video, old):
                stats.take(frame)
            nested = isinstance(old.get(f'stats/{video}/min', [[]])[0], list)
            found |= tables.stats_columns(video, stats.stats(), nested)
        return found


def _sampled(take: Take, video: str, old: Mapping[str, Any]) -> Iterator[View]:
    """Return every few pictures of a take, as `ImageStats` counts them."""
    dataset = take.dataset
    path, start_s = Layout.of(dataset.root, dataset.info).video(video, old)
    first = round(start_s * dataset.fps) + take.first
    return stream_frames(path, range(first, first + take.count, SAMPLE_EVERY), dataset.fps,
                         schema.depth_of(dataset.contract, video))
