"""Columns in which a row may say nothing: NaN in memory, a zero and a flag on the disk."""
from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from il_ros.datasets.schema import SILENT, VALID
import numpy as np
from numpy.typing import NDArray

Columns = Mapping[str, NDArray[Any]]


def stored(columns: Columns, features: Collection[str]) -> dict[str, NDArray[Any]]:
    """Return the columns of the disk.

    Args:
        columns: As `Dataset.columns` has them, shape (N,) or (N, D) each.
        features: Names on the disk; an older dataset has no flags and keeps its NaN.
    """
    found = dict(columns)
    for name, public in SILENT.items():
        if name + VALID in features:
            values = found.pop(public)
            known = np.isfinite(values.reshape(len(values), -1)).all(axis=1)
            found[name] = np.where(_beside(known, values), values, 0).astype(values.dtype)
            found[name + VALID] = np.asarray(known, np.int64)
    return {name: values for name, values in found.items() if name in features}


def told(columns: Columns) -> dict[str, NDArray[Any]]:
    """Return the columns of the disk as `Dataset.columns` has them; older ones are so already."""
    found = dict(columns)
    for name, public in SILENT.items():
        if {name, name + VALID} <= set(found):
            values, known = found.pop(name), found.pop(name + VALID) > 0
            found[public] = np.where(_beside(known, values), values, np.nan).astype(values.dtype)
    return found


def _beside(known: Any, values: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(known).reshape(-1, *[1] * (values.ndim - 1))
