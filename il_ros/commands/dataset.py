"""`il_ros dataset`: look at the episodes of a dataset and edit them; every edit can be undone."""
from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TYPE_CHECKING

from il_ros.commands import console, open_dataset, say
from il_ros.commands.progress import counted_bar
from il_ros.errors import ConfigError
import typer

if TYPE_CHECKING:
    from il_ros.workbench.takes import Take

app = typer.Typer(no_args_is_help=True, rich_markup_mode='markdown', help=(
    'List, show, delete, relabel, cut, merge the episodes of a dataset. Every edit makes a new '
    'version; the one before stays in DATASET.versions/, and undo brings it back.'))

Folder = Annotated[Path, typer.Argument(metavar='DATASET', help='Folder of the dataset.')]
Numbers = Annotated[str, typer.Argument(metavar='[EPISODES]', help='Such as 3,5-7.')]
Where = Annotated[str, typer.Option(
    help="Those for which this holds: \"success and task ~ 'cube' and human_share < 0.3\".")]
Why = Annotated[str, typer.Option(help='For the history.')]
By = Annotated[str, typer.Option(help='Who edits; you by default.')]


@app.command()
def delete(dataset: Folder, episodes: Numbers = '', where: Where = '', why: Why = '',
           by: By = '') -> None:
    """Take episodes out.

    Example: `il_ros dataset delete dataset 3,5-7 --why 'the camera was covered'`
    """
    from il_ros.workbench.choice import chosen

    _edit(dataset, 'delete', _keys(chosen(open_dataset(dataset), episodes, where)), by, why)


@app.command()
def keep(dataset: Folder, episodes: Numbers = '', where: Where = '', why: Why = '',
         by: By = '') -> None:
    """Take all other episodes out.

    Example: `il_ros dataset keep dataset 0-49`
    """
    _keep(dataset, episodes, where, by, why)


@app.command('filter')
def filter_(dataset: Folder,
            condition: Annotated[str, typer.Argument(help='Such as "success and gaps = 0".')],
            why: Why = '', by: By = '') -> None:
    """Keep the episodes for which a condition holds over the columns of `il_ros dataset show`.

    Example: `il_ros dataset filter dataset "success and task ~ 'cube' and human_share < 0.3"`
    """
    _keep(dataset, '', condition, by, why or condition)


@app.command()
def relabel(dataset: Folder,
            outcome: Annotated[str, typer.Argument(help='success, failure or unlabelled.')],
            episodes: Numbers = '', where: Where = '', why: Why = '', by: By = '') -> None:
    """Say anew how episodes ended.

    Example: `il_ros dataset relabel dataset failure 4 --why 'dropped at the end'`
    """
    from il_ros.workbench.choice import chosen

    takes = chosen(open_dataset(dataset), episodes, where)
    _edit(dataset, 'relabel', {take.key: outcome for take in takes}, by, why)


@app.command()
def retask(dataset: Folder, task: Annotated[str, typer.Argument(help='What was to be done.')],
           episodes: Numbers = '', where: Where = '', why: Why = '', by: By = '') -> None:
    """Say anew what was to be done in episodes.

    Example: `il_ros dataset retask dataset 'put the cube into the box' 0-9`
    """
    from il_ros.workbench.choice import chosen

    if not task.strip():
        raise ConfigError('the task is empty; say in words what is to be done')
    takes = chosen(open_dataset(dataset), episodes, where)
    _edit(dataset, 'retask', {take.key: task for take in takes}, by, why)


@app.command()
def rights(dataset: Folder, episodes: Numbers = '', where: Where = '',
           licence: Annotated[str | None, typer.Option(
               help='An SPDX identifier, LicenseRef-no-training, or free text.')] = None,
           owner: Annotated[str | None, typer.Option(help='Whom to ask.')] = None,
           consent: Annotated[str | None, typer.Option(
               help='given, not needed, pending, withheld or withdrawn.')] = None,
           why: Why = '', by: By = '') -> None:
    """State licence, owner and consent of episodes anew; what is not named stays.

    Example: `il_ros dataset rights dataset --where "operator = 'anna'" --consent withdrawn`
    """
    from il_ros.rights import Rights
    from il_ros.workbench.choice import chosen

    said = Rights(licence or '', owner or '', consent or '').checked().row
    given = {'licence': licence, 'owner': owner, 'consent': consent}
    stated = {name: value for name, value in said.items() if given[name] is not None}
    if not stated:
        raise ConfigError('rights: expected --licence, --owner or --consent')
    takes = chosen(open_dataset(dataset), episodes, where)
    _edit(dataset, 'rights', {take.key: stated for take in takes}, by, why)


@app.command()
def trim(dataset: Folder, episodes: Numbers = '', where: Where = '',
         head: Annotated[float, typer.Option(min=0.0, help='Off the beginning [s].')] = 0.0,
         tail: Annotated[float, typer.Option(min=0.0, help='Off the end [s].')] = 0.0,
         idle: Annotated[bool, typer.Option('--idle', help='And ends that stand still.')] = False,
         why: Why = '', by: By = '') -> None:
    """Take the ends off episodes.

    Example: `il_ros dataset trim dataset --where 'idle_tail_s > 1' --idle`
    """
    from il_ros.workbench.choice import chosen
    from il_ros.workbench.trimming import trimmed

    if not (head or tail or idle):
        raise ConfigError('how much? say --head SECONDS, --tail SECONDS or --idle')
    spans = {take.key: span for take in chosen(open_dataset(dataset), episodes, where)
             if (span := trimmed(take, head, tail, idle))}
    if not spans:
        console.print('nothing to take off')
        return
    _edit(dataset, 'trim', spans, by, why)


@app.command()
def cut(dataset: Folder, episode: Annotated[str, typer.Argument(help='Its number.')],
        at: Annotated[list[float], typer.Option(help='Where another begins [s]; repeatable.')],
        why: Why = '', by: By = '') -> None:
    """Make several episodes of one.

    Example: `il_ros dataset cut dataset 3 --at 4.5 --at 9`
    """
    from il_ros.workbench.choice import chosen
    from il_ros.workbench.trimming import cut_ticks

    takes = chosen(open_dataset(dataset), episode)
    if len(takes) != 1:
        raise ConfigError(f'cut: expected one episode, got {len(takes)}')
    _edit(dataset, 'cut', {takes[0].key: cut_ticks(takes[0], at)}, by, why)


def _keys(takes: list[Take]) -> list[str]:
    return [take.key for take in takes]


def _keep(dataset: Path, numbers: str, where: str, by: str, why: str) -> None:
    from il_ros.workbench.choice import chosen, complement

    opened = open_dataset(dataset)
    others = complement(opened, chosen(opened, numbers, where))
    if not others:
        console.print('all episodes are kept; nothing changes')
        return
    _edit(dataset, 'delete', _keys(others), by, why)


def _edit(dataset: Path, do: str, episodes: list[str] | Mapping[str, Any], by: str,
          why: str) -> None:
    from il_ros.workbench.session import change, Who

    with counted_bar('episodes') as advance:
        done = change(dataset, do, {'episodes': episodes}, Who(by, why), advance)
    told(dataset, do, len(episodes), done.episodes, done.frames, done.version)


def told(dataset: Path, do: str, count: int, episodes: int, frames: int, version: int) -> None:
    """Print what a change came to."""
    say(f'{do}: {count} episodes; {dataset} has {episodes} episodes, {frames} rows now '
        f'(version {version}; il_ros dataset undo {dataset})')
