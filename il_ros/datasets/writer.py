"""Writes episodes as a LeRobotDataset v3.0: one data file and one video per camera each."""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
import json
from pathlib import Path
from typing import Any

from il_ros.contract import Contract, require_same
from il_ros.datasets import schema
from il_ros.datasets.files import tables, versions
from il_ros.datasets.files.atomic import link_files
from il_ros.datasets.files.history import Change, deleted, read_history, write_appended
from il_ros.datasets.files.layout import Layout
from il_ros.datasets.files.newer import settle
from il_ros.datasets.files.stats import aggregate, column_stats, to_json
from il_ros.datasets.foreign import left_out
from il_ros.datasets.from_bags.rows import Row
from il_ros.datasets.from_bags.track import Track
from il_ros.datasets.silence import stored
from il_ros.timing import to_s
import numpy as np
from numpy.typing import NDArray


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
        newest: Columns of the newest episode.
        history: What was done to the dataset that is extended.
        asks: What its info.json asks for, beside what every one holds.
    """

    folder: Path
    contract: Contract | None = None
    features: Mapping[str, Any] = field(default_factory=dict)
    tasks: list[str] = field(default_factory=list)
    earlier: list[dict[str, Any]] = field(default_factory=list)
    added: list[dict[str, Any]] = field(default_factory=list)
    newest: tables.Columns = field(default_factory=dict)
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

    def add(self, rows: Iterable[Row], contract: Contract, task: str, success: bool) -> int:
        """Write one episode.

        Args:
            rows: Its rows, with the images of every camera of the contract.
            contract: Its robot.
            task: Its task text.
            success: Whether it succeeded.

        Returns:
            The number of rows; with none, nothing is added.

        Raises:
            DatasetError: A video cannot be written or lacks frames.
        """
        number = len(self.episodes)
        place = self._place(number)
        tracks = {camera.name: Track(
            self.folder / schema.VIDEO_PATH.format(video_key=schema.IMAGES + camera.name, **place),
            camera.height, camera.width, contract.rate_hz, camera.depth)
            for camera in contract.cameras if schema.IMAGES + camera.name in self.features}
        kept: list[Row] = []
        try:
            for row in rows:
                for name, track in tracks.items():
                    track.write(row.observation.images[name])
                kept.append(_without_images(row))
        except BaseException:
            for track in tracks.values():
                track.abandon()
            raise
        if not kept:
            return 0
        for track in tracks.values():
            track.close(len(kept))
        self.newest = columns = self._columns(kept, contract, number, task, success)
        tables.write_data(self.folder / schema.DATA_PATH.format(**place), self.features, columns)
        self.added.append(self._episode(number, len(kept), task, columns, tracks, contract))
        return len(kept)

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

    def _columns(self, rows: Sequence[Row], contract: Contract, number: int, task: str,
                 success: bool) -> tables.Columns:
        if task not in self.tasks:
            self.tasks.append(task)
        count = len(rows)
        frame = np.arange(count)
        columns: dict[str, NDArray[Any]] = {
            schema.STATE: np.array([row.observation.state for row in rows], np.float32),
            schema.ACTION: np.array([row.action for row in rows], np.float32),
            schema.POLICY_ACTION: np.array([row.policy_action for row in rows], np.float32),
            'limited_by': np.array([row.limited_by for row in rows], np.int64),
            'control_source': np.array([row.source for row in rows], np.int64),
            'intervention': np.array([row.intervention for row in rows], np.int64),
            'success': np.full(count, success, np.int64),
            'tick': np.array([row.tick for row in rows], np.int64),
            'sync_error': np.array([to_s(max(row.observation.ages_ns.values(), default=0))
                                    for row in rows], np.float32),
            'timestamp': (frame / contract.rate_hz).astype(np.float32),
            'frame_index': frame,
            'episode_index': np.full(count, number),
            'index': self.frames + frame,
            'task_index': np.full(count, self.tasks.index(task)),
        }
        asked = np.array([row.asked for row in rows], np.float32)     # (N, 4)
        columns |= dict(zip(schema.ASKED, asked.T, strict=True))
        columns['help_requested'] = columns['help_requested'].astype(np.int64)
        if contract.poses:
            columns[schema.ENVIRONMENT] = np.array(
                [row.observation.environment for row in rows], np.float32)
        return stored(columns, self.features)

    def _place(self, number: int) -> dict[str, int]:
        """Of an episode's files, whose number is its own; those of LeRobot's tools are theirs."""
        return schema.file_place(max(number, self._free + len(self.added)))

    def _episode(self, number: int, length: int, task: str, columns: tables.Columns,
                 tracks: Mapping[str, Track], contract: Contract) -> dict[str, Any]:
        place = self._place(number)
        row: dict[str, Any] = {
            'episode_index': number, 'tasks': [task], 'length': length,
            'dataset_from_index': self.frames, 'dataset_to_index': self.frames + length,
            **{f'data/{key}': value for key, value in place.items()}}
        for name in tracks:
            prefix = f'videos/{schema.IMAGES}{name}'
            row |= {f'{prefix}/{key}': value for key, value in place.items()}
            row |= {f'{prefix}/from_timestamp': 0.0,
                    f'{prefix}/to_timestamp': length / contract.rate_hz}
        for name, values in columns.items():
            row |= tables.stats_columns(name, column_stats(values))
        for name, track in tracks.items():
            feature = schema.IMAGES + name
            # Tables from before were flat; LeRobot reads only one form in a dataset.
            form = self.earlier[0][f'stats/{feature}/min'] if self.earlier else [[]]
            row |= tables.stats_columns(feature, track.stats.stats(), isinstance(form[0], list))
        return row


def _without_images(row: Row) -> Row:
    observation = row.observation
    kept = type(observation)(observation.stamp_ns, observation.state, observation.environment, {},
                             observation.ages_ns)
    return replace(row, observation=kept)
