"""Whether two datasets are the same, byte for byte; where not, what of their pictures differs."""
from __future__ import annotations

import hashlib
from pathlib import Path

import av
import numpy as np


def contents(root: Path) -> dict[str, str]:
    """Return the digest of each file by its path."""
    return {str(p.relative_to(root)): hashlib.sha256(p.read_bytes()).hexdigest()
            for p in root.rglob('*') if p.is_file()}


def assert_same(one: Path, other: Path) -> None:
    """Fail with each file that differs, and of a video with the pictures that do."""
    ours, theirs = contents(one), contents(other)
    assert ours.keys() == theirs.keys()
    told = [f'{name}: {_difference(one / name, other / name)}' for name in ours
            if ours[name] != theirs[name]]
    assert not told, '\n'.join(told)


def _difference(one: Path, other: Path) -> str:
    sizes = f'{one.stat().st_size} and {other.stat().st_size} bytes'
    if one.suffix != '.mp4':
        return sizes
    first, second = _pictures(one), _pictures(other)
    if first.shape != second.shape:
        return f'{sizes}, pictures {first.shape} and {second.shape}'
    away = np.abs(first.astype(int) - second).max((1, 2, 3))
    return f'{sizes}, pictures {np.flatnonzero(away).tolist()} differ by up to {away.max()}'


def _pictures(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        return np.stack([f.to_ndarray(format='rgb24') for f in container.decode(video=0)])
