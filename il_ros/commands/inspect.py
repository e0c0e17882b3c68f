"""`il_ros inspect`: what a dataset is worth, and whether several fit together."""
from __future__ import annotations

from math import isnan
from pathlib import Path
from typing import Annotated, TYPE_CHECKING

from il_ros.commands import console, On, open_dataset, require_here
from il_ros.commands.progress import counted_bar
from il_ros.errors import ConfigError, DatasetError
from il_ros.spread.spread import HERE, spread_over
from rich.markup import escape
from rich.measure import Measurement
from rich.table import Table
import typer

if TYPE_CHECKING:
    from il_ros.datasets.reader import Dataset
    from il_ros.inspection.comparison import Comparison
    from il_ros.inspection.report import EpisodeReport, Report
    from il_ros.training.asked import Asked

COLUMNS = {  # in a narrow terminal those that are True; what is odd about the others is said below
    '#': True, 'bag': True, 'outcome': True, 'score': True, 'length': True, 'rate': False,
    'missing': False, 'lost': False, 'sync': True, 'idle': False, 'human': True, 'corrected': True,
    'take-overs': False, 'near limit': False, 'limited': False, 'distance': False}
BAG_WIDTH = 16      # of longer names the end is shown


def inspect(
    datasets: Annotated[list[str], typer.Argument(
        help='Folders, here or in a bucket; several are compared, and may be written as '
             '`il_ros train --data` takes them: demos=0.5,other:map.yaml=0.5.')],
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

    Several datasets are also held against each other: rates, columns, units, what each task shows.

    Example: `il_ros inspect dataset --html report.html`
    """
    from il_ros.inspection.interventions import interventions
    from il_ros.inspection.kpis import kpis, read_evaluation
    from il_ros.inspection.page import render, Section

    require_here(html, '--html')
    result = read_evaluation(evaluation) if evaluation else None
    asked = _asked(datasets)
    opened = [open_dataset(one.folder) for one in asked]
    reports = []
    for number, dataset in enumerate(opened):
        if len(opened) > 1:
            console.rule(escape(str(asked[number].folder)), style='')
        reports.append(_report(dataset, pictures, on, jobs))
        _print(reports[-1])
    comparison = _compared(asked, opened, reports) if len(opened) > 1 else None
    if comparison:
        _print_comparison(comparison)
    figures = list(kpis(reports, result)) if result else []
    for line in figures:
        _say(line)
    if html:
        sections = [Section(report, interventions(dataset), dataset if pictures else None,
                            () if comparison else figures)
                    for report, dataset in zip(reports, opened, strict=True)]
        try:
            html.write_text(render(sections, comparison, figures), encoding='utf-8')
        except OSError as error:
            raise DatasetError(f'{html}: cannot be written: {error.strerror}') from None
        console.print(f'report: {escape(str(html))}', highlight=False, soft_wrap=True)


def _asked(words: list[str]) -> list[Asked]:
    from il_ros.training.asked import Asked, parse_data

    if len(words) == 1 and Path(words[0]).is_dir():
        return [Asked(Path(words[0]))]
    return parse_data(','.join(words), 'inspect')


def _report(dataset: Dataset, pictures: bool, on: str, jobs: int | None) -> Report:
    from il_ros.inspection.report import inspect as run

    if not (pictures and dataset.cameras):
        return run(dataset, pictures=False)
    with spread_over(on, jobs) as spread, counted_bar('episodes') as advance:
        return run(dataset, progress=advance, spread=spread)


def _compared(asked: list[Asked], opened: list[Dataset], reports: list[Report]) -> Comparison:
    from il_ros.datasets.column_map import ColumnMap
    from il_ros.inspection.comparison import compare
    from il_ros.inspection.side import Side
    from il_ros.training.asked import filled
    from il_ros.training.open_data import short_names

    if all(one.columns for one in asked):
        raise ConfigError('inspect: every dataset has a mapping; expected one of the robot '
                          'itself, without')
    shares = filled([one.share for one in asked], list(map(len, opened)), 'inspect')
    return compare([
        Side(name, dataset, report, share, ColumnMap.load(one.columns) if one.columns else None)
        for name, dataset, report, share, one in zip(
            short_names([one.folder for one in asked]), opened, reports,
            shares or [None] * len(asked), asked, strict=True)])


def _print(report: Report) -> None:
    from il_ros.datasets import clocks

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


def _print_comparison(found: Comparison) -> None:
    console.rule('together', style='')
    console.print(_table(['dataset', 'robot', 'rate', 'episodes', 'rows', 'share'], [
        [side.name, side.report.robot, f'{side.dataset.fps:g} Hz', str(len(side.report.episodes)),
         str(side.report.frames), '-' if side.share is None else f'{side.share:.0%}']
        for side in found.sides]))
    console.print(_table(['task', 'dataset', 'episodes', 'median', 'successes'], [
        [task.task, task.name, str(task.episodes), f'{task.seconds:.1f} s', str(task.successes)]
        for task in found.tasks]))
    for problem in found.problems:
        _say(problem, 'red')
    if not found.problems:
        _say('nothing speaks against learning from them together')


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
