"""Bags to a dataset."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
import shutil

from il_ros.bags.episodes.split import Split
from il_ros.bags.find import find_bags
from il_ros.bags.find_remote import find_remote
from il_ros.bags.join import recordings
from il_ros.buckets.url import url_of
from il_ros.contract import Contract
from il_ros.datasets import schema
from il_ros.datasets.files.atomic import replacing
from il_ros.datasets.from_bags.cut import ALREADY, why_known
from il_ros.datasets.from_bags.part import Part, Plan, Taken
from il_ros.datasets.from_bags.recordings import Job, key, make_part, Piece, unpack
from il_ros.datasets.reporting import Cancelled, Progress, Reporter, Warnings
from il_ros.datasets.writer import DatasetWriter
from il_ros.errors import BagError, DatasetError
from il_ros.spread.spread import Ask, Here, Spread


@dataclass
class ConvertResult:
    """What a conversion did.

    Attributes:
        episodes: Episodes added.
        frames: Rows added.
        before: Recordings that one which was ended had converted.
        skipped: Bags and folders left out, each with the reason; `url_of` names those of buckets.
        notes: What to look at in bags that were converted.
        warnings: What a person should look at before training.
    """

    episodes: int = 0
    frames: int = 0
    before: int = 0
    skipped: list[tuple[Path, str]] = field(default_factory=list)
    notes: list[tuple[Path, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def convert(bags: Sequence[Path], out: Path, *, append: bool = False, trim_idle: bool = False,
            skip_bad: bool = False, contract: Contract | None = None,
            stamps: Mapping[str, str] | None = None, progress: Progress | None = None,
            namespace: str = '', shown_s: float | Mapping[str, float] | None = None,
            split: Split | None = None, joined_s: float | None = None,
            spread: Spread | None = None,
            publish: Callable[[Path], None] = lambda _: None) -> ConvertResult:
    """Convert bags into one dataset, which appears or changes as a whole.

    Each recording is first made into a part beside the dataset; one that was ended before its
    dataset was there goes on with the parts that are there.

    Args:
        bags: Bag directories or folders of them, here or in a bucket.
        out: The dataset's folder.
        append: Add to a dataset that exists; bags that are in it already are skipped.
        trim_idle: Leave out the ends of an episode in which the arm stands still.
        skip_bad: Go on without bags that cannot be read.
        contract: For bags that carry none.
        stamps: Which clock to believe per topic in place of the contract's, see `stamped_by`.
        progress: Called with the bag, the number of bags done and their total; False cancels.
        namespace: Of the robot in bags that do not say it; see `bags.topics`.
        shown_s: The arm was moved by hand: the action of a row is its state so much later [s],
            see `Shown`, or that of some joints, see `PartlyShown`; what it was told when None.
        split: Which episodes are in each bag; each bag is one when None.
        joined_s: The bags are pieces of one recording, at most so far apart [s].
        spread: Where the bags are converted; in this process when None. It makes no difference to
            the dataset.
        publish: Called with the dataset's folder before the parts are removed.

    Raises:
        BagError: A bag is missing or damaged, its clocks contradict each other, it gives no row,
            or none that says what was commanded; it is in the dataset in another cut.
        BucketError: A bucket cannot be asked.
        ConfigError: `stamps` names what is no stream, or `split` does not fit the bags.
        ContractMismatchError: The bags were recorded with different robots.
        DatasetError: The dataset exists already, cannot be written, or would be empty.
        WorkError: Processes or machines were lost again and again.
        Cancelled: `progress` returned False.
    """
    pieces, skipped = _find(bags)
    whole = recordings(pieces, joined_s)
    parts = out.parent / f'.{out.name}.parts'
    jobs = [Job(tuple(each), parts) for each in whole]
    if split:
        split.require([Path(job.label) for job in jobs])
    extend = _check_target(out, append)
    result, warnings, spread = ConvertResult(skipped=skipped), Warnings(), spread or Here()
    with _kept_until_done(parts):
        with replacing(out) as folder:
            writer = DatasetWriter.onto(folder, out) if extend else DatasetWriter(folder)
            plan = Plan(trim_idle, skip_bad, contract, stamps, namespace, shown_s, split, joined_s,
                        *((frozenset(writer.sources), writer.deleted, writer.contract,
                           frozenset(writer.cameras)) if extend else ()))
            jobs = [job._replace(folder=parts / key(plan, job.pieces), carried=not spread.disk)
                    for job in jobs]
            report = Reporter(progress, [Path(job.label) for job in jobs])
            result.before = sum(job.folder.is_dir() for job in jobs)
            for part in _parts(jobs, plan, spread, report):
                _add(part, writer, result, warnings, skip_bad)
            result.episodes, result.warnings = len(writer.added), warnings.texts()
            if not writer.episodes:
                raise DatasetError(f'{out}: no episode to write: ' + '; '.join(
                    f'{path.name}: {reason}' for path, reason in result.skipped))
            writer.finish()
        publish(out)
    return result


def _find(bags: Sequence[Path]) -> tuple[list[Piece], list[tuple[Path, str]]]:
    pieces: list[Piece] = []
    skipped: list[tuple[Path, str]] = []
    for path in bags:
        if url := url_of(path):
            remote, left_out = find_remote(url)
            pieces += remote
            skipped += ((Path(place), why) for place, why in left_out)
        else:
            found = find_bags([path])
            pieces += found.bags
            skipped += found.skipped
    return list(dict.fromkeys(pieces)), skipped


@contextmanager
def _kept_until_done(parts: Path) -> Iterator[None]:
    """Remove the parts of a dataset once nobody needs them to go on."""
    try:
        yield
    except Cancelled:
        shutil.rmtree(parts, ignore_errors=True)
        raise
    except BaseException:
        for part in parts.iterdir() if parts.is_dir() else ():
            if not any(part.glob('*.npz')):     # no episode: to be tried again
                shutil.rmtree(part, ignore_errors=True)
        with suppress(OSError):
            parts.rmdir()   # if there are none
        raise
    shutil.rmtree(parts, ignore_errors=True)


def _parts(jobs: Sequence[Job], plan: Plan, spread: Spread, report: Reporter) -> Iterator[Part]:
    """Yield the part of each recording in order, as it is there."""
    missing = [job for job in jobs if not job.folder.is_dir()]
    ask: Ask = report
    with closing(spread.done(partial(make_part, plan), missing, ask)) as made:
        for number, job in enumerate(jobs):
            report.done = number
            report()
            while not job.folder.is_dir():
                done, files = next(made)
                if files is not None:
                    unpack(files, missing[done].folder)
            part = Part.read(job.folder)
            if part.bad and not plan.skip_bad:
                shutil.rmtree(job.folder)
                raise BagError(part.bad[1])
            yield part


def _add(part: Part, writer: DatasetWriter, result: ConvertResult, warnings: Warnings,
         skip_bad: bool) -> None:
    """Give the episodes of a recording their numbers in the dataset."""
    result.skipped += ((Path(path), reason) for path, reason in part.skipped)
    result.notes += ((Path(path), note) for path, note in part.notes)
    for taken in part.taken:
        path = Path(taken.path)
        writer.require(taken.episode.contract, taken.path)
        if reason := _twice(taken, writer):
            if reason != ALREADY and not skip_bad:
                raise BagError(reason)
            result.skipped.append((path, reason))
            continue
        writer.take(taken.episode)
        writer.describe(taken.values)
        warnings.look_at(taken, writer.contract)
        result.frames += len(taken.episode)
        result.notes += ((path, note) for note in taken.notes)


def _twice(taken: Taken, writer: DatasetWriter) -> str:
    """Return why an episode must not be added: another bag of this conversion gave its rows."""
    if taken.name in writer.sources:
        return ALREADY
    known = why_known(taken.name, writer.sources)
    return f'{taken.path}: {known}' if known else ''


def _check_target(out: Path, append: bool) -> bool:
    """Tell whether there is a dataset to extend."""
    if (out / schema.INFO_FILE).is_file():
        if not append:
            raise DatasetError(f'{out} exists already and is not overwritten; '
                               'add --append to extend it, or choose another folder')
        return True
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise DatasetError(f'{out} exists already and is no dataset; choose another folder')
    return False
