"""An episode whose pictures are encoded, before it has its number in a dataset."""
from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from il_ros.contract import Contract
from il_ros.datasets import schema
from il_ros.datasets.files.stats import Stats
from il_ros.datasets.from_bags.rows import Row
from il_ros.datasets.from_bags.track import Track
from il_ros.timing import to_s
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Encoded:
    """An episode; nothing in it depends on the episodes before it.

    Attributes:
        contract: Its robot.
        task: Its task text.
        columns: Its table, shape (N,) or (N, D) each. What counts the rows, episodes and tasks of
            the dataset is zero.
        pixels: Statistics of the images per camera.
        videos: Their files.
    """

    contract: Contract
    task: str
    columns: Mapping[str, NDArray[Any]]
    pixels: Mapping[str, Stats]
    videos: Mapping[str, Path]

    def __len__(self) -> int:
        return len(self.columns['index'])


def encode(rows: Iterable[Row], contract: Contract, task: str, success: bool, folder: Path,
           cameras: Collection[str]) -> Encoded | None:
    """Encode the pictures of an episode.

    Args:
        rows: Its rows, with the images of the cameras.
        contract: Its robot.
        task: Its task text.
        success: Whether it succeeded.
        folder: Receives a video per camera.
        cameras: Those of which there shall be one.

    Returns:
        The episode; None where there are no rows, and then no videos either.

    Raises:
        DatasetError: A video cannot be written or lacks frames.
    """
    tracks = {camera.name: Track(folder / f'{camera.name}.mp4', camera.height, camera.width,
                                 contract.rate_hz, camera.depth)
              for camera in contract.cameras if camera.name in cameras}
    kept: list[Row] = []
    try:
        for row in rows:
            for name, track in tracks.items():
                track.write(row.observation.images[name])
            kept.append(_without_images(row))
        if not kept:
            _abandon(tracks.values())
            return None
    except BaseException:
        _abandon(tracks.values())
        raise
    for track in tracks.values():
        track.close(len(kept))
    return Encoded(contract, task, _columns(kept, contract, success),
                   {name: track.stats.stats() for name, track in tracks.items()},
                   {name: track.path for name, track in tracks.items()})


def _abandon(tracks: Iterable[Track]) -> None:
    for track in tracks:
        track.abandon()
        track.path.unlink(missing_ok=True)


def _columns(rows: Sequence[Row], contract: Contract, success: bool) -> dict[str, NDArray[Any]]:
    count = len(rows)
    frame = np.arange(count)
    nothing = np.zeros(count, np.int64)
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
        'episode_index': nothing,
        'index': nothing,
        'task_index': nothing,
    }
    asked = np.array([row.asked for row in rows], np.float32)     # (N, 4)
    columns |= dict(zip(schema.ASKED, asked.T, strict=True))
    columns['help_requested'] = columns['help_requested'].astype(np.int64)
    if schema.has_parts(contract):
        columns[schema.SOURCES] = np.array([
            np.full(len(row.action), row.source) if row.sources is None else row.sources
            for row in rows], np.int64)
    if contract.poses:
        columns[schema.ENVIRONMENT] = np.array(
            [row.observation.environment for row in rows], np.float32)
    return columns


def _without_images(row: Row) -> Row:
    observation = row.observation
    kept = type(observation)(observation.stamp_ns, observation.state, observation.environment, {},
                             observation.ages_ns)
    return replace(row, observation=kept)
