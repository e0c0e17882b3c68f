"""Columns of the episode table that came later, beside files that were closed without them."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from il_ros.datasets import schema
from il_ros.datasets.files import tables
from il_ros.rights import FIELDS
import pyarrow.parquet as pq


def settle(folder: Path, earlier: Sequence[Mapping[str, Any]], added: Sequence[dict[str, Any]]
           ) -> None:
    """Give new rows the columns of the closed files: LeRobot reads only one form in a dataset.

    Clocks are left out. Rights are not, where any were stated: then the closed files are written
    anew with empty texts for them; a link to them elsewhere stays what it is.

    Args:
        folder: Of the dataset that is being written.
        earlier: Rows in closed files.
        added: New rows, which change.
    """
    if not earlier:
        return
    new = {schema.CLOCKS, *FIELDS} - earlier[0].keys()
    if new.issuperset(FIELDS) and any(row.get(name) for row in added for name in FIELDS):
        for file in sorted((folder / 'meta/episodes').rglob('*.parquet')):
            rows = pq.read_table(file).to_pylist()
            file.unlink()
            tables.write_episodes(file, [row | dict.fromkeys(FIELDS, '') for row in rows])
        new -= set(FIELDS)
    for row in added:
        for name in new:
            row.pop(name, None)
