"""An episode whose pictures are encoded, before it has its number in a dataset."""
from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from il_ros.contract import Contract
from il_ros.datasets import schema
from il_ros.datasets.files.stats import ImageStats, Stats
from il_ros.datasets.files.video import VideoWriter
from il_ros.datasets.from_bags.rows import Row
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
    videos = {camera.name: VideoWriter(folder / f'{camera.name}.mp4', camera.height, camera.width,
                                       contract.rate_hz)
              for camera in contract.cameras if camera.name in cameras}
    pixels = {name: ImageStats() for name in videos}
    kept: list[Row] = []
    try:
        for row in rows:
            for name, video in videos.items():
                video.write(row.observation.images[name])
                pixels[name].add(row.observation.images[name])
            kept.append(_without_images(row))
        if not kept:
            _abandon(videos.values())
            return None
    except BaseException:
        _abandon(videos.values())
        raise
    for video in videos.values():
        video.close(len(kept))
    return Encoded(contract, task, _columns(kept, contract, success),
                   {name: stats.stats() for name, stats in pixels.items()},
                   {name: video.path for name, video in videos.items()})


def _abandon(videos: Iterable[VideoWriter]) -> None:
    for video in videos:
        video.abandon()
        video.path.unlink(missing_ok=True)


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
    if contract.poses:
        columns[schema.ENVIRONMENT] = np.array(
            [row.observation.environment for row in rows], np.float32)
    return columns


def _without_images(row: Row) -> Row:
    observation = row.observation
    kept = type(observation)(observation.stamp_ns, observation.state, observation.environment, {},
                             observation.ages_ns)
    return replace(row, observation=kept)
