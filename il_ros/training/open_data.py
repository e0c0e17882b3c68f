"""The datasets that a run asks for, opened, compared and mapped."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from il_ros.contract import Contract, require_same, together, with_limits_of
from il_ros.datasets.column_map import ColumnMap, require_units
from il_ros.datasets.reader import Dataset
from il_ros.errors import ConfigError, ContractMismatchError, DatasetError
from il_ros.training.asked import Asked
from il_ros.training.joined import Joined, Part


def open_data(asked: Sequence[Asked], open_one: Callable[[Path], Dataset] = Dataset,
              told: Callable[[str], None] = lambda _: None) -> Joined:
    """Return several datasets as one.

    Args:
        asked: Of `asked.parse_data`.
        open_one: Reads a folder.
        told: Hears what a person should know: what was mapped, which episodes come twice.

    Raises:
        ConfigError: None is of the robot itself, or a mapping is wrong.
        ContractMismatchError: One is of another robot and has no mapping.
        DatasetError: One cannot be read, is a copy of another, or is in other units.
    """
    sources = [open_one(one.folder) for one in asked]
    own = [(one, source) for one, source in zip(asked, sources, strict=True) if not one.columns]
    if not own:
        raise ConfigError('--data: every dataset has a mapping; expected one of the robot itself, '
                          'without')
    first, ours = own[0][0], together([source.contract for _, source in own])
    for one, source in own[1:]:
        try:
            require_same(ours, with_limits_of(ours, source.contract), str(first.folder),
                         str(one.folder))
        except ContractMismatchError as error:
            raise ContractMismatchError(
                f'{error}; for another robot with the same action space say what its columns are, '
                f'--data {one.folder}:map.yaml') from None
    names = short_names([one.folder for one in asked])
    parts = [Part(name, source, one.share, _mapping(ours, one, source, name, told))
             for name, one, source in zip(names, asked, sources, strict=True)]
    _check_twice(parts, sources, told)
    joined = Joined(ours, tuple(sorted(parts, key=lambda part: part.name)))
    _ = joined.shares
    return joined


def short_names(folders: Sequence[Path]) -> list[str]:
    """Return as much of the end of each path as tells it from the others."""
    parts = [folder.resolve().parts for folder in folders]
    for count in range(1, max(map(len, parts)) + 1):
        names = ['/'.join(one[-count:]) for one in parts]
        if len(set(names)) == len(names):
            break
    return names


def _mapping(ours: Contract, asked: Asked, source: Dataset, name: str,
             told: Callable[[str], None]) -> ColumnMap | None:
    if not asked.columns:
        return None
    found = ColumnMap.load(asked.columns)
    found.check(ours, source.contract, str(asked.columns))
    columns = found.columns(ours, source.contract, source.columns)
    require_units(ours, columns, f'{asked.folder} by {asked.columns}')
    for line in found.told(ours, source.contract, columns):
        told(f'{name}: {line}')
    return found


def _check_twice(parts: Sequence[Part], sources: Sequence[Dataset],
                 told: Callable[[str], None]) -> None:
    seen: dict[str, str] = {}
    bags: dict[str, str] = {}
    for part, source in zip(parts, sources, strict=True):
        if part.hash in seen:
            raise DatasetError(f'--data: {part.name} is a copy of {seen[part.hash]}; '
                               'leave one out')
        seen[part.hash] = part.name
        hashes = {str(episode['source_hash']) for episode in source.episodes
                  if 'source_hash' in episode}
        for other in dict.fromkeys(bags[one] for one in hashes if one in bags):
            both = sum(bags.get(one) == other for one in hashes)
            told(f'{part.name}: {both} of its episodes are in {other}, too: they are drawn for '
                 'both, and one may validate what the other learns from')
        bags |= dict.fromkeys(hashes - set(bags), part.name)
