"""The episodes of a version that is to be written, as parts of episodes on the disk."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from hashlib import sha256

from il_ros.datasets import schema
from il_ros.datasets.files.history import key
from il_ros.datasets.reader import Dataset
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Take:
    """One episode to be written.

    Attributes:
        dataset: That it lies in.
        episode: Its number there.
        first: Its first row, counted from the beginning of that episode.
        count: Its rows.
        outcome: In place of what the dataset says; None where that stays.
        task: Likewise.
        rights: What of licence, owner and consent is another than the dataset says.
    """

    dataset: Dataset
    episode: int
    first: int
    count: int
    outcome: str | None = None
    task: str | None = None
    rights: Mapping[str, str] = field(default_factory=dict)

    @property
    def rows(self) -> slice:
        """Its rows of the dataset's columns."""
        start = self.dataset.rows(self.episode).start + self.first
        return slice(start, start + self.count)

    @property
    def is_whole(self) -> bool:
        """Whether it has every row of the episode on the disk."""
        return self.count == self.dataset.lengths[self.episode]

    @property
    def recorded_task(self) -> str:
        """The task that the dataset says."""
        return self.dataset.tasks[int(self.dataset.columns['task_index'][self.rows.start])]

    @property
    def ticks(self) -> NDArray[np.int64]:
        """When its rows were, on the grid of the recording. Shape (count,)."""
        return np.asarray(self.dataset.columns['tick'][self.rows], np.int64)

    @cached_property
    def source_hash(self) -> str:
        """What names its bag; where nothing says that, its rows."""
        said = self.dataset.episodes[self.episode].get('source_hash')
        if said:
            return str(said)
        rows, columns = self.dataset.rows(self.episode), self.dataset.columns
        content = b''.join(np.ascontiguousarray(columns[name][rows]).tobytes()
                           for name in (schema.STATE, schema.ACTION))
        return f'rows-{sha256(content).hexdigest()}'

    @property
    def key(self) -> str:
        """What names it in the history."""
        return key(self.source_hash, int(self.ticks[0]))

    def between(self, first_tick: int, last_tick: int) -> Take | None:
        """Return its rows from one tick to another, both included; None where there is none."""
        low = int(np.searchsorted(self.ticks, first_tick))
        high = int(np.searchsorted(self.ticks, last_tick, side='right'))
        return replace(self, first=self.first + low, count=high - low) if high > low else None


def takes_of(dataset: Dataset) -> list[Take]:
    """Return the episodes of a dataset as they are."""
    return [Take(dataset, number, 0, length) for number, length in enumerate(dataset.lengths)]
