"""Writes episodes as a LeRobotDataset v3.0: one data file and one video per camera each."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from il_ros.contract import Contract, require_same
from il_ros.datasets import schema
from il_ros.datasets.encoded import encode, Encoded
from il_ros.datasets.files import tables, versions
from il_ros.datasets.files.atomic import link_file, link_files
from il_ros.datasets.files.history import Change, deleted, read_history, write_appended
from il_ros.datasets.files.layout import Layout
from il_ros.datasets.files.newer import settle
from il_ros.datasets.files.stats import aggregate, column_stats, to_json
from il_ros.datasets.foreign import left_out
from il_ros.datasets.from_bags.rows import Row
from il_ros.datasets.silence import stored
import numpy as np


@dataclass
class DatasetWriter:
    """Adds episodes to a dataset that is being written in `folder`.

    Attributes:
        folder: Where to write; nobody reads it yet.
        contract: Of the first episode; None before it.
        features: As in info.json; those of the contract, or those of the dataset that is extended,
            whose closed files may lack newer columns.
        tasks: Task texts in the order of their indices.
        earlier: Rows of the episode table that are in closed files.
        added: Rows of the episode table of this run.
        history: What was done to the dataset that is extended.
        asks: What its info.json asks for, beside what every one holds.
    """

    folder: Path
    contract: Contract | None = None
    features: Mapping[str, Any] = field(default_factory=dict)
    tasks: list[str] = field(default_factory=list)
    earlier: list[dict[str, Any]] = field(default_factory=list)
    added: list[dict[str, Any]] = field(default_factory=list)
    history: list[Change] = field(default_factory=list)
    asks: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.contract and not self.features:
            self.features = schema.features(self.contract)
        self._free = max([-1, *(schema.file_number(path) for part in ('data', 'videos')
                                for path in (self.folder / part).rglob('file-*'))]) + 1

    @staticmethod
    def onto(folder: Path, dataset: Path) -> DatasetWriter:
        """Return a writer whose episodes follow those of `dataset`; closed files are linked.

        A dataset that was edited is kept as a version, as by an edit.

        Raises:
            DatasetError: Nothing can be added to it.
        """
        info = json.loads((dataset / schema.INFO_FILE).read_text(encoding='utf-8'))
        layout = Layout.of(dataset, info)
        layout.require_writable()
        for part in ('data', 'videos', 'meta/episodes'):
            if (dataset / part).is_dir():
                link_files(dataset / part, folder / part)
        tasks, episodes = layout.tasks(), layout.episodes()
        contract = left_out.require_extensible(
            dataset, info, left_out.contract_of(dataset, info, tasks)[0], episodes)
        history = read_history(dataset)
        if history:
            versions.keep(dataset)
        asks = {schema.REDACTION: info[schema.REDACTION]} if schema.REDACTION in info else {}
        return DatasetWriter(folder, contract, info['features'], tasks, episodes, history=history,
                             asks=asks)

    @property
    def episodes(self) -> list[dict[str, Any]]:
        """The episode table."""
        return self.earlier + self.added

    @property
    def frames(self) -> int:
        """Rows of all episodes."""
        return int(self.episodes[-1]['dataset_to_index']) if self.episodes else 0

    @property
    def sources(self) -> set[str]:
        """Content hashes of the bags that are in the dataset."""
        return {str(episode['source_hash']) for episode in self.episodes}

    @property
    def deleted(self) -> dict[str, str]:
        """Content hashes of the bags that were taken out of the dataset, each with the reason."""
        return deleted(self.history)

    def require(self, contract: Contract, where: str) -> None:
        """Check that an episode was recorded with the dataset's robot; the error says in what."""
        if self.contract is None:
            self.contract, self.features = contract, schema.features(contract)
        require_same(self.contract, contract, 'the dataset', where)
        if not self.contract.urdf_text:
            self.contract = replace(self.contract, urdf_text=contract.urdf_text)

    @property
    def cameras(self) -> set[str]:
        """Names of the cameras that have videos."""
        return {name.removeprefix(schema.IMAGES) for name in self.features
                if name.startswith(schema.IMAGES)}

    def add(self, rows: Iterable[Row], contract: Contract, task: str, success: bool) -> int:
        """Write one episode; see `encode`.

        Returns:
            The number of rows; with none, nothing is added.

        Raises:
            DatasetError: A video cannot be written or lacks frames.
        """
        with TemporaryDirectory(prefix='.encoding_', dir=self.folder) as folder:
            episode = encode(rows, contract, task, success, Path(folder), self.cameras)
            if episode is not None:
                self.take(episode)
        return len(episode) if episode is not None else 0

    def take(self, episode: Encoded) -> None:
        """Give an episode the next number; its videos are linked."""
        number, count = len(self.episodes), len(episode)
        place = self._place(number)
        for name, video in episode.videos.items():
            link_file(video, self.folder / schema.VIDEO_PATH.format(
                video_key=schema.IMAGES + name, **place))
        if episode.task not in self.tasks:
            self.tasks.append(episode.task)
        columns = stored({**episode.columns,
                          'episode_index': np.full(count, number),
                          'index': self.frames + np.arange(count),
                          'task_index': np.full(count, self.tasks.index(episode.task))},
                         self.features)
        tables.write_data(self.folder / schema.DATA_PATH.format(**place), self.features, columns)
        self.added.append(self._episode(number, episode, columns))

    def describe(self, values: Mapping[str, Any]) -> None:
        """Add values to the newest episode's row of the episode table."""
        self.added[-1].update(values)

    def finish(self) -> None:
        """Write the tables that describe the whole dataset."""
        assert self.contract is not None
        settle(self.folder, self.earlier, self.added)
        if self.added:
            run = max([-1, *(schema.file_number(path) for path in
                             (self.folder / 'meta/episodes').rglob('file-*'))]) + 1
            place = schema.file_place(run)
            for episode in self.added:
                episode.update({f'meta/episodes/{key}': value for key, value in place.items()})
            tables.write_episodes(self.folder / schema.EPISODES_PATH.format(**place), self.added)
        stats = {}
        for name, feature in self.features.items():
            whole = aggregate(tables.stats_of(episode, name) for episode in self.episodes)
            stats[name] = to_json(whole, image=feature['dtype'] == 'video')
        tables.write_json(self.folder / schema.STATS_FILE, stats)
        write_appended(self.folder, self.history, self.added, len(self.episodes), self.frames)
        tables.write_tasks(self.folder / schema.TASKS_FILE, self.tasks)
        tables.write_json(self.folder / schema.INFO_FILE, dict(self.asks) | schema.info(
            self.contract, self.features, len(self.episodes), self.frames, len(self.tasks)))
        for file, text in ((schema.CONTRACT_FILE, self.contract.to_text()),
                           (schema.URDF_FILE, self.contract.urdf_text)):
            if text:
                (self.folder / file).write_text(text, encoding='utf-8')

    def _place(self, number: int) -> dict[str, int]:
        """Of an episode's files, whose number is its own; those of LeRobot's tools are theirs."""
        return schema.file_place(max(number, self._free + len(self.added)))

    def _episode(self, number: int, episode: Encoded, columns: tables.Columns) -> dict[str, Any]:
        place, length = self._place(number), len(episode)
        row: dict[str, Any] = {
            'episode_index': number, 'tasks': [episode.task], 'length': length,
            'dataset_from_index': self.frames, 'dataset_to_index': self.frames + length,
            **{f'data/{key}': value for key, value in place.items()}}
        for name in episode.pixels:
            prefix = f'videos/{schema.IMAGES}{name}'
            row |= {f'{prefix}/{key}': value for key, value in place.items()}
            row |= {f'{prefix}/from_timestamp': 0.0,
                    f'{prefix}/to_timestamp': length / episode.contract.rate_hz}
        for name, values in columns.items():
            row |= tables.stats_columns(name, column_stats(values))
        for name, stats in episode.pixels.items():
            feature = schema.IMAGES + name
            # Tables from before were flat; LeRobot reads only one form in a dataset.
            form = self.earlier[0][f'stats/{feature}/min'] if self.earlier else [[]]
            row |= tables.stats_columns(feature, stats, isinstance(form[0], list))
        return row
