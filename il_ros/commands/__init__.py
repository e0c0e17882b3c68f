"""The subcommands of `il_ros`, one file each."""
from __future__ import annotations

from pathlib import Path
from typing import Annotated, TYPE_CHECKING

from il_ros.buckets.url import url_of
from il_ros.errors import ConfigError
from rich.console import Console
import typer

if TYPE_CHECKING:
    from il_ros.datasets.reader import Dataset

console = Console()
On = Annotated[str, typer.Option(
    '--on', metavar='PLACE', help='here, or ray: on the machines that RAY_ADDRESS names, else on '
                                  'a Ray of this one.')]


def say(text: str) -> None:
    """Print a line as it is, never broken."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def require_here(path: Path | None, option: str) -> None:
    """Check that what a command writes is to lie on this machine.

    Raises:
        ConfigError: It is to lie in a bucket.
    """
    if path and (url := url_of(path)):
        raise ConfigError(f'{option} {url}: expected a place on this machine; only il_ros convert '
                          'writes into a bucket')


def open_dataset(folder: Path) -> Dataset:
    """Read a dataset and print what was missing in it, and what is taken in its place."""
    from il_ros.datasets.reader import Dataset

    found = Dataset(folder)
    for note in found.notes:
        say(f'{folder}: {note}')
    return found
