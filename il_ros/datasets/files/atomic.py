"""A folder that appears, or changes, as a whole or not at all."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import ctypes
import fcntl
import glob
import os
from pathlib import Path
import shutil

from il_ros.buckets.url import url_of
from il_ros.errors import DatasetError

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Give an empty folder that takes the place of `target` when the block ends without error.

    Until then it lies hidden beside `target`, which stays as it is. What a killed process left
    there is removed by the next one.

    Raises:
        DatasetError: The place cannot be written, or another process is at it.
    """
    if url := url_of(target):
        raise DatasetError(f'{url}: a dataset in a bucket is not changed where it lies; fetch it, '
                           'change it here and put it there under another name')
    temporary = target.parent / f'.{target.name}.converting'
    previous = target.parent / f'.{target.name}.previous'
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if previous.exists() and not target.exists():
            previous.rename(target)         # killed between the two renames of `_swap`
        temporary.mkdir(exist_ok=True)
        lock = os.open(temporary, os.O_RDONLY)
    except OSError as error:
        raise DatasetError(f'{target}: cannot be written: {error.strerror}') from None
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise DatasetError(f'{target}: another conversion is writing it; '
                               'wait for it or choose another folder') from None
        try:
            _clear(temporary)
            yield temporary
            sync(temporary)
            _swap(temporary, target, previous)
        except OSError as error:
            raise DatasetError(f'{target}: cannot be written: {error.strerror}') from error
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
            shutil.rmtree(previous, ignore_errors=True)
    finally:
        os.close(lock)


@contextmanager
def arriving(target: Path, what: str) -> Iterator[Path]:
    """Give a folder that becomes `target` when the block ends without error.

    It lies hidden beside `target`. When the block fails it stays, and the next one for the same
    goes on with what is in it.

    Args:
        target: A place where nothing is.
        what: Names what arrives; folders of something else are removed at the end.

    Raises:
        DatasetError: The place cannot be written, another process is at it, or something lies
            there by the end.
    """
    folder = target.parent / f'.{target.name}.{what}.part'
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise DatasetError(f'{target}: cannot be written: {error.strerror}') from None
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise DatasetError(f'{target}: another process is fetching it; wait for it or choose '
                               'another folder') from None
        yield folder
        try:
            sync(folder)
            folder.rename(target)           # fails where something has come to lie
        except OSError as error:
            raise DatasetError(f'{target}: cannot be written: {error.strerror}; what arrived is '
                               f'in {folder}') from None
        for part in target.parent.glob(f'.{glob.escape(target.name)}.*.part'):
            shutil.rmtree(part, ignore_errors=True)
    finally:
        os.close(lock)


def link_files(source: Path, target: Path) -> None:
    """Make the files below `source` appear below `target` without copying where possible."""
    for file in sorted(p for p in source.rglob('*') if p.is_file()):
        link_file(file, target / file.relative_to(source))


def link_file(file: Path, place: Path) -> None:
    """Make a file appear at another place without copying where possible."""
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(file, place)
    except FileNotFoundError:
        raise
    except OSError:                     # a file system without hard links
        shutil.copy2(file, place)


def _clear(folder: Path) -> None:
    for child in folder.iterdir():
        if child.is_dir():
            shutil.rmtree(child)
        else:
            child.unlink()


def sync(folder: Path) -> None:
    """Make what is in a folder last through a loss of power."""
    for path in [*folder.rglob('*'), folder]:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _swap(temporary: Path, target: Path, previous: Path) -> None:
    if not target.exists():
        temporary.rename(target)
    elif not _exchange(temporary, target):
        target.rename(previous)
        temporary.rename(target)


def _exchange(a: Path, b: Path) -> bool:
    """Exchange two folders in one step (renameat2 of Linux); False where that is not offered."""
    rename = getattr(ctypes.CDLL(None, use_errno=True), 'renameat2', None)
    return rename is not None and rename(
        _AT_FDCWD, os.fsencode(a), _AT_FDCWD, os.fsencode(b), _RENAME_EXCHANGE) == 0
