"""`il_ros dataset`: what concerns a whole dataset, or several."""
from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TYPE_CHECKING

from il_ros.commands import console, open_dataset, say
from il_ros.commands.dataset import app, By, Folder, told, Where, Why
from il_ros.commands.progress import counted_bar
from il_ros.errors import ConfigError
from rich.markup import escape
from rich.table import Table
import typer

if TYPE_CHECKING:
    from il_ros.datasets.files.history import Change

LISTED = {'episode': '#', 'source': 'bag', 'outcome': 'outcome', 'duration_s': 'seconds',
          'human_share': 'human', 'intervention_share': 'corrected', 'problems': 'odd',
          'task': 'task'}


@app.command()
def ls(dataset: Folder, where: Where = '',
       history: Annotated[bool, typer.Option('--history', help='What was done to it.')] = False,
       ) -> None:
    """List the episodes, or what was done to the dataset.

    Example: `il_ros dataset ls dataset --where 'not success'`
    """
    from il_ros.datasets.files.history import read_history
    from il_ros.workbench.choice import needs_pictures
    from il_ros.workbench.expression import matching
    from il_ros.workbench.table import episode_table

    if history:
        _print_history(read_history(open_dataset(dataset).root))
        return
    rows = episode_table(open_dataset(dataset), needs_pictures(where))
    table = Table(box=None)
    for name, text in LISTED.items():
        table.add_column(text, no_wrap=name != 'task')
    for number in matching(rows, where) if where else range(len(rows)):
        table.add_row(*(escape(_text(name, rows[number][name])) for name in LISTED))
    console.print(table)
    seconds = sum(row['duration_s'] for row in rows)
    console.print(f'{table.row_count} of {len(rows)} episodes; {seconds / 60:.1f} min in all',
                  highlight=False)


@app.command()
def show(dataset: Folder, episode: Annotated[int, typer.Argument(help='Its number.')]) -> None:
    """Print all that is known of an episode: the columns that a condition may speak of.

    Example: `il_ros dataset show dataset 3`
    """
    from il_ros.datasets.files.history import read_history
    from il_ros.inspection.report import inspect
    from il_ros.workbench.table import rows_of

    opened = open_dataset(dataset)
    if not 0 <= episode < len(opened.lengths):
        raise ConfigError(f'episode {episode}: expected 0 to {len(opened.lengths) - 1}')
    report = inspect(opened)
    row = rows_of(opened, report)[episode]
    table = Table(box=None, show_header=False)
    for name, value in row.items():
        table.add_row(name, escape(_text(name, value)))
    console.print(table)
    for problem in report.episodes[episode].problems:
        console.print(escape(problem), style='red', highlight=False)
    source = row['key'].rpartition('@')[0]
    _print_history([change for change in read_history(dataset) if any(
        name.startswith(source) for name in change.what.get('episodes', ()))])


@app.command()
def split(dataset: Folder,
          out: Annotated[list[str], typer.Option(
              help='NAME=SHARE of the episodes, drawn by --seed; repeatable.')] = [],  # noqa: B006
          where: Where = '',
          into: Annotated[Path | None, typer.Option(help='With --where: those.')] = None,
          rest: Annotated[Path | None, typer.Option(help='With --where: the others.')] = None,
          seed: Annotated[int, typer.Option(help='Of the draw.')] = 0,
          why: Why = '', by: By = '') -> None:
    """Write parts of a dataset as datasets of their own; it stays as it is.

    Example: `il_ros dataset split dataset --out train=0.9 --out test=0.1`
    """
    from il_ros.workbench.choice import chosen, complement
    from il_ros.workbench.session import copy, require_new, Who
    from il_ros.workbench.splitting import drawn, parse_shares

    opened = open_dataset(dataset)
    if bool(out) == bool(where) or (where and into is None):
        raise ConfigError('split: expected --out NAME=SHARE for each part, or --where CONDITION '
                          '--into NAME [--rest NAME]')
    if into:
        takes = chosen(opened, where=where)
        parts = {into: takes} | ({rest: complement(opened, takes)} if rest else {})
    else:
        parts = drawn(opened, parse_shares(out), seed)
    for folder in parts:
        require_new(folder)
    for folder, takes in parts.items():
        with counted_bar('episodes') as advance:
            done = copy(dataset, folder, [take.key for take in takes], {'from': dataset.name},
                        Who(by, why or where), advance)
        say(f'{folder}: {done.episodes} episodes, {done.frames} rows')


@app.command()
def merge(datasets: Annotated[list[Path], typer.Argument(help='Folders of datasets.')],
          out: Annotated[Path, typer.Option(help='A new folder.')],
          why: Why = '', by: By = '') -> None:
    """Write several datasets of one robot as one; they stay as they are.

    Example: `il_ros dataset merge monday tuesday --out week`
    """
    from il_ros.workbench.session import merge as run
    from il_ros.workbench.session import Who

    if len(datasets) < 2:
        raise ConfigError('merge: expected two datasets or more')
    with counted_bar('episodes') as advance:
        done, notes = run(datasets, out, Who(by, why), advance)
    for note in notes:
        say(note)
    say(f'{out}: {done.episodes} episodes, {done.frames} rows')


@app.command()
def undo(dataset: Folder, why: Why = '', by: By = '') -> None:
    """Take the last edit back; undo again takes the one before it back.

    Example: `il_ros dataset undo dataset`
    """
    from il_ros.datasets.files.history import read_history
    from il_ros.datasets.files.versions import undo as run

    undone = run(dataset, by, why)
    now = read_history(dataset)[-1]
    told(dataset, f'undone: {undone.do}', len(undone.what.get('episodes', ())), now.episodes,
         now.frames, now.version)


@app.command()
def rebuild(dataset: Folder,
            bags: Annotated[list[Path], typer.Argument(
                help='Bags or folders of bags; or a dataset that was just converted from them.')],
            out: Annotated[Path, typer.Option(help='A new folder.')],
            why: Why = '', by: By = '') -> None:
    """Convert bags anew and repeat on them what was done to a dataset.

    Bags that need options are converted first, and that dataset is named in place of them.

    Example: `il_ros dataset rebuild dataset bags/ --out rebuilt`
    """
    from il_ros.datasets.convert import convert
    from il_ros.datasets.files.history import read_history
    from il_ros.datasets.files.versions import copy_version
    from il_ros.datasets.schema import INFO_FILE
    from il_ros.workbench.session import rebuild as run
    from il_ros.workbench.session import require_new, Who

    require_new(out)
    opened = open_dataset(dataset)
    if (bags[0] / INFO_FILE).is_file():
        copy_version(bags[0], out)
    else:
        with counted_bar('bags') as advance:
            convert(bags, out, contract=opened.contract, progress=_all(advance))
    with counted_bar('episodes') as advance:
        notes = run(out, read_history(dataset), Who(by, why), advance)
    for note in notes:
        say(note)
    say(f'{out}: {len(open_dataset(out).lengths)} episodes')


def _all(advance: Callable[[int, int], None]) -> Callable[[Path, int, int], bool]:
    def report(_: Path, done: int, total: int) -> bool:
        advance(done, total)
        return True
    return report


def _text(name: str, value: Any) -> str:
    if value is None:
        return '-'
    if name.endswith('_share'):
        return f'{value:.0%}'
    return f'{value:.2f}' if isinstance(value, float) else str(value)


def _print_history(changes: list[Change]) -> None:
    for change in changes:
        count = len(change.what.get('episodes', ()))
        say(f'version {change.version}: {change.do}'
               + (f' of version {change.what["of"]}' if change.do == 'undo' else
                  f' of {change.what["from"]} at {change.what["revision"][:12]}'
                  if change.do == 'pull' else
                  f' {count} episodes' if count else '')
               + f' by {change.by}, {change.at}' + (f': {change.why}' if change.why else ''))

