"""How far the averaged weights are from what was done in episodes that they did not learn from."""
from __future__ import annotations

import math
from typing import NamedTuple

from il_ros.policies.networks.network import Network
from il_ros.policies.transforms import Chain
from il_ros.training.batches import to_batch
from il_ros.training.samples import Samples
from il_ros.training.sampling import Rows
from il_ros.training.shares import Axis
from lightning_fabric import Fabric
import numpy as np
import torch

VALIDATION_ROWS = 4_096
VALIDATION_BATCH = 512


class Validation(NamedTuple):
    """Mean absolute errors, in normalised units.

    Attributes:
        error: Of all; of several datasets the mean of theirs, by their shares of a batch. NaN
            without validation episodes.
        datasets: By the name of those that have such episodes; empty where one is trained from.
        tasks: Likewise, by task text.
    """

    error: float
    datasets: dict[str, float]
    tasks: dict[str, float]

    @property
    def figures(self) -> dict[str, float]:
        """What is logged beside the error of all."""
        return {f'validation/{name}': error
                for name, error in (self.datasets | self.tasks).items()}


@torch.no_grad()
def validate(average: Network, samples: Samples, transforms: Chain, fabric: Fabric) -> Validation:
    """Return the errors of the averaged weights over the validation episodes."""
    axes = {axis.name: axis for axis in samples.axes}
    rows = _rows(samples, axes.get('data'))
    total = count = 0.0
    sums, counts = [], []   # of each row
    for begin in range(0, len(rows), VALIDATION_BATCH):
        batch = fabric.to_device(
            to_batch(samples, transforms, rows[begin:begin + VALIDATION_BATCH]))
        error = (average(batch) - batch['actions']).abs().mean(-1)  # (B, H)
        total += error[batch['valid']].sum().item()
        count += batch['valid'].sum().item()
        sums.append((error * batch['valid']).flatten(1).sum(1).cpu().numpy())
        counts.append(batch['valid'].flatten(1).sum(1).cpu().numpy())
    mean = total / count if count else math.nan
    if not axes or not count:
        return Validation(mean, {}, {})
    each = np.stack([np.concatenate(sums), np.concatenate(counts)])
    datasets, tasks = (_means(axes[name], rows, each) for name in ('data', 'tasks'))
    if len(axes['data'].names) > 1:
        weights = _weights(axes['data'], samples.validation)
        mean = (sum(weights[name] * error for name, error in datasets.items())
                / sum(weights[name] for name in datasets))
    return Validation(mean, datasets, tasks)


def _rows(samples: Samples, data: Axis | None) -> Rows:
    if data is None or len(data.names) == 1:
        return _thinned(samples.validation, VALIDATION_ROWS)
    owner = data.index[samples.validation]
    return np.concatenate([_thinned(samples.validation[owner == one],
                                    VALIDATION_ROWS // len(data.names))
                           for one in range(len(data.names))])


def _thinned(rows: Rows, most: int) -> Rows:
    return rows[::max(1, -(-len(rows) // most))]


def _means(axis: Axis, rows: Rows, each: np.ndarray) -> dict[str, float]:
    index = axis.index[rows]
    found = {name: each[:, index == value].sum(1) for value, name in enumerate(axis.names)}
    return {name: float(error / labels) for name, (error, labels) in found.items() if labels}


def _weights(data: Axis, validation: Rows) -> dict[str, float]:
    shares = data.shares or np.bincount(data.index[validation], minlength=len(data.names)).tolist()
    return dict(zip(data.names, shares, strict=True))
