"""Shares of a batch by dataset, task and robot, on top of those by source.

The weight of a combination is the product of its shares; what is left is divided by its sum.
"""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import math
from typing import NamedTuple

from il_ros.config import nearest
from il_ros.errors import ConfigError, DatasetError
from il_ros.training.sampling import Mask, Mixture, Origin, Rows
import numpy as np
from numpy.typing import NDArray

AXES = {'data': 'dataset', 'tasks': 'task', 'robots': 'robot'}


@dataclass(frozen=True)
class Axis:
    """What tells rows apart.

    Attributes:
        name: 'data', 'tasks' or 'robots', as the option is called.
        names: Of its values.
        index: Which value each row has. Shape (N,).
        shares: Of each value, in any unit; None leaves it to the number of rows.
    """

    name: str
    names: tuple[str, ...]
    index: Rows
    shares: tuple[float, ...] | None = None

    @property
    def drawn(self) -> Mask:
        """Which rows have a share. Shape (N,)."""
        drawn: Mask = (np.ones(len(self.index), bool) if self.shares is None
                       else np.array(self.shares)[self.index] > 0)
        return drawn


class Drawn(NamedTuple):
    """What a batch holds of one combination.

    Attributes:
        source: Name of an `Origin`.
        share: Of the batch.
        rows: Expected rows of a batch.
    """

    dataset: str
    task: str
    robot: str
    source: str
    share: float
    rows: float


def axis(name: str, names: Sequence[str], index: Rows,
         shares: Mapping[str, float] | None) -> Axis:
    """Return an axis with the shares of its values, 0 for those that are not named.

    Raises:
        ConfigError: A share is of a value that no row has.
    """
    if shares is None:
        return Axis(name, tuple(names), index)
    for asked in shares:
        if asked not in names:
            raise ConfigError(f'{name}: no dataset has the {AXES[name]} {asked!r}; '
                              f'{nearest(asked, list(names))}')
    return Axis(name, tuple(names), index, tuple(shares.get(value, 0.0) for value in names))


def combined(axes: Sequence[Axis], rows: Rows) -> Rows:
    """Return one number for each combination of values. Shape of `rows`."""
    key = np.zeros(len(rows), np.int64)
    for one in axes:
        key = key * len(one.names) + one.index[rows]
    return key


def composed(mixture: Mixture, axes: Sequence[Axis]) -> Mixture:
    """Return the mixture with its groups split by the shares of the axes.

    Raises:
        DatasetError: Nothing is drawn of what has a share, or of a dataset.
    """
    if not axes:
        return mixture
    if asked := [one for one in axes if one.shares is not None]:
        mixture = _split(mixture, asked)
    drawn = np.concatenate(mixture.groups)
    for one in axes:
        counts = np.bincount(one.index[drawn], minlength=len(one.names))
        wanted = one.shares or (1.0 if one.name == 'data' else 0.0,) * len(one.names)
        if missing := [name for name, count, share in zip(one.names, counts, wanted, strict=True)
                       if share > 0 and not count]:
            raise DatasetError(f'{one.name}: there are no rows to draw of {missing[0]!r} beside '
                               'the other shares; record some, or leave it out')
    return mixture


def _split(mixture: Mixture, asked: Sequence[Axis]) -> Mixture:
    groups: list[Rows] = []
    weights: list[float] = []
    for rows, share in zip(mixture.groups, mixture.shares, strict=True):
        keys = combined(asked, rows)
        for key in np.unique(keys):
            part = rows[keys == key]
            weight = share * math.prod(
                one.shares[one.index[part[0]]] for one in asked if one.shares)
            if weight > 0:
                groups.append(part)
                weights.append(weight)
    total = sum(weights)
    return Mixture(tuple(groups) or (np.zeros(0, np.int64),),
                   tuple(weight / total for weight in weights) or (1.0,))


def expected(mixture: Mixture, axes: Sequence[Axis], origin: NDArray[np.int8], batch_size: int
             ) -> list[Drawn]:
    """Return what a batch holds of each combination that has rows, in order.

    Args:
        mixture: How rows are drawn.
        axes: 'data', 'tasks' and 'robots'.
        origin: `Origin` of all rows. Shape (N,).
        batch_size: Rows of a batch.
    """
    sources = Axis('sources', tuple(kind.name.lower() for kind in Origin),
                   origin.astype(np.int64))
    every = [*axes, sources]
    shares: dict[int, float] = {}
    for rows, share in zip(mixture.groups, mixture.shares, strict=True):
        keys, counts = np.unique(combined(every, rows), return_counts=True)
        for key, count in zip(keys.tolist(), counts.tolist(), strict=True):
            shares[key] = shares.get(key, 0.0) + share * count / len(rows)
    found = []
    for key, share in sorted(shares.items()):
        dataset, task, robot, source = _names(every, key)
        found.append(Drawn(dataset, task, robot, source, share, share * batch_size))
    return found


def _names(axes: Sequence[Axis], key: int) -> list[str]:
    found = []
    for one in reversed(axes):
        key, value = divmod(key, len(one.names))
        found.append(one.names[value])
    return found[::-1]
