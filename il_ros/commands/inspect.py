"""`il_ros inspect`: what a dataset is worth."""
from __future__ import annotations

from math import isnan
from pathlib import Path
from typing import Annotated, TYPE_CHECKING

from il_ros.commands import console, On, open_dataset, require_here
from il_ros.commands.progress import counted_bar
from il_ros.errors import DatasetError
from il_ros.spread.spread import HERE, spread_over
from rich.markup import escape
from rich.measure import Measurement
from rich.table import Table
import typer

if TYPE_CHECKING:
    from il_ros.inspection.report import EpisodeReport

COLUMNS = {  # in a narrow terminal those that are True; what is odd about the others is said below
    '#': True, 'bag': True, 'outcome': True, 'score': True, 'length': True, 'rate': False,
    'missing': False, 'lost': False, 'sync': True, 'idle': False, 'human': True, 'corrected': True,
    'take-overs': False, 'near limit': False, 'limited': False, 'distance': False}
BAG_WIDTH = 16      # of longer names the end is shown


def inspect(
    dataset: Annotated[Path, typer.Argument(help='Folder of the dataset; here or in a bucket.')],
    html: Annotated[Path | None, typer.Option(help='Also write the report to this file.')] = None,
    evaluation: Annotated[Path | None, typer.Option(
        help='Result of `il_ros evaluate --out` of a policy trained on it: what the data gained.',
    )] = None,
    jobs: Annotated[int | None, typer.Option(
        min=0, help='Processes that look at the pictures. 0: only this one.')] = 0,
    on: On = HERE,
    pictures: Annotated[bool, typer.Option(
        help='Look for cameras that froze, saw nothing or were moved.')] = True,
) -> None:
    """Print per episode length, gaps, losses, clocks, idleness, coverage, outliers, interventions.

    Example: `il_ros inspect dataset --html report.html`
    """
    from il_ros.datasets import clocks
    from il_ros.inspection.interventions import interventions
    from il_ros.inspection.kpis import kpis, read_evaluation
    from il_ros.inspection.page import render
    from il_ros.inspection.report import inspect as run

    require_here(html, '--html')
    result = read_evaluation(evaluation) if evaluation else None
    opened = open_dataset(dataset)
    if pictures and opened.cameras:
        with spread_over(on, jobs) as spread, counted_bar('episodes') as advance:
            report = run(opened, progress=advance, spread=spread)
    else:
        report = run(opened, pictures=False)
    rows = [_row(episode) for episode in report.episodes]
    table = _table(list(COLUMNS), rows)
    if _width(table) > console.width:
        shown = [k for k, narrow in enumerate(COLUMNS.values()) if narrow]
        table = _table([list(COLUMNS)[k] for k in shown],
                       [[row[k] for k in shown] for row in rows])
    console.print(table)
    for episode in report.episodes:
        for problem in episode.problems:
            _say(f'episode {episode.index}: {problem}', 'red')
    _say(f'{len(report.episodes)} episodes, {report.frames} rows, '
         f'{report.duration_s / 60:.1f} min of {report.robot}; starts in '
         f'{len(report.start_zones)} zones, grasps in {len(report.grasp_zones)}')
    for part in report.parts if len(report.parts) > 1 else ():
        _say(part.text)
    _say(report.effort.text)
    for line in clocks.lines([e.clocks for e in report.episodes]):
        _say(line)
    for problem in report.problems:
        _say(problem, 'red')
    figures = list(kpis(report, result)) if result else []
    for line in figures:
        _say(line)
    if html:
        try:
            html.write_text(render(report, interventions(opened), opened if pictures else None,
                                   figures),
                            encoding='utf-8')
        except OSError as error:
            raise DatasetError(f'{html}: cannot be written: {error.strerror}') from None
        console.print(f'report: {escape(str(html))}', highlight=False, soft_wrap=True)


def _row(e: EpisodeReport) -> list[str]:
    name = e.source if len(e.source) <= BAG_WIDTH else f'…{e.source[1 - BAG_WIDTH:]}'
    return [str(e.index), name, e.outcome, f'{e.score:.2f}', f'{e.duration_s:.1f} s',
            f'{e.rate_hz:.1f} Hz', str(e.missing_ticks), str(e.lost_messages),
            '-' if isnan(e.sync_error_s) else f'{1000 * e.sync_error_s:.0f} ms',
            f'{e.idle_head_s:.1f}, {e.idle_tail_s:.1f} s', f'{e.human:.0%}',
            f'{e.intervention:.0%}', str(e.effort.take_overs),
            '-' if isnan(e.near_limit) else f'{e.near_limit:.0%}',
            '-' if e.limited is None else f'{sum(e.limited.values()):.0%}',
            f'{e.distance:.2f}']


def _table(columns: list[str], rows: list[list[str]]) -> Table:
    table = Table(box=None)
    for name in columns:
        table.add_column(name, no_wrap=True)
    for row in rows:
        table.add_row(*map(escape, row))
    return table


def _width(table: Table) -> int:
    unbounded = console.options.update(max_width=10_000)
    return Measurement.get(console, unbounded, table).maximum


def _say(text: str, style: str = '') -> None:
    """Print a line; into a file or pipe it is never broken."""
    console.print(escape(text), style=style, highlight=False, soft_wrap=not console.is_terminal)
