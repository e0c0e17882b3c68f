"""Files of buckets in the cache of this machine: whole, and as they are in the bucket now.

A folder per URL holds the files, an index of what they were when they were fetched, and a lock:
shared by those who read, alone with whoever fetches or deletes. What is killed meanwhile goes on
at the next file; what was not used for longest gives way to what is new.
"""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, ExitStack, suppress
import fcntl
import hashlib
import json
import os
from pathlib import Path
import shutil
from typing import IO

from il_ros.buckets.url import File, files_at, reaching, Remote, url_of
from il_ros.cache import BOUND_GB, cache_bound, cache_folder, DISK_SHARE, FOLDER
from il_ros.errors import BucketError

INDEX, LOCK, PART = 'index.json', 'lock', '.fetching'
TOGETHER = 32       # files that are fetched at the same time
_kept: dict[str, Path] = {}
_held = ExitStack()     # locks of what this process keeps


def local(place: Path) -> Path:
    """Return a folder or file of this machine; that of a URL stays here until the process ends.

    Args:
        place: As a person named it; see `url_of`.

    Raises:
        BucketError: There is nothing at the URL, or it cannot be fetched.
    """
    if (url := url_of(place)) is None:
        return place
    if url not in _kept:
        remote = files_at(url)
        if not remote.files:
            raise BucketError(f'{url}: there is no such file or folder')
        _kept[url] = _held.enter_context(fetched(remote))
    return _kept[url]


@contextmanager
def fetched(remote: Path | Remote) -> Iterator[Path]:
    """Give the files, which stay as they are until the end of the block; a path as it is.

    Raises:
        BucketError: They cannot be fetched, or changed meanwhile.
    """
    if isinstance(remote, Path):
        yield remote
        return
    if remote.url in _kept:
        yield _kept[remote.url]
        return
    name = hashlib.sha256(remote.url.encode()).hexdigest()[:32]
    folder = cache_folder('buckets') / name
    while True:
        try:
            with _locked(folder, fcntl.LOCK_SH) as lock:
                if lock and _index(folder) == {f.name: [f.size, f.mark] for f in remote.files}:
                    os.utime(lock.name)
                    yield _path(folder, remote)
                    return
            with _locked(folder, fcntl.LOCK_EX) as lock:
                if lock:
                    _update(folder, remote)
        except OSError as error:
            raise BucketError(f'{remote.url}: cannot be kept in {folder}: {error.strerror}; name '
                              f'another folder in {FOLDER}') from None


def _path(folder: Path, remote: Remote, name: str = '') -> Path:
    return folder / remote.name / name if name else folder / remote.name


@contextmanager
def _locked(folder: Path, kind: int) -> Iterator[IO[str] | None]:
    """Lock a folder; None where it was deleted while we waited."""
    folder.mkdir(parents=True, exist_ok=True)
    with suppress(FileNotFoundError), (folder / LOCK).open('a') as lock:
        fcntl.flock(lock, kind)
        try:
            same = os.path.samestat((folder / LOCK).stat(), os.fstat(lock.fileno()))
        except FileNotFoundError:
            same = False
        yield lock if same else None
        return
    yield None


def _index(folder: Path) -> dict[str, list[int | str]]:
    try:
        return dict(json.loads((folder / INDEX).read_text()))
    except (OSError, ValueError):
        return {}


def _update(folder: Path, remote: Remote) -> None:
    """Fetch what is not here as it is there; forget what is there no more."""
    wanted = {file.name: [file.size, file.mark] for file in remote.files}
    have = {name: known for name, known in _index(folder).items()
            if wanted.get(name) == known and _path(folder, remote, name).is_file()}
    content = _path(folder, remote)
    kept = {_path(folder, remote, name) for name in have}
    for path in [content, *content.rglob('*')]:
        if path.is_file() and path not in kept:
            path.unlink()
    _write_index(folder, have)
    missing = [file for file in remote.files if file.name not in have]
    _make_room(folder, sum(file.size for file in missing))
    for start in range(0, len(missing), TOGETHER):
        _get(folder, remote, missing[start:start + TOGETHER])
        have |= {f.name: [f.size, f.mark] for f in missing[start:start + TOGETHER]}
        _write_index(folder, have)


def _write_index(folder: Path, index: Mapping[str, Sequence[int | str]]) -> None:
    partial = folder / f'{INDEX}.new'
    partial.write_text(json.dumps(index))
    partial.replace(folder / INDEX)


def _get(folder: Path, remote: Remote, files: Sequence[File]) -> None:
    places = [_path(folder, remote, file.name) for file in files]
    parts = [place.with_name(place.name + PART) for place in places]
    for place in places:
        place.parent.mkdir(parents=True, exist_ok=True)
    with reaching(remote.url) as fs:
        root = fs._strip_protocol(remote.url)
        fs.get([f'{root}/{file.name}' if file.name else root for file in files],
               list(map(str, parts)))
    for file, part, place in zip(files, parts, places, strict=True):
        if (size := part.stat().st_size) != file.size:
            raise BucketError(f'{remote.url}/{file.name}: expected {file.size} bytes, got {size}: '
                              'it changed while it was fetched; try again')
        part.replace(place)


def _make_room(folder: Path, needed: int) -> None:
    """Delete what was not used for longest, if it must be, and is not in use."""
    entries = [entry for entry in folder.parent.iterdir()
               if entry != folder and (entry / LOCK).exists()]
    sizes = {entry: sum(p.stat().st_size for p in entry.rglob('*') if p.is_file())
             for entry in entries}
    held = sum(sizes.values())
    most = int(DISK_SHARE * (shutil.disk_usage(folder).free + held))
    most = min(most, cache_bound() or most)
    for entry in sorted(entries, key=lambda each: (each / LOCK).stat().st_mtime_ns):
        if held + needed <= most:
            return
        with suppress(OSError), (entry / LOCK).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(entry)
            held -= sizes[entry]
    if held + needed > most:
        raise BucketError(f'{folder.parent}: what is to be fetched takes {needed / 1e9:.1f} GB, '
                          f'there may be {most / 1e9:.1f} GB and {held / 1e9:.1f} GB are in use; '
                          f'free the disk, or set {FOLDER} or {BOUND_GB}')
