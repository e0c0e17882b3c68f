"""A dataset into a bucket: it appears as a whole, and never over what is there."""
from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
import fcntl
import hashlib
from pathlib import Path
import shutil
from typing import Any

from il_ros.buckets.url import files_at, reaching
from il_ros.cache import cache_folder
from il_ros.errors import BucketError

LAST = 'meta/info.json'     # without it a folder is no dataset
TOGETHER = 8
BLOCK = 1 << 20             # bytes compared at once
READ_ONLY = ('hf',)         # a commit per file: for the tools of the hub


def require_free(url: str) -> None:
    """Check that a dataset can be put somewhere; what a killed upload left there may lie there.

    Raises:
        BucketError: A dataset lies there, or nothing can be written there.
    """
    if (scheme := url.partition(':')[0]) in READ_ONLY:
        raise BucketError(f'{url}: datasets are read from {scheme}://, not written there; convert '
                          'into a folder and upload that with `hf upload-large-folder`')
    if LAST in {file.name for file in files_at(url).files}:
        raise BucketError(f'{url} exists already and is not overwritten; choose another folder')


@contextmanager
def staged(url: str) -> Iterator[Path]:
    """Give a folder of this machine for a dataset that is to be put somewhere, and remove it.

    What lies beside it stays where the block ends with an error.

    Raises:
        BucketError: See `require_free`; or another process is at it.
    """
    require_free(url)
    place = cache_folder('staging') / hashlib.sha256(url.encode()).hexdigest()[:32]
    try:
        place.mkdir(parents=True, exist_ok=True)
        with (place / 'lock').open('a') as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise BucketError(f'{url}: another conversion is writing it; wait for it or '
                                  'choose another folder') from None
            folder = place / url.rpartition('/')[2]
            shutil.rmtree(folder, ignore_errors=True)
            yield folder
            shutil.rmtree(place)
    except OSError as error:
        raise BucketError(f'{url}: cannot be prepared in {place}: {error.strerror}') from None


def put(folder: Path, url: str) -> None:
    """Copy a dataset into a bucket, what makes it one last. Equal files that are there stay.

    Raises:
        BucketError: Something else lies there, or it cannot be written.
    """
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob('*')
                   if path.is_file())
    there = files_at(url)
    found = {file.name: file.size for file in there.files}
    if others := [name for name in found if name not in names]:
        raise BucketError(f'{url}: expected nothing there, got {others[0]}'
                          + (f' and {len(others) - 1} more files' if others[1:] else '')
                          + '; choose another folder')
    with reaching(url) as fs:
        root = fs._strip_protocol(url)

        def one(name: str) -> None:
            if name not in found:
                fs.put_file(str(folder / name), f'{root}/{name}', mode='create')
            elif not _same(fs, f'{root}/{name}', folder / name, found[name]):
                raise BucketError(f'{url}/{name}: another file lies there; it is not overwritten: '
                                  'choose another folder')

        with ThreadPoolExecutor(TOGETHER) as pool:
            for _ in pool.map(one, [name for name in names if name != LAST]):
                pass
        one(LAST)


def _same(fs: Any, path: str, file: Path, size: int) -> bool:
    if file.stat().st_size != size:
        return False
    with fs.open(path, 'rb') as theirs, file.open('rb') as ours:
        while block := ours.read(BLOCK):
            if theirs.read(len(block)) != block:
                return False
    return True
