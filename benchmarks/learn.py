"""Prints what each method learns, with Wilson intervals over all seeds: `make learn`.

Exit status 1 where a limit is not reached. `ARGS='--only fork'` for some of the lines.
"""
from __future__ import annotations

from importlib import import_module
import os
import sys
import time
from typing import Annotated

from rich.console import Console
import typer

# Modules of benchmarks.learning, each with `run(console, seeds, jobs, only)`: it prints a table of
# the lines whose name contains `only` and returns what did not reach its limit, one text each.
TABLES = ('policies', 'robots', 'interactive')
ASKED = ('guided', 'devices')    # only where it is named
WIDTH = 150  # where it goes to a file


def learn(seeds: Annotated[int, typer.Option(min=1, help='Trainings per line.')] = 3,
          jobs: Annotated[int, typer.Option(min=1, help='Processes, each with one thread.')] = 2,
          only: Annotated[str, typer.Option(help='Part of the lines, as in "fork: gmm".')] = '',
          table: Annotated[str, typer.Option(help=f'One of {", ".join(TABLES + ASKED)}.')] = ''
          ) -> None:
    """Train every method on every task that tells it from another, and print what it learned."""
    if table and table not in TABLES + ASKED:
        raise typer.BadParameter(f'expected one of {", ".join(TABLES + ASKED)}, got {table!r}',
                                 param_hint='--table')
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    began, failed = time.monotonic(), []
    for name in (table,) if table else TABLES:
        failed += import_module(f'benchmarks.learning.{name}').run(console, seeds, jobs, only)
    console.print(f'{seeds} trainings per line, {time.monotonic() - began:.0f} s on '
                  f'{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}.')
    for what in failed:
        console.print(f'[red]{what}[/]')
    if failed:
        raise typer.Exit(1)


if __name__ == '__main__':
    typer.run(learn)
