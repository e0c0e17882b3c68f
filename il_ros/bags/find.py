"""Which bag directories a list of paths means."""
from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from il_ros.bags.files import bag_files, data_files, is_split, METADATA, SUFFIXES
from il_ros.errors import BagError
from il_ros.recording.recover import is_recovered, nothing_in, SUFFIX
from il_ros.recording.store import ASIDE, PARTIAL


class Found(NamedTuple):
    """Bags in order, and what was left out and why."""

    bags: list[Path]
    skipped: list[tuple[Path, str]]


def find_bags(paths: Sequence[Path]) -> Found:
    """Return the bags that the paths name: bag directories, their files, or folders of them.

    Raises:
        BagError: A path does not exist, is an unfinished episode or holds no bag.
    """
    bags: list[Path] = []
    skipped: list[tuple[Path, str]] = []
    for path in paths:
        if path.is_file():
            bags.append(bag_files(path).path)
            continue
        if not path.is_dir():
            raise BagError(f'{path}: expected a bag directory, got nothing')
        if path.name.endswith(PARTIAL):
            raise BagError(f'{path}: {unfinished(path)}')
        found, left_out = _inside(path, {path.resolve()})
        if not found:
            what = '; '.join(f'{child.relative_to(path)}: {why}' for child, why in left_out)
            raise BagError(f'{path}: expected bag directories (metadata.yaml and .mcap), '
                           f'got {what or "nothing that is one"}')
        bags += found
        skipped += left_out
    return Found(list(dict.fromkeys(bags)), skipped)


def is_bag(path: Path) -> bool:
    """Tell whether a folder holds a bag, whole or not, or a file is one."""
    if path.is_file():
        return path.suffix in SUFFIXES
    return path.is_dir() and ((path / METADATA).is_file() or bool(data_files(path)))


def unfinished(partial: Path) -> str:
    """Return what to do with an episode whose recorder was killed."""
    if reason := nothing_in(partial):
        return f'was never closed; {reason}'
    return f'was never closed; run: il_ros convert --recover {partial}'


def _inside(folder: Path, seen: set[Path]) -> tuple[list[Path], list[tuple[Path, str]]]:
    """Return the bags of a folder at any depth, and what was left out."""
    if is_bag(folder):
        return _of(folder), []
    bags: list[Path] = []
    left_out: list[tuple[Path, str]] = []
    for child in _folders(folder, seen):
        closed = child.with_name(child.name.removesuffix(PARTIAL))
        saved = closed if closed != child else child.with_name(child.name + SUFFIX)
        if is_recovered(saved):
            left_out.append((child, f'damaged; what was whole is in {saved.name}'))
        elif child.name.endswith(PARTIAL):
            left_out.append((child, unfinished(child)))
        elif child.name in ASIDE:
            left_out.append((child, 'set aside by the recorder'))
        else:
            found, more = _inside(child, seen)
            bags += found
            left_out += more
    return bags, left_out


def _of(folder: Path) -> list[Path]:
    """Return a bag directory; its files where they are bags of their own."""
    files = data_files(folder)
    if (folder / METADATA).is_file() or len(files) < 2 or is_split(folder):
        return [folder]
    return files


def _folders(folder: Path, seen: set[Path]) -> Iterator[Path]:
    """Yield the folders in a folder, each once, so that links in a circle end."""
    for child in sorted(folder.iterdir()):
        if child.is_dir() and not child.name.startswith('.') and child.resolve() not in seen:
            seen.add(child.resolve())
            yield child
