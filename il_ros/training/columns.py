"""Columns of recorded episodes as training takes them."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from il_ros.contract.joint import TURN
from il_ros.errors import DatasetError
import numpy as np
from numpy.typing import NDArray


def joint_column(columns: Mapping[str, NDArray[Any]], key: str, continuous: NDArray[np.bool_]
                 ) -> NDArray[np.float32]:
    """Return positions or targets, those that turn without end within one turn. Shape (N, J).

    Raises:
        DatasetError: There is no such column, or a value is not finite.
    """
    values = finite_column(columns, key)  # whole turns would leave 32 bit no room for the angle
    within = columns[key] - TURN * np.round(np.asarray(columns[key]) / TURN)
    return np.where(continuous, within, values).astype(np.float32)


def finite_column(columns: Mapping[str, NDArray[Any]], key: str) -> NDArray[np.float32]:
    """Return a column of finite values. Shape (N, D).

    Raises:
        DatasetError: There is no such column, or a value is not finite.
    """
    if key not in columns:
        raise DatasetError(f'the dataset has no column {key!r}; convert the bags again')
    values = np.asarray(columns[key], np.float32)
    if not (rows := np.isfinite(values).all(-1)).all():
        raise DatasetError(f'column {key!r}: row {int(np.argmin(rows))} is not finite; '
                           'convert the bags again')
    return values


def task_column(tasks: Sequence[str], alone: str, columns: Mapping[str, NDArray[Any]]
                ) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Return the task texts and which of them each row has. Shape (N,).

    Args:
        tasks: That 'task_index' counts.
        alone: The task of all rows where there are none.
        columns: Of the dataset.

    Raises:
        DatasetError: The column counts others.
    """
    texts = tuple(tasks) or (alone,)
    index = np.asarray(columns['task_index'] if tasks else np.zeros(
        len(columns['control_source'])), np.int64).reshape(-1)
    if len(index) and not 0 <= index.min() <= index.max() < len(texts):
        raise DatasetError(f"column 'task_index': expected 0 to {len(texts) - 1}, got "
                           f'{index.min()} to {index.max()}; convert the bags again')
    return texts, index
