"""`il_ros inspect`: what a dataset is worth."""
from __future__ import annotations

from math import isnan
from pathlib import Path
from typing import Annotated

from il_ros.commands import console, open_dataset
from il_ros.errors import DatasetError
from rich.markup import escape
from rich.table import Table
import typer

COLUMNS = ('episode', 'bag', 'outcome', 'length', 'rate', 'missing', 'lost', 'sync', 'idle',
           'human', 'corrected', 'take-overs', 'near limit', 'limited', 'distance', 'look at')


def inspect(
    dataset: Annotated[Path, typer.Argument(help='Folder of the dataset.')],
    html: Annotated[Path | None, typer.Option(help='Also write the report to this file.')] = None,
) -> None:
    """Print per episode length, gaps, losses, idleness, coverage, outliers and interventions.

    Example: `il_ros inspect dataset --html report.html`
    """
    from il_ros.datasets.inspection import inspect as run
    from il_ros.datasets.interventions import interventions
    from il_ros.datasets.page import render

    opened = open_dataset(dataset)
    report = run(opened)
    table = Table(*COLUMNS, box=None)
    for e in report.episodes:
        table.add_row(
            str(e.index), escape(e.source), e.outcome, f'{e.duration_s:.1f} s',
            f'{e.rate_hz:.1f} Hz', str(e.missing_ticks), str(e.lost_messages),
            '-' if isnan(e.sync_error_s) else f'{1000 * e.sync_error_s:.0f} ms',
            f'{e.idle_head_s:.1f}, {e.idle_tail_s:.1f} s',
            f'{e.human:.0%}', f'{e.intervention:.0%}', str(e.effort.take_overs),
            f'{e.near_limit:.0%}',
            '-' if e.limited is None else f'{sum(e.limited.values()):.0%}',
            f'{e.distance:.2f}', f'[red]{escape("; ".join(e.problems))}[/]')
    console.print(table)
    console.print(f'{len(report.episodes)} episodes, {report.frames} rows, '
                  f'{report.duration_s / 60:.1f} min of {escape(report.robot)}; starts in '
                  f'{len(report.start_zones)} zones, grasps in {len(report.grasp_zones)}',
                  highlight=False)
    console.print(report.effort.text, highlight=False)
    for problem in report.problems:
        console.print(f'[red]{escape(problem)}[/]', highlight=False)
    if html:
        try:
            html.write_text(render(report, interventions(opened)), encoding='utf-8')
        except OSError as error:
            raise DatasetError(f'{html}: cannot be written: {error.strerror}') from None
        console.print(f'report: {escape(str(html))}', highlight=False, soft_wrap=True)
