"""Several datasets of one robot as one."""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from il_ros.contract import require_same, with_limits_of
from il_ros.datasets import schema
from il_ros.datasets.files.history import Change
from il_ros.datasets.reader import Dataset
from il_ros.errors import DatasetError
from il_ros.workbench.takes import Take, takes_of
import numpy as np

UNSAID: dict[str, float] = {
    'help_requested': 0, 'gate_score': np.nan, 'gate_threshold': np.nan, 'uncertainty': np.nan,
    'limited_by': schema.UNKNOWN}


def merged(datasets: Sequence[Dataset]) -> tuple[list[Take], Mapping[str, Any], list[str]]:
    """Return the episodes of all, their columns as in info.json, and what to tell a person.

    An episode that stands in several is taken once, from the first.

    Raises:
        ContractMismatchError: They are of different robots.
        DatasetError: One has a column that another lacks and nothing can say.
    """
    first, notes = datasets[0], list[str]()
    for dataset in datasets[1:]:
        require_same(first.contract, with_limits_of(first.contract, dataset.contract),
                     str(first.root), str(dataset.root))
    features = _features(datasets)
    for dataset in datasets:
        if missing := _complete(dataset, features):
            notes.append(f'{dataset.root}: has no column {", ".join(missing)}; its rows say '
                         'nothing there')
    takes, twice = dict[str, Take](), 0
    for take in (take for dataset in datasets for take in takes_of(dataset)):
        twice += take.key in takes
        takes.setdefault(take.key, take)
    if twice:
        notes.append(f'{twice} episodes stand in several of them and are taken once')
    return list(takes.values()), features, notes


def histories(all_of: Iterable[Sequence[Change]]) -> list[Change]:
    """Return what was done to any of several datasets: every edit once, by its time."""
    found: dict[tuple[Any, ...], Change] = {}
    for changes in all_of:
        for change in changes:
            found.setdefault((change.at, change.by, change.do, str(change.what)), change)
    return sorted(found.values(), key=lambda change: change.at)


def _features(datasets: Sequence[Dataset]) -> Mapping[str, Any]:
    """Return their columns, or the newest of il_ros where they differ."""
    found = datasets[0].info['features']
    if all(_kinds(dataset.info['features']) == _kinds(found) for dataset in datasets):
        return dict(found)
    newest = schema.features(datasets[0].contract)
    for dataset in datasets:
        strange = set(dataset.info['features']) - {*newest, schema.POLICY_ACTION}
        absent = {name for name, feature in newest.items() if feature['dtype'] == 'video'
                  } - set(dataset.info['features'])
        if strange or absent:
            name = sorted(strange or absent)[0]
            raise DatasetError(f'{dataset.root}: {"only it has" if strange else "it has no"} '
                               f'column {name!r}; remove it from all of them with '
                               'lerobot-edit-dataset, or convert the bags of this one again')
    return newest


def _complete(dataset: Dataset, features: Mapping[str, Any]) -> list[str]:
    if schema.SOURCES in features and schema.SOURCES not in dataset.columns:
        # Before it was told of each joint, all had the source of their row.
        control = dataset.columns['control_source'].reshape(-1, 1)
        dataset.columns[schema.SOURCES] = np.repeat(
            control, len(dataset.contract.joints), axis=1).astype(np.int64)
    missing = [name for name in UNSAID if name in features and name not in dataset.columns]
    for name in missing:
        kind = np.float32 if features[name]['dtype'] == 'float32' else np.int64
        dataset.columns[name] = np.full(len(dataset), UNSAID[name], kind)
    return missing


def _kinds(features: Mapping[str, Any]) -> dict[str, Any]:
    return {name: (feature['dtype'], list(feature['shape'])) for name, feature in features.items()}
