"""The subcommands of `il_ros`, one file each."""
from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

if TYPE_CHECKING:
    from il_ros.datasets.reader import Dataset

console = Console()


def say(text: str) -> None:
    """Print a line as it is, never broken."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def open_dataset(folder: Path) -> Dataset:
    """Read a dataset and print what was missing in it, and what is taken in its place."""
    from il_ros.datasets.reader import Dataset

    found = Dataset(folder)
    for note in found.notes:
        say(f'{folder}: {note}')
    return found
