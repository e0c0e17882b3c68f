"""What a policy was trained on, and whether it may be."""
from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
import platform
from typing import Any

from il_ros.datasets.files.history import read_history
from il_ros.datasets.reader import Dataset
from il_ros.errors import DatasetError
from il_ros.policies.checkpoint import read_json
from il_ros.rights import counted, Rights
from il_ros.training.joined import Joined, Part
from il_ros.training.samples import Source

PACKAGES = ('il_ros', 'torch', 'numpy', 'lightning-fabric', 'diffusers')


def provenance(source: Source, start: str = '', despite: str = '') -> dict[str, Any]:
    """Return what the record of a run says of its data: hashes, rows, rights, versions.

    Args:
        source: One dataset or several.
        start: Checkpoint that training goes on from, whose data count as well; '' for none.
        despite: Why it is trained from although a licence or consent forbids it.

    Raises:
        DatasetError: A licence or a consent forbids it, and `despite` is empty.
    """
    parts = parts_of(source)
    forbidden = Counter(reason for part in parts for one in rights_of(part.source)
                        if (reason := one.forbids_training))
    if forbidden and not despite.strip():
        total = sum(len(part.source.lengths) for part in parts)
        told = ', '.join(f'{reason} ({count})' for reason, count in forbidden.items())
        raise DatasetError(
            f'{", ".join(part.name for part in parts)}: {forbidden.total()} of {total} episodes '
            f'must not be trained on: {told}; take them out (il_ros dataset filter DATASET '
            '"trainable"), or say why it is allowed: il_ros train --despite REASON')
    return {'trained_on': {part.name: _described(part) for part in parts},
            **({'started_from': _earlier(Path(start))} if start else {}),
            **({'despite': despite} if forbidden else {}), 'versions': _versions()}


def parts_of(source: Source) -> Sequence[Part]:
    """Return the datasets that a source consists of."""
    if isinstance(source, Joined):
        return source.parts
    return [Part(source.root.resolve().name if isinstance(source, Dataset) else 'dataset',
                 source)]


def rights_of(source: Source) -> list[Rights]:
    """Return what was stated of each episode."""
    if isinstance(source, Dataset):
        return [Rights.of(episode) for episode in source.episodes]
    return [Rights()] * len(source.lengths)


def _described(part: Part) -> dict[str, Any]:
    source = part.source
    return {
        'hash': part.hash, 'episodes': len(source.lengths), 'rows': sum(source.lengths),
        'robot': source.contract.robot, 'tasks': list(source.tasks),
        'version': len(read_history(source.root)) if isinstance(source, Dataset) else 0,
        'rights': counted(rights_of(source))}


def _earlier(checkpoint: Path) -> dict[str, Any]:
    file = checkpoint / 'training.json'
    said = read_json(file) if file.is_file() else {}
    return {name: said[name] for name in ('trained_on', 'started_from', 'despite') if name in said}


def _versions() -> dict[str, str]:
    found = {'python': platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
