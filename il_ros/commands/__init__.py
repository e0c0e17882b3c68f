"""The subcommands of `il_ros`, one file each."""
from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

if TYPE_CHECKING:
    from il_ros.datasets.reader import Dataset

console = Console()


def open_dataset(folder: Path) -> Dataset:
    """Read a dataset and print what was missing in it, and what is taken in its place."""
    from il_ros.datasets.reader import Dataset

    found = Dataset(folder)
    for note in found.notes:
        console.print(f'{folder}: {note}', markup=False, highlight=False, soft_wrap=True)
    return found
