"""Which bag directories a list of paths means."""
from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from il_ros.bags.integrity import recovery_hint
from il_ros.errors import BagError
from il_ros.recording.store import ASIDE, PARTIAL


class Found(NamedTuple):
    """Bags in order, and what was left out and why."""

    bags: list[Path]
    skipped: list[tuple[Path, str]]


def find_bags(paths: Sequence[Path]) -> Found:
    """Return the bags that the paths name: bag directories or folders of them.

    Raises:
        BagError: A path does not exist, is an unfinished episode or holds no bag.
    """
    bags: list[Path] = []
    skipped: list[tuple[Path, str]] = []
    for path in paths:
        if not path.is_dir():
            raise BagError(f'{path}: expected a bag directory, '
                           f'got {"a file" if path.exists() else "nothing"}')
        if path.name.endswith(PARTIAL):
            raise BagError(f'{path}: was never closed; {recovery_hint(path)}')
        if is_bag(path):
            bags.append(path)
            continue
        inside = sorted(child for child in path.iterdir() if child.is_dir())
        found = [child for child in inside if is_bag(child) and not child.name.endswith(PARTIAL)]
        left_out = [(c, f'was never closed; {recovery_hint(c)}') for c in inside
                    if c.name.endswith(PARTIAL)]
        left_out += [(c, 'set aside by the recorder') for c in inside if c.name in ASIDE]
        if not found:
            what = ', '.join(child.name for child, _ in left_out) or 'nothing that is one'
            raise BagError(f'{path}: expected bag directories (metadata.yaml and .mcap), '
                           f'got {what}')
        bags += found
        skipped += left_out
    return Found(list(dict.fromkeys(bags)), skipped)


def is_bag(folder: Path) -> bool:
    """Tell whether a folder holds a bag, whole or not."""
    return (folder / 'metadata.yaml').is_file() or any(folder.glob('*.mcap'))
