"""One of several datasets, as it is held against the others."""
from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
import hashlib
from typing import Any

from il_ros.contract import Contract
from il_ros.datasets import schema
from il_ros.datasets.column_map import ColumnMap, NONE
from il_ros.datasets.reader import Dataset
from il_ros.inspection.motion import Motion, motions_of
from il_ros.inspection.report import Report
from il_ros.types import Floats
import numpy as np
from numpy.typing import NDArray

JOINTS = {schema.STATE: 'measured', schema.ACTION: 'commanded'}


@dataclass(frozen=True)
class Side:
    """One of several datasets.

    Attributes:
        name: What tells it from the others.
        dataset: As it lies on the disk.
        report: Of it alone.
        share: Of a batch, 0 to 1; None where nobody asked for one.
        mapping: What its columns are in those of the first.
    """

    name: str
    dataset: Dataset
    report: Report
    share: float | None = None
    mapping: ColumnMap | None = None

    def columns(self, ours: Contract) -> dict[str, NDArray[Any]]:
        """Return its columns as the robot of the first has them."""
        return dict(self.dataset.columns) if self.mapping is None else self.mapping.columns(
            ours, self.dataset.contract, self.dataset.columns)

    def camera(self, name: str) -> str | None:
        """Return what it calls a camera of the first; None where it has none."""
        theirs = self.mapping.cameras.get(name, NONE) if self.mapping else name
        return theirs if theirs in self.dataset.cameras else None

    @cached_property
    def of_task(self) -> dict[str, list[int]]:
        """Its episodes by their task."""
        found: dict[str, list[int]] = {}
        for number in range(len(self.dataset.lengths)):
            task = self.dataset.columns['task_index'][self.dataset.rows(number).start]
            found.setdefault(self.dataset.tasks[int(task)], []).append(number)
        return found

    def seconds(self, task: str) -> Floats:
        """Return how long its episodes of a task last [s]."""
        return np.array([self.dataset.lengths[k] for k in self.of_task[task]]) / self.dataset.fps

    def lead_s(self, task: str) -> float | None:
        """Return how far the actions of a task are ahead of the state; None where none moves."""
        leads = [lead for k in self.of_task[task] if (lead := self._motions[k].lead) is not None]
        return float(np.median(leads)) / self.dataset.fps if leads else None

    def rows(self, task: str) -> NDArray[np.int64]:
        """Return its rows of a task."""
        return np.concatenate([np.r_[self.dataset.rows(k)] for k in self.of_task[task]])

    @cached_property
    def _motions(self) -> list[Motion]:
        return motions_of(self.dataset)

    @cached_property
    def known_by(self) -> list[set[Any]]:
        """What each of its episodes is known by elsewhere: its bag, and its rows."""
        found = []
        for number, row in enumerate(self.dataset.episodes):
            rows, digest = self.dataset.rows(number), hashlib.sha256()
            for name in JOINTS:
                digest.update(np.ascontiguousarray(self.dataset.columns[name][rows]).tobytes())
            bag = row.get('source_hash'), row.get('source')
            found.append({digest.digest(), *([bag] if all(bag) else [])})
        return found
