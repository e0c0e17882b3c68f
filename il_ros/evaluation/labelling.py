"""A recorded rollout, labelled afterwards, into a dataset."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from il_ros.bags.find import is_bag
from il_ros.bags.reader import Bag
from il_ros.contract import Contract
from il_ros.datasets import schema
from il_ros.datasets.effort import Effort, effort
from il_ros.datasets.extend import extend, NewEpisode
from il_ros.datasets.from_bags.rows import episode_rows, Row
from il_ros.datasets.reader import Dataset
from il_ros.errors import DatasetError
from il_ros.intervention.relabel import relabel
from il_ros.rights import Rights
from il_ros.teleop.device import Device
from il_ros.types import Observation
import numpy as np


@dataclass(frozen=True)
class Rows:
    """An episode as the rows that a dataset keeps, with images."""

    name: str
    contract: Contract
    task: str
    success: bool
    rows: list[Row]
    rights: Rights = Rights()


def read_rows(path: Path, episode: int = 0) -> Rows:
    """Return an episode of a dataset, or the one of a bag.

    Raises:
        IlRosError: It cannot be read, or there is no such episode.
    """
    if is_bag(path):
        with Bag(path) as bag:
            cameras = [camera.name for camera in bag.contract.cameras]
            return Rows(path.name, bag.contract, bag.info.task or bag.contract.task,
                        bag.info.outcome == 'success', list(episode_rows(bag, cameras)),
                        bag.info.rights)
    dataset = Dataset(path)
    if not 0 <= episode < len(dataset.lengths):
        raise DatasetError(f'{path}: expected episode 0 to {len(dataset.lengths) - 1}, '
                           f'got {episode}')
    columns, where = dataset.columns, dataset.rows(episode)
    return Rows(f'{path.name} episode {episode}', dataset.contract,
                dataset.tasks[int(columns['task_index'][where.start])],
                bool(columns['success'][where.start]), list(_rows(dataset, where)),
                Rights.of(dataset.episodes[episode]))


def add_labels(found: Rows, device: Device, dataset: Path,
               watch: Callable[[Row], None] = lambda _: None) -> Effort:
    """Let the operator of a device label a rollout and append it to a dataset.

    Args:
        found: The rollout.
        device: Read at every row, see `relabel`.
        dataset: Extended, or begun; may be the one that the rollout comes from.
        watch: Told each row before the device is read.

    Returns:
        What it took; `label_seconds` is what was labelled.

    Raises:
        DatasetError: Nothing was labelled, or the dataset cannot be written.
        ContractMismatchError: The dataset is of another robot.
    """
    rows = list(relabel(found.rows, device, found.contract.period_ns, watch))
    control = np.array([row.source for row in rows], np.int64)
    result = effort(control, np.array([row.intervention for row in rows], np.int64),
                    found.success, found.contract.rate_hz)
    if not result.label_seconds:
        raise DatasetError(f'{found.name}: nothing was labelled: expected the device to engage '
                           'during the replay; nothing was written')
    actions = np.array([row.action for row in rows])
    digest = sha256(control.tobytes() + actions.tobytes()).hexdigest()
    extend(dataset, found.contract, [NewEpisode(
        rows, f'{found.name}, labelled', digest, found.task, found.success,
        {'operator': device.name, **found.rights.row})])
    return result


def _rows(dataset: Dataset, where: slice) -> Iterator[Row]:
    columns = {name: values[where] for name, values in dataset.columns.items()}
    indices = np.arange(where.start, where.stop)
    images = {camera: dataset.frames(camera, indices) for camera in dataset.cameras}
    nothing = np.empty((len(indices), 0))
    poses = columns.get(schema.ENVIRONMENT, nothing)
    each = columns.get(schema.SOURCES)
    for k, tick in enumerate(columns['tick'].tolist()):
        seen = Observation(tick * dataset.contract.period_ns,
                           columns[schema.STATE][k].astype(np.float64),
                           poses[k].astype(np.float64),
                           {camera: frames[k] for camera, frames in images.items()})
        yield Row(tick, seen, columns[schema.ACTION][k].astype(np.float64),
                  columns[schema.POLICY_ACTION][k].astype(np.float64),
                  int(columns['control_source'][k]), bool(columns['intervention'][k]),
                  sources=None if each is None else each[k])
