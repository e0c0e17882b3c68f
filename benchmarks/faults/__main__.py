"""Prints one table of promises; `make faults ARGS='--minutes 1 --kills 20 --only kills'`."""
from __future__ import annotations

from collections.abc import Callable
import os
from pathlib import Path
import shutil
import sys
import tempfile
import time
from typing import Annotated

from rich.console import Console
from rich.table import Table
import typer

from benchmarks.faults import bags, base, devices, fuzz, joins, kills, nominal, parts, takeovers
from benchmarks.faults.promise import Promise

WIDTH = 150  # of the table where it goes to a file
PARTS = ('kills', 'takeovers', 'base', 'parts', 'devices', 'joins', 'fuzz', 'bags', 'nominal')


def run(minutes: Annotated[float, typer.Option(help='Of the nominal run.')] = 10.0,
        kills_of_policy: Annotated[int, typer.Option('--kills', min=1)] = 200,
        takes: Annotated[int, typer.Option('--takeovers', min=1)] = 100,
        lost: Annotated[int, typer.Option('--base', min=3, help='Losses of its sender.')] = 200,
        broken: Annotated[int, typer.Option('--arms', min=1, help='Of each fault of one.')] = 30,
        unplugged: Annotated[int, typer.Option('--devices', min=1, help='Losses of each.')] = 20,
        joined: Annotated[int, typer.Option('--joins', min=2)] = 200,
        fuzzed: Annotated[int, typer.Option('--fuzz', help='Into the pure gate.')] = 1_000_000,
        sent: Annotated[int, typer.Option('--sent', help='Fuzzed over DDS.')] = 20_000,
        flips: Annotated[int, typer.Option('--flips', min=1)] = 1000,
        robot: Annotated[str, typer.Option(help='Of kills, takeovers and the nominal run: '
                                           'sim_arm or sim_two_arms.')] = 'sim_arm',
        only: Annotated[str, typer.Option(help=f'Some of {", ".join(PARTS)}.')] = '') -> None:
    """Measure what is promised; exit code 1 where a promise does not hold."""
    wanted = [part for part in only.split(',') if part] or list(PARTS)
    if unknown := [part for part in wanted if part not in PARTS]:
        raise typer.BadParameter(f'expected some of {", ".join(PARTS)}, got {unknown[0]!r}',
                                 param_hint='--only')
    folder = Path(tempfile.mkdtemp(prefix='il_ros_faults_'))
    measures: dict[str, Callable[[Path], list[Promise]]] = {
        'kills': lambda f: kills.measure(f, kills_of_policy, robot),
        'takeovers': lambda f: takeovers.measure(f, takes, robot),
        'base': lambda f: base.measure(f, lost),
        'parts': lambda f: parts.measure(f, broken),
        'devices': lambda f: devices.measure(f, unplugged),
        'joins': lambda f: joins.measure(f, joined),
        'fuzz': lambda f: fuzz.measure(f, fuzzed, sent),
        'bags': lambda f: bags.measure(f, flips),
        'nominal': lambda f: nominal.measure(f, 60 * minutes, robot)}
    console = Console(width=None if sys.stdout.isatty() else WIDTH)
    table = Table('promise', 'promised', 'measured', 'holds', 'load', box=None, padding=(0, 2))
    failed = 0
    try:
        for part in wanted:
            (folder / part).mkdir()
            began = time.monotonic()
            with console.status(f'measuring {part}'):
                promises = measures[part](folder / part)
            for what, promised, measured, holds in promises:
                table.add_row(what, promised, measured, 'yes' if holds else 'NO',
                              f'{os.getloadavg()[0]:.1f}')
                failed += not holds
            console.print(f'{part}: {time.monotonic() - began:.0f} s')
    except BaseException:
        console.print(f'the logs are in {folder}')
        raise
    else:
        shutil.rmtree(folder)
    finally:
        console.print(table)
        console.print(f'{os.cpu_count()} cores. Load is how many processes wanted one, over the '
                      'last minute: above the number of cores, late is what others make late.')
    raise typer.Exit(1 if failed else 0)


if __name__ == '__main__':
    typer.run(run)
