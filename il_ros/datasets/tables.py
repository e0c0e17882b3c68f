"""The parquet and JSON files of a dataset."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
import json
from pathlib import Path
from typing import Any

from il_ros.datasets.stats import NAMES, Stats
import numpy as np
from numpy.typing import NDArray
import pyarrow as pa
import pyarrow.parquet as pq

Columns = Mapping[str, NDArray[Any]]


def data_schema(features: Mapping[str, Any]) -> pa.Schema:
    """Return the schema of the data files: every feature but the videos."""
    fields = []
    for name, feature in features.items():
        if feature['dtype'] == 'video':
            continue
        kind = pa.float32() if feature['dtype'] == 'float32' else pa.int64()
        vector = feature['names'] is not None
        fields.append(pa.field(name, pa.list_(kind, feature['shape'][0]) if vector else kind))
    return pa.schema(fields)


def write_data(path: Path, features: Mapping[str, Any], columns: Columns) -> None:
    """Write one data file.

    Args:
        path: The file.
        features: Of the dataset, as in info.json.
        columns: Per feature an array of shape (N,) or (N, D).
    """
    arrays = []
    found = data_schema(features)
    for field in found:
        values = np.ascontiguousarray(columns[field.name])
        if pa.types.is_fixed_size_list(field.type):
            flat = pa.array(values.reshape(-1), type=field.type.value_type, from_pandas=False)
            arrays.append(pa.FixedSizeListArray.from_arrays(flat, field.type.list_size))
        else:
            arrays.append(pa.array(values, type=field.type))
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_arrays(arrays, schema=found), path)


def read_data(paths: Sequence[Path]) -> dict[str, NDArray[Any]]:
    """Return the columns of data files, one after the other."""
    table = pa.concat_tables([pq.read_table(path) for path in paths])
    columns = {}
    for name in table.column_names:
        column = table[name].combine_chunks()
        if pa.types.is_fixed_size_list(column.type):
            flat = column.flatten().to_numpy(zero_copy_only=False)
            columns[name] = flat.reshape(len(column), column.type.list_size)
        else:
            columns[name] = column.to_numpy(zero_copy_only=False)
    return columns


def write_episodes(path: Path, episodes: Sequence[Mapping[str, Any]]) -> None:
    """Write one file of the episode table, one mapping per episode."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist([dict(episode) for episode in episodes]), path)


def read_episodes(root: Path) -> list[dict[str, Any]]:
    """Return the episode table in the order of the episodes."""
    files = sorted((root / 'meta/episodes').rglob('*.parquet'))
    rows: list[dict[str, Any]] = [row for file in files for row in pq.read_table(file).to_pylist()]
    return sorted(rows, key=lambda row: int(row['episode_index']))


def stats_columns(feature: str, stats: Stats) -> dict[str, list[float]]:
    """Return the statistics of one episode as columns of the episode table."""
    return {f'stats/{feature}/{name}': stats[name].tolist() for name in NAMES}


def stats_of(episode: Mapping[str, Any], feature: str) -> Stats:
    """Return the statistics that `stats_columns` wrote."""
    return {name: np.array(episode[f'stats/{feature}/{name}']) for name in NAMES}


def write_tasks(path: Path, tasks: Sequence[str]) -> None:
    """Write the task table: in pandas the task is the index, as LeRobot reads it."""
    pandas = {
        'index_columns': ['task'],
        'column_indexes': [{'name': None, 'field_name': None, 'pandas_type': 'unicode',
                            'numpy_type': 'object', 'metadata': {'encoding': 'UTF-8'}}],
        'columns': [
            {'name': 'task_index', 'field_name': 'task_index', 'pandas_type': 'int64',
             'numpy_type': 'int64', 'metadata': None},
            {'name': 'task', 'field_name': 'task', 'pandas_type': 'unicode',
             'numpy_type': 'object', 'metadata': None}],
        'creator': {'library': 'pyarrow', 'version': pa.__version__},
        'pandas_version': '2.0.0',
    }
    table = pa.table({'task_index': pa.array(range(len(tasks)), pa.int64()),
                      'task': pa.array(tasks, pa.string())})
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table.replace_schema_metadata({'pandas': json.dumps(pandas)}), path)


def read_tasks(path: Path) -> list[str]:
    """Return the tasks in the order of their indices."""
    rows = sorted(pq.read_table(path).to_pylist(), key=lambda row: int(row['task_index']))
    return [str(row['task']) for row in rows]


def write_json(path: Path, content: Any) -> None:
    """Write JSON that never holds NaN."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2, allow_nan=False) + '\n', encoding='utf-8')
