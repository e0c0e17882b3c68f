"""Prints one table: `make bench`, or `python -m benchmarks.run --only latency`."""
from __future__ import annotations

from collections.abc import Callable
import os
from pathlib import Path
import shutil
import sys
import tempfile
from typing import Annotated

from rich.console import Console
from rich.table import Table
import typer

from benchmarks import (
    against_lerobot,
    capture,
    chunking,
    conversion,
    devices,
    gate,
    jerk,
    jitter,
    latency,
    panel,
    rollouts,
    training,
    workbench,
)
from benchmarks.common import Line

WIDTH = 170  # of the table where it goes to a file
PARTS = ('latency', 'gate', 'devices', 'rollouts', 'jitter', 'jerk', 'capture', 'conversion',
         'training', 'workbench', 'chunking', 'lerobot', 'panel')


def run(seconds: Annotated[float, typer.Option(help='Length of each live measurement.')] = 20.0,
        only: Annotated[str, typer.Option(help=f'One of {", ".join(PARTS)}.')] = '') -> None:
    """Measure and print; needs ROS 2 and a quiet machine."""
    if only and only not in PARTS:
        raise typer.BadParameter(f'expected one of {", ".join(PARTS)}, got {only!r}',
                                 param_hint='--only')
    wanted = (only,) if only else PARTS
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    folder = Path(tempfile.mkdtemp(prefix='il_ros_bench_'))
    measures: dict[str, Callable[[], list[Line]]] = {
        'latency': lambda: latency.measure(folder),
        'gate': gate.measure,
        'devices': devices.measure,
        'rollouts': lambda: rollouts.measure(folder),
        'jitter': lambda: jitter.measure(folder, seconds),
        'jerk': jerk.measure,
        'capture': lambda: capture.measure(folder, seconds),
        'conversion': lambda: conversion.measure(folder),
        'training': lambda: training.measure(folder),
        'workbench': lambda: workbench.measure(folder),
        'chunking': chunking.measure,
        'lerobot': lambda: against_lerobot.measure(folder),
        'panel': lambda: panel.measure(folder, seconds)}
    lines: list[Line] = []
    try:
        for part in wanted:
            with console.status(f'measuring {part}'):
                lines += measures[part]()
    finally:
        shutil.rmtree(folder)
    table = Table('what', 'ratio', 'against', 'on this machine, now', box=None, padding=(0, 2))
    for line in lines:
        table.add_row(*line)
    console.print(table)
    console.print(f'{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}. A ratio compares what '
                  'ran on this machine in this run; the absolute figures are its noise.')


if __name__ == '__main__':
    typer.run(run)
