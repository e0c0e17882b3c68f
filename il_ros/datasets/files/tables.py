"""The parquet and JSON files of a dataset."""
from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
import json
from pathlib import Path
from typing import Any

from il_ros.datasets.files.stats import NAMES, Stats
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
        kind = pa.from_numpy_dtype(np.dtype(feature['dtype']))
        vector = feature.get('names') is not None or list(feature['shape']) != [1]
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
    """Return the columns of numbers of data files in the order of episodes and frames.

    Vectors may be lists of fixed or of any size (pandas writes these), null is NaN; texts and
    pictures are left out.

    Raises:
        ValueError: The files have different columns, or a vector's size changes.
    """
    files = [dict(_vectors(pq.read_table(path, columns=_numbers(pq.read_schema(path)))))
             for path in paths]
    for path, columns in zip(paths, files, strict=True):
        if other := set(columns) ^ set(files[0]):
            raise ValueError(f'{path}: its columns are not those of {paths[0].name}: '
                             f'{", ".join(sorted(other))}')
    whole = {name: np.concatenate([columns[name] for columns in files]) for name in files[0]}
    order = np.lexsort((whole['frame_index'], whole['episode_index']))
    return whole if (np.diff(order) == 1).all() else {k: v[order] for k, v in whole.items()}


def _numbers(schema: pa.Schema) -> list[str]:
    def of_numbers(kind: pa.DataType) -> bool:
        inner = getattr(kind, 'value_type', kind)
        return bool(pa.types.is_integer(inner) or pa.types.is_floating(inner)
                    or pa.types.is_boolean(inner))

    return [field.name for field in schema if of_numbers(field.type)]


def _vectors(table: pa.Table) -> Iterator[tuple[str, NDArray[Any]]]:
    for name in table.column_names:
        column = table[name].combine_chunks()
        kind, inner = column.type, getattr(column.type, 'value_type', column.type)
        if kind == inner:
            yield name, column.to_numpy(zero_copy_only=False)
            continue
        size = (kind.list_size if pa.types.is_fixed_size_list(kind)
                else len(column[0]) if len(column) and column[0].is_valid else 0)
        flat = column.flatten().to_numpy(zero_copy_only=False)
        if len(flat) != size * len(column):
            raise ValueError(f'column {name}: expected {size} numbers in each row')
        yield name, flat.reshape(len(column), size)


def write_episodes(path: Path, episodes: Sequence[Mapping[str, Any]]) -> None:
    """Write one file of the episode table, one mapping per episode."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist([dict(episode) for episode in episodes]), path)


def read_episodes(root: Path) -> list[dict[str, Any]]:
    """Return the episode table in the order of the episodes."""
    files = sorted((root / 'meta/episodes').rglob('*.parquet'))
    rows: list[dict[str, Any]] = [row for file in files for row in pq.read_table(file).to_pylist()]
    # Tables that were merged hold null or NaN where only some of them had the column.
    told = [{name: value for name, value in row.items() if value is not None and value == value}
            for row in rows]
    return sorted(told, key=lambda row: int(row['episode_index']))


def stats_columns(feature: str, stats: Stats, nested: bool = False) -> dict[str, list[Any]]:
    """Return the statistics of one episode as columns of the episode table.

    Those of images are nested, (3, 1, 1), as in LeRobot's tables: its tools cannot merge others.
    """
    shape = (-1, 1, 1) if nested else (-1,)
    return {f'stats/{feature}/{name}': stats[name].reshape(
        (-1,) if name == 'count' else shape).tolist() for name in NAMES}


def stats_of(episode: Mapping[str, Any], feature: str) -> Stats:
    """Return the statistics that `stats_columns` wrote."""
    return {name: np.array(episode[f'stats/{feature}/{name}'], np.float64).reshape(-1)
            for name in NAMES}


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
    """Return the tasks in the order of their indices.

    Raises:
        ValueError: There is no column of texts.
    """
    rows = sorted(pq.read_table(path).to_pylist(), key=lambda row: int(row['task_index']))
    text = next(iter({'task', '__index_level_0__'} & set(rows[0])), '') if rows else ''
    if rows and not text:
        raise ValueError(f'{path}: expected the column task, got {", ".join(rows[0])}')
    return [str(row[text]) for row in rows]


def write_json(path: Path, content: Any) -> None:
    """Write JSON that never holds NaN."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2, allow_nan=False) + '\n', encoding='utf-8')
