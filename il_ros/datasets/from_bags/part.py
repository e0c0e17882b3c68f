"""What one recording is asked for, and what it gives, in a folder that can be read again."""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
import json
from pathlib import Path
import shutil
from typing import Any

from il_ros.bags.episodes.split import Split
from il_ros.contract import Contract
from il_ros.datasets.encoded import Encoded
from il_ros.datasets.files.atomic import sync
from il_ros.errors import DatasetError, IlRosError
import numpy as np

FILE = 'part.json'
FORMAT = 1
Texts = list[tuple[str, str]]


@dataclass(frozen=True)
class Plan:
    """What a conversion asks of every recording; see `convert` for what is not here.

    Attributes:
        known: Names of what the dataset holds.
        deleted: Names of what was taken out of it, each with the reason.
        like: Its robot; any when None.
        cameras: Those that it has videos of; all of the recording's when None.
    """

    trim_idle: bool = False
    skip_bad: bool = False
    contract: Contract | None = None
    stamps: Mapping[str, str] | None = None
    namespace: str = ''
    shown_s: float | Mapping[str, float] | None = None
    split: Split | None = None
    joined_s: float | None = None
    known: frozenset[str] = frozenset()
    deleted: Mapping[str, str] | None = None
    like: Contract | None = None
    cameras: frozenset[str] | None = None


@dataclass(frozen=True)
class Taken:
    """An episode of a recording.

    Attributes:
        path: What people call it.
        name: Of its content.
        episode: The episode.
        values: What the episode table says of its origin.
        notes: What to look at.
        namespace: Where its topics were found, if nobody said that they are there.
    """

    path: str
    name: str
    episode: Encoded
    values: Mapping[str, Any]
    notes: Sequence[str]
    namespace: str = ''


@dataclass
class Part:
    """What one recording gives; every path is a text, as people know it.

    Attributes:
        skipped: What was left out, each with the reason.
        bad: The first that could not be read, and why; nothing after it was tried.
        notes: What a person ought to know of how it was cut.
        taken: Its episodes.
    """

    skipped: Texts = field(default_factory=list)
    bad: tuple[str, str] | None = None
    notes: Texts = field(default_factory=list)
    taken: list[Taken] = field(default_factory=list)

    def write(self, folder: Path) -> None:
        """Write what is not in the videos, which are in the folder already."""
        episodes = []
        for number, taken in enumerate(self.taken):
            episode = taken.episode
            with (folder / f'{number}.npz').open('wb') as file:
                np.savez(file, **episode.columns)  # type: ignore[arg-type]
            episodes.append({
                'path': taken.path, 'name': taken.name, 'values': dict(taken.values),
                'notes': list(taken.notes), 'namespace': taken.namespace, 'task': episode.task,
                'contract': episode.contract.to_text(), 'urdf': episode.contract.urdf_text,
                'pixels': {camera: {name: values.tolist() for name, values in stats.items()}
                           for camera, stats in episode.pixels.items()},
                'videos': {camera: str(path.relative_to(folder))
                           for camera, path in episode.videos.items()}})
        (folder / FILE).write_text(json.dumps({
            'skipped': self.skipped, 'bad': self.bad, 'notes': self.notes, 'taken': episodes}))

    @staticmethod
    def read(folder: Path) -> Part:
        """Return what `write` wrote.

        Raises:
            DatasetError: It is damaged.
        """
        try:
            found = json.loads((folder / FILE).read_text('utf-8'))
            return Part([tuple(each) for each in found['skipped']],
                        tuple(found['bad']) if found['bad'] else None,
                        [tuple(each) for each in found['notes']],
                        [_taken(folder, number, each) for number, each in
                         enumerate(found['taken'])])
        except (OSError, ValueError, LookupError, TypeError, IlRosError) as error:
            raise DatasetError(f'{folder}: damaged: {error}; delete it and convert again'
                               ) from None


def _taken(folder: Path, number: int, found: Mapping[str, Any]) -> Taken:
    contract = Contract.from_text(found['contract'])
    if found['urdf']:
        contract = replace(contract, urdf_text=found['urdf'])
    with np.load(folder / f'{number}.npz') as columns:
        episode = Encoded(
            contract, found['task'], {name: columns[name] for name in columns.files},
            {camera: {name: np.array(values) for name, values in stats.items()}
             for camera, stats in found['pixels'].items()},
            {camera: folder / name for camera, name in found['videos'].items()})
    return Taken(found['path'], found['name'], episode, found['values'], found['notes'],
                 found['namespace'])


@contextmanager
def appearing(folder: Path) -> Iterator[Path]:
    """Give an empty folder that becomes `folder` when the block ends without error."""
    partial = folder.with_name(f'.{folder.name}.partial')
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        yield partial
        sync(partial)
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
