"""Which bags lie in a bucket."""
from __future__ import annotations

from collections import defaultdict
from pathlib import PurePosixPath

from il_ros.bags.files import METADATA, SUFFIXES
from il_ros.buckets.url import File, files_at, Remote
from il_ros.errors import BagError
from il_ros.recording.store import ASIDE, PARTIAL

UNFINISHED = 'was never closed; fetch it and run il_ros convert --recover on it'


def find_remote(url: str) -> tuple[list[Remote], list[tuple[str, str]]]:
    """Return the bags at or below a URL as `find_bags` does, and what was left out and why.

    Raises:
        BagError: There is none.
        BucketError: The bucket cannot be asked.
    """
    folders: dict[PurePosixPath, list[File]] = defaultdict(list)
    for file in files_at(url).files:
        path = PurePosixPath(file.name)
        if not file.name:
            if PurePosixPath(url).suffix not in SUFFIXES:
                raise BagError(f'{url}: expected a bag directory, or its .mcap or .db3 file')
            return [Remote(url, (file,))], []
        if path.name == METADATA or path.suffix in SUFFIXES:
            folders[path.parent].append(file)
    bags: list[Remote] = []
    left_out: dict[str, str] = {}
    for folder in sorted(folders, key=lambda each: each.parts):
        if any(above in folders for above in folder.parents):
            continue
        closed = [part for part in folder.parts if part.endswith(PARTIAL)]
        aside = [part for part in folder.parts if part in ASIDE]
        if closed or aside:
            part = (closed or aside)[0]
            place = '/'.join(folder.parts[:folder.parts.index(part) + 1])
            left_out[f'{url}/{place}'] = UNFINISHED if closed else 'set aside by the recorder'
        elif not any(part.startswith('.') for part in folder.parts):
            bags += _of(url if folder == PurePosixPath() else f'{url}/{folder}', folders[folder])
    if not bags:
        what = '; '.join(f'{place}: {why}' for place, why in left_out.items())
        raise BagError(f'{url}: expected bag directories (metadata.yaml and .mcap), '
                       f'got {what or "nothing that is one"}')
    return bags, list(left_out.items())


def _of(url: str, files: list[File]) -> list[Remote]:
    """Return a bag directory; its files where they are bags of their own."""
    named = [file._replace(name=PurePosixPath(file.name).name) for file in files]
    data = [file for file in named if file.name != METADATA]
    split = all(file.name.startswith(f'{url.rpartition("/")[2]}_') for file in data)
    if len(data) < len(named) or len(data) < 2 or split:
        return [Remote(url, tuple(named))]
    return [Remote(f'{url}/{file.name}', (file._replace(name=''),)) for file in data]
