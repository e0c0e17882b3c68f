"""What can be done to episodes, by their keys: the same on a dataset and on one built anew."""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from il_ros.datasets.files.history import DELETE
from il_ros.errors import DatasetError
from il_ros.rights import FIELDS
from il_ros.workbench.takes import Take

Takes = list[Take]
Edit = Callable[[Takes, Any], Takes]
OUTCOMES = ('success', 'failure', 'unlabelled')


def apply(takes: Sequence[Take], do: str, what: Mapping[str, Any]) -> Takes:
    """Return the episodes after a change.

    Args:
        takes: Those before it.
        do: One of `EDITS`.
        what: Its `episodes`: a list of keys, or a value per key.

    Raises:
        DatasetError: A key is none of theirs, or a value makes no sense.
    """
    if do not in EDITS:
        raise DatasetError(f'history: unknown edit {do!r}; expected one of {", ".join(EDITS)}')
    there = {take.key for take in takes}
    if missing := [name for name in what['episodes'] if name not in there]:
        raise DatasetError(f'{do}: no episode {missing[0]} in {len(takes)} episodes')
    return EDITS[do](list(takes), what['episodes'])


def _delete(takes: Takes, keys: Sequence[str]) -> Takes:
    gone = set(keys)
    return [take for take in takes if take.key not in gone]


def _relabel(takes: Takes, outcomes: Mapping[str, str]) -> Takes:
    for outcome in outcomes.values():
        if outcome not in OUTCOMES:
            raise DatasetError(f'outcome {outcome!r}: expected one of {", ".join(OUTCOMES)}')
    return [replace(take, outcome=outcomes.get(take.key, take.outcome)) for take in takes]


def _retask(takes: Takes, tasks: Mapping[str, str]) -> Takes:
    return [replace(take, task=tasks.get(take.key, take.task)) for take in takes]


def _rights(takes: Takes, stated: Mapping[str, Mapping[str, str]]) -> Takes:
    for values in stated.values():
        if strange := set(values) - set(FIELDS):
            raise DatasetError(f'rights: expected {", ".join(FIELDS)}, got {sorted(strange)[0]!r}')
    return [replace(take, rights={**take.rights, **stated.get(take.key, {})}) for take in takes]


def _trim(takes: Takes, spans: Mapping[str, Sequence[int]]) -> Takes:
    """Keep the rows between two ticks, both included."""
    found = []
    for take in takes:
        kept = take.between(*map(int, spans[take.key])) if take.key in spans else take
        if kept is None:
            raise DatasetError(f'trim: nothing is left of episode {take.key}; delete it instead')
        found.append(kept)
    return found


def _cut(takes: Takes, cuts: Mapping[str, Sequence[int]]) -> Takes:
    """Begin another episode at each of some ticks."""
    found = []
    for take in takes:
        ticks = take.ticks
        begins = [int(ticks[0]), *sorted(map(int, cuts.get(take.key, ()))), int(ticks[-1]) + 1]
        parts = [take.between(begin, end - 1)
                 for begin, end in zip(begins, begins[1:], strict=False)]
        if None in parts:
            raise DatasetError(f'cut: a part of episode {take.key} is empty; cut inside it')
        found += [part for part in parts if part]
    return found


EDITS: dict[str, Edit] = {
    DELETE: _delete, 'relabel': _relabel, 'retask': _retask, 'rights': _rights, 'trim': _trim,
    'cut': _cut}
