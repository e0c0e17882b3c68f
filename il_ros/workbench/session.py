"""Changes of a dataset on the disk: each makes a new version and a line of its history."""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from il_ros.datasets.files.atomic import replacing
from il_ros.datasets.files.history import (
    Change,
    DELETE,
    MERGE,
    next_change,
    read_history,
    standing,
)
from il_ros.datasets.files.layout import Layout
from il_ros.datasets.files.versions import keep
from il_ros.datasets.reader import Dataset
from il_ros.errors import DatasetError
from il_ros.workbench.edits import apply, EDITS
from il_ros.workbench.merge import histories, merged
from il_ros.workbench.takes import Take, takes_of
from il_ros.workbench.write import VersionWriter

Progress = Callable[[int, int], None]


class Who(NamedTuple):
    """Who edits, and why; the user of the system where it is empty."""

    by: str = ''
    why: str = ''


ME = Who()


def change(root: Path, do: str, what: Mapping[str, Any], who: Who = ME,
           progress: Progress = lambda *_: None) -> Change:
    """Change a dataset; the version before is kept beside it.

    Args:
        root: Its folder.
        do: One of `il_ros.workbench.edits.EDITS`.
        what: To which episodes, see `il_ros.workbench.edits.apply`.
        who: For the history.
        progress: Told how many episodes are written, of how many.

    Raises:
        DatasetError: The edit makes no sense, nothing is left, or the disk refuses.
    """
    dataset, changes = writable(root), read_history(root)
    takes = apply(takes_of(dataset), do, what)
    if not takes:
        raise DatasetError(f'{root}: {do}: no episode is left; remove the folder instead')
    keep(root)
    with replacing(root) as folder:
        return _write(folder, takes, dataset, dataset.info['features'], changes,
                      do, what, who, progress)


def copy(root: Path, out: Path, keys: Sequence[str], what: Mapping[str, Any], who: Who = ME,
         progress: Progress = lambda *_: None) -> Change:
    """Write some episodes of a dataset as a dataset of its own, which keeps its history.

    Args:
        root: The dataset, which stays as it is.
        out: A new folder.
        keys: Of the episodes.
        what: For the history.
        who: Likewise.
        progress: Told how many episodes are written, of how many.

    Raises:
        DatasetError: The folder exists, or no episode is chosen.
    """
    require_new(out)
    dataset, chosen = writable(root), set(keys)
    every = takes_of(dataset)
    takes = [take for take in every if take.key in chosen]
    if not takes:
        raise DatasetError(f'{root}: no episode for {out}')
    gone = {'episodes': [take.key for take in every if take.key not in chosen], **what}
    with replacing(out) as folder:
        return _write(folder, takes, dataset, dataset.info['features'], read_history(root),
                      DELETE, gone, who, progress)


def merge(roots: Sequence[Path], out: Path, who: Who = ME,
          progress: Progress = lambda *_: None) -> tuple[Change, list[str]]:
    """Write several datasets of one robot as one.

    Returns:
        The line of its history, and what to tell a person.

    Raises:
        ContractMismatchError: They are of different robots.
        DatasetError: The folder exists, or their columns differ in what nothing can say.
    """
    require_new(out)
    datasets = [writable(root) for root in roots]
    takes, features, notes = merged(datasets)
    changes = histories(standing(read_history(root)) for root in roots)
    with replacing(out) as folder:
        done = _write(folder, takes, datasets[0], features, changes, MERGE,
                      {'of': [root.name for root in roots]}, who, progress)
    return done, notes


def rebuild(fresh: Path, history: Sequence[Change], who: Who = ME,
            progress: Progress = lambda *_: None) -> list[str]:
    """Repeat edits on a dataset that was just converted from the bags.

    Args:
        fresh: The dataset, which changes; it has no history yet.
        history: Of the dataset that was edited.
        who: For the last line.
        progress: Told how many episodes are written, of how many.

    Returns:
        What could not be repeated, since the bags of those episodes were not given.

    Raises:
        DatasetError: Nothing is left, or the disk refuses.
    """
    dataset = Dataset(fresh)
    takes, notes, done = takes_of(dataset), list[str](), list[Change]()
    for edit in standing(history):
        if edit.do not in EDITS:
            continue
        there = {take.key for take in takes}
        named = edit.what['episodes']
        known = ({name: named[name] for name in named if name in there}
                 if isinstance(named, Mapping) else [name for name in named if name in there])
        if len(known) < len(named):
            notes.append(f'version {edit.version}, {edit.do}: {len(named) - len(known)} of '
                         f'{len(named)} episodes are not in these bags')
        takes = apply(takes, edit.do, {'episodes': known})
        done.append(edit)
    if not takes:
        raise DatasetError(f'{fresh}: every episode of these bags was deleted')
    with replacing(fresh) as folder:
        _write(folder, takes, dataset, dataset.info['features'], done, 'rebuild', {}, who,
               progress)
    return notes


def writable(root: Path) -> Dataset:
    """Read a dataset that another version can be made of.

    Raises:
        DatasetError: It is none, or of a version of LeRobot's that is read only.
    """
    dataset = Dataset(root)
    Layout.of(root, dataset.info).require_writable()
    return dataset


def require_new(out: Path) -> None:
    """Check that a dataset can be written at a place.

    Raises:
        DatasetError: Something lies there.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise DatasetError(f'{out} exists already and is not overwritten; name a new folder')


def _write(folder: Path, takes: Sequence[Take], dataset: Dataset, features: Mapping[str, Any],
           changes: Sequence[Change], do: str, what: Mapping[str, Any], who: Who,
           progress: Progress) -> Change:
    if any(take.outcome is not None for take in takes):
        features = {'success': {'dtype': 'int64', 'shape': [1], 'names': None}, **features}
    writer = VersionWriter(folder, features)
    for number, take in enumerate(takes, 1):
        writer.add(take)
        progress(number, len(takes))
    numbered = [c if c.version == k else Change(**{**vars(c), 'version': k})
                for k, c in enumerate(changes, 1)]
    done = next_change(changes, do, what, len(takes), writer.frames, *who)
    writer.finish(dataset, [*numbered, done])
    return done
