"""Earlier versions of a dataset, beside it in `<name>.versions/<number>/`.

Tables of numbers and videos are the same files (hard links) where a change left them alone;
`meta/` is copied, so that a program that edits it in place spoils no other version.
"""
from __future__ import annotations

import json
from pathlib import Path
import shutil

from il_ros.datasets.files.atomic import link_files, replacing
from il_ros.datasets.files.history import (
    Change,
    next_change,
    read_history,
    standing,
    UNDO,
    write_history,
)
from il_ros.datasets.schema import INFO_FILE
from il_ros.errors import DatasetError

META = 'meta'


def folder_of(root: Path, version: int) -> Path:
    """Return where a version of a dataset is kept."""
    return root.parent / f'{root.name}.versions' / str(version)


def link_version(source: Path, target: Path) -> None:
    """Make a dataset appear at another place."""
    for part in source.iterdir():
        if part.name == META:
            shutil.copytree(part, target / META, dirs_exist_ok=True)
        elif part.is_dir():
            link_files(part, target / part.name)
        else:
            shutil.copy2(part, target / part.name)


def copy_version(source: Path, target: Path) -> None:
    """Make a dataset appear at another place, as a whole or not at all.

    Raises:
        DatasetError: The place cannot be written.
    """
    with replacing(target) as folder:
        link_version(source, folder)


def keep(root: Path) -> None:
    """Keep the present version of a dataset before it is replaced.

    Raises:
        DatasetError: The place cannot be written.
    """
    folder = folder_of(root, len(read_history(root)))
    partial = folder.with_name(f'.{folder.name}.partial')
    try:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        link_version(root, partial)
        shutil.rmtree(folder, ignore_errors=True)   # of an edit that was killed before it was made
        partial.rename(folder)
    except OSError as error:
        raise DatasetError(f'{folder}: cannot be written: {error.strerror}') from None


def undo(root: Path, by: str = '', why: str = '') -> Change:
    """Make the dataset again what it was before the last change that was not undone.

    Both stay in the history; what is undone stays among the versions.

    Returns:
        The change that was undone.

    Raises:
        DatasetError: There is none, or that version is kept no more.
    """
    changes = read_history(root)
    done = standing(changes)
    if not done:
        raise DatasetError(f'{root}: nothing to undo: it was never edited'
                           if not changes else f'{root}: nothing to undo: all edits are undone')
    last = done[-1]
    before = folder_of(root, last.version - 1)
    if not before.is_dir():
        raise DatasetError(f'{root}: the version from before {last.do!r} is not at {before} (a '
                           'copy, or removed by hand); il_ros dataset rebuild makes one from bags')
    keep(root)
    with replacing(root) as folder:
        link_version(before, folder)
        info = json.loads((before / INFO_FILE).read_text('utf-8'))
        write_history(folder, [*changes, next_change(
            changes, UNDO, {'of': last.version}, info['total_episodes'], info['total_frames'],
            by, why)])
    return last

