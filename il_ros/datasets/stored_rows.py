"""The rows of a dataset as `episode_rows` gives those of a bag."""
from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from il_ros.datasets import schema
from il_ros.datasets.from_bags.rows import Row
from il_ros.datasets.from_bags.watched import Asked
from il_ros.datasets.reader import Dataset
from il_ros.types import Observation
import numpy as np

TOGETHER = 64       # rows whose pictures are decoded at once


def stored_rows(dataset: Dataset, episode: int) -> Iterator[Row]:
    """Yield the rows of an episode with all pictures; few of these are in memory at a time.

    Raises:
        DatasetError: A video cannot be read.
    """
    columns, rows = dataset.columns, dataset.rows(episode)
    for begin in range(rows.start, rows.stop, TOGETHER):
        indices = np.arange(begin, min(begin + TOGETHER, rows.stop))
        images = {camera: dataset.frames(camera, indices) for camera in dataset.cameras}
        for k, row in enumerate(indices.tolist()):
            tick = int(columns['tick'][row])
            poses = columns[schema.ENVIRONMENT][row] if schema.ENVIRONMENT in columns else ()
            yield Row(
                tick, Observation(
                    tick * dataset.contract.period_ns,
                    columns[schema.STATE][row].astype(np.float64), np.array(poses, np.float64),
                    {camera: frames[k] for camera, frames in images.items()},
                    task=dataset.tasks[int(columns['task_index'][row])]),
                columns[schema.ACTION][row].astype(np.float64),
                columns[schema.POLICY_ACTION][row].astype(np.float64),
                int(columns['control_source'][row]), bool(columns['intervention'][row]),
                _asked(columns, row),
                int(columns['limited_by'][row]) if 'limited_by' in columns else schema.UNKNOWN,
                columns[schema.SOURCES][row] if schema.SOURCES in columns else None)


def _asked(columns: Mapping[str, Any], row: int) -> Asked:
    """Return what is stored of it; older datasets have no such columns."""
    if schema.ASKED[0] not in columns:
        return Asked()
    requested, *told = (columns[name][row].item() for name in schema.ASKED)
    return Asked(bool(requested), *told)
