"""`il_ros convert`: bags to a dataset."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Annotated

from il_ros.buckets.url import url_of
from il_ros.commands import console, On, say
from il_ros.commands.progress import new_progress
from il_ros.errors import ConfigError, RecordingError
from il_ros.spread.spread import HERE, spread_over
import typer


def convert(
    bags: Annotated[list[Path], typer.Argument(help='Bag directories, their files, or folders of '
                                                       'them; here or in a bucket.')],
    out: Annotated[Path | None, typer.Option(
        help='Folder of the dataset; here or in a bucket (s3://, gs://).')] = None,
    append: Annotated[bool, typer.Option(
        '--append', help='Add to a dataset that exists; bags in it are skipped.')] = False,
    trim_idle: Annotated[bool, typer.Option(
        '--trim-idle', help='Leave out the ends in which the arm stands still.')] = False,
    skip_bad: Annotated[bool, typer.Option(
        '--skip-bad', help='Go on without bags that cannot be read.')] = False,
    robot: Annotated[str, typer.Option(
        help='Robot name or contract file, for bags that carry no contract.')] = '',
    stamp: Annotated[list[str] | None, typer.Option(
        metavar='TOPIC=CLOCK', help='Believe the times of arrival of this topic (or of all) in '
                                    'place of its header stamps: all=arrival.')] = None,
    namespace: Annotated[str, typer.Option(
        help='Namespace of the robot in such bags, where there are several.')] = '',
    shown: Annotated[list[str] | None, typer.Option(
        metavar='[JOINT=]SECONDS',
        help='The arm was moved by hand: the action of a row is the measured state so much '
             'later, as 0.1; of one joint alone, as gripper=0.1, where nothing says what that '
             'was told.')] = None,
    split: Annotated[str, typer.Option(
        metavar='HOW', help='A bag holds several episodes: FILE.csv (columns start_s,end_s or '
                            'start,end; task, outcome), marker:/TOPIC, task:/TOPIC, '
                            'gap:SECONDS.')] = '',
    join: Annotated[bool, typer.Option(
        '--join', help='The bags are pieces of one recording.')] = False,
    apart: Annotated[float | None, typer.Option(
        metavar='SECONDS', min=0.0, help='Such pieces may be so far apart; 5 s.')] = None,
    jobs: Annotated[int | None, typer.Option(
        min=0, help='Processes; the dataset does not depend on it. 0: only this one.')] = 0,
    on: On = HERE,
    recover: Annotated[bool, typer.Option(
        '--recover', help='Save what is whole in .partial episodes of a killed '
                          'recorder and in damaged bags; convert nothing.')] = False,
) -> None:
    """Turn recorded bags into one LeRobotDataset v3.0. Needs no ROS.

    Example: `il_ros convert bags/ --out dataset --append`
    """
    if recover:
        _recover(bags)
        return
    if out is None:
        raise ConfigError('--out: name the folder of the dataset')
    if apart is not None and not join:
        raise ConfigError('--apart: how far pieces are apart counts with --join only')
    from il_ros.alignment.stamps import parse_choices
    from il_ros.bags.episodes.split import parse_split
    from il_ros.bags.join import APART_S
    from il_ros.contract import Contract
    from il_ros.datasets.convert import convert as run
    from il_ros.datasets.from_bags.shown import parse_shown

    contract = Contract.load(robot) if robot else None
    cut = parse_split(split) if split else None
    joined_s = (APART_S if apart is None else apart) if join else None
    with _target(out, append) as (folder, publish), spread_over(on, jobs) as spread, (
            new_progress()) as progress:
        task = progress.add_task('bags', total=None, note='')

        def report(bag: Path, done: int, total: int) -> bool:
            progress.update(task, completed=done, total=total, note=bag.name)
            return True

        result = run(bags, folder, append=append, trim_idle=trim_idle, skip_bad=skip_bad,
                     contract=contract, stamps=parse_choices(stamp or []), progress=report,
                     namespace=namespace, shown_s=parse_shown(shown or []), split=cut,
                     joined_s=joined_s, spread=spread, publish=publish)
        total = progress.tasks[0].total
        progress.update(task, completed=total, note='')
    if result.before:
        say(f'{result.before} bags had been converted before it was ended')
    for path, reason in result.skipped:
        say(f'skipped {url_of(path) or path}: {reason}')
    for path, note in result.notes:
        say(f'{url_of(path) or path}: {note}')
    for warning in result.warnings:
        say(f'warning: {warning}')
    say(f'{url_of(out) or out}: {result.episodes} episodes, {result.frames} rows added')


@contextmanager
def _target(out: Path, append: bool) -> Iterator[tuple[Path, Callable[[Path], None]]]:
    """Give the folder to convert into, and what brings the dataset to where it is wanted."""
    if not (url := url_of(out)):
        yield out, lambda _: None
        return
    from il_ros.buckets.put import put, staged

    if append:
        raise ConfigError(f'--append: {url}: a dataset in a bucket is never changed; convert into '
                          'a new folder and put the two together with il_ros dataset merge')
    with staged(url) as folder:
        yield folder, partial(put, url=url)


def _recover(folders: list[Path]) -> None:
    from il_ros.recording.recover import recover

    for folder in folders:
        try:
            found = recover(folder)
        except OSError as error:
            raise RecordingError(f'{folder}: cannot be recovered: {error.strerror}; it is '
                                 'unchanged') from None
        console.print(
            f'{found.path}: {found.messages} messages recovered; lost: {found.lost_bytes} bytes '
            f'at the end, {found.bad_chunks} damaged chunks. The original is kept unchanged: '
            f'{found.original}', markup=False, highlight=False, soft_wrap=True)
