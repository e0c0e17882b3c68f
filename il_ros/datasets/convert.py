"""Bags to a dataset."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

from il_ros.alignment.stamps import stamped_by
from il_ros.bags.episodes.split import Split
from il_ros.bags.files import content_hash
from il_ros.bags.find import find_bags
from il_ros.bags.join import name_of, open_pieces, recordings
from il_ros.bags.reader import Bag
from il_ros.bags.survey import Survey
from il_ros.contract import Contract
from il_ros.datasets import clocks, schema
from il_ros.datasets.files.atomic import replacing
from il_ros.datasets.from_bags.commanded import Commanded
from il_ros.datasets.from_bags.cut import ALREADY, cut, whole_digest, why_known
from il_ros.datasets.from_bags.partly_shown import PartlyShown
from il_ros.datasets.from_bags.rows import episode_rows, Losses, moving_ticks, Row
from il_ros.datasets.from_bags.shown import Shown
from il_ros.datasets.gaps import Gaps
from il_ros.datasets.reporting import Progress, Reporter, Warnings
from il_ros.datasets.writer import DatasetWriter
from il_ros.errors import BagError, DatasetError
from il_ros.timing import to_ns
from il_ros.types import ControlSource
import numpy as np

MOST_LOST = 0.2     # share of the ticks at the ends; a person is told of more
NOTHING_LEARNT = 'nothing can be learnt from them'


@dataclass
class ConvertResult:
    """What a conversion did.

    Attributes:
        episodes: Episodes added.
        frames: Rows added.
        skipped: Bags and folders left out, each with the reason.
        notes: What to look at in bags that were converted.
        warnings: What a person should look at before training.
    """

    episodes: int = 0
    frames: int = 0
    skipped: list[tuple[Path, str]] = field(default_factory=list)
    notes: list[tuple[Path, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def convert(bags: Sequence[Path], out: Path, *, append: bool = False, trim_idle: bool = False,
            skip_bad: bool = False, contract: Contract | None = None,
            stamps: Mapping[str, str] | None = None, progress: Progress | None = None,
            namespace: str = '', shown_s: float | Mapping[str, float] | None = None,
            split: Split | None = None, joined_s: float | None = None) -> ConvertResult:
    """Convert bags into one dataset, which appears or changes as a whole.

    Args:
        bags: Bag directories or folders of them.
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

    Raises:
        BagError: A bag is missing or damaged, its clocks contradict each other, it gives no row,
            or none that says what was commanded; it is in the dataset in another cut.
        ConfigError: `stamps` names what is no stream, or `split` does not fit the bags.
        ContractMismatchError: The bags were recorded with different robots.
        DatasetError: The dataset exists already, cannot be written, or would be empty.
        Cancelled: `progress` returned False.
    """
    found = find_bags(bags)
    whole = recordings(found.bags, joined_s)
    if split:
        split.require(list(map(name_of, whole)))
    extend = _check_target(out, append)
    result, warnings = ConvertResult(skipped=list(found.skipped)), Warnings()
    with replacing(out) as folder:
        writer = DatasetWriter.onto(folder, out) if extend else DatasetWriter(folder)
        for done, pieces in enumerate(whole):
            path = name_of(pieces)
            report = Reporter(progress, path, done, len(whole))
            report()
            digest = whole_digest(map(content_hash, pieces))
            if split is None and digest in writer.sources:
                result.skipped.append((path, ALREADY))
                continue
            with (_skipping(path, result, skip_bad),
                  open_pieces(pieces, contract, namespace, joined_s) as bag):
                bag.info = replace(bag.info, contract=stamped_by(bag.contract, stamps or {}))
                writer.require(bag.contract, str(path))
                episodes = cut(bag, split, digest, writer.sources)
                result.skipped += episodes.known
                result.notes += ((path, note) for note in episodes.notes)
                for episode, name in episodes.new:
                    if reason := writer.deleted.get(name):
                        result.skipped.append((episode.path, reason))
                        continue
                    with _skipping(episode.path, result, skip_bad):
                        if known := why_known(name, writer.sources):
                            raise BagError(f'{episode.path}: {known}')
                        added = _add(episode, writer, name, trim_idle, report,
                                     partial(_told, episode, shown_s))
                        warnings.look_at(episode, writer)
                        result.frames += added.frames
                        result.notes += ((episode.path, note) for note in added.notes)
        result.episodes, result.warnings = len(writer.added), warnings.texts()
        if not writer.episodes:
            raise DatasetError(f'{out}: no episode to write: ' + '; '.join(
                f'{path.name}: {reason}' for path, reason in result.skipped))
        writer.finish()
    return result


@contextmanager
def _skipping(path: Path, result: ConvertResult, skip_bad: bool) -> Iterator[None]:
    """Go on without what cannot be read, where that is wanted."""
    try:
        yield
    except BagError as error:
        if not skip_bad:
            raise
        result.skipped.append((path, str(error)))


class _Added(NamedTuple):
    frames: int
    notes: list[str]


def _add(bag: Bag, writer: DatasetWriter, digest: str, trim_idle: bool,
         report: Reporter, told: Callable[[], Commanded | Shown]) -> _Added:
    bag.require(bag.contract.topics)
    cameras = [camera.name for camera in bag.contract.cameras]
    losses, ticks, commanded = Losses(), list[int](), told()
    survey = Survey.of(bag, bag.contract.topics, commands=commanded.direct)
    rows = episode_rows(bag, cameras, losses, survey, commanded, packets=True)
    if trim_idle:
        moving = moving_ticks(episode_rows(bag, commanded=told()), bag.contract)
        rows = (row for row in rows if row.tick in moving)
    count = writer.add(_commanded(_noting(report.during(rows), ticks), bag, losses),
                       bag.contract,
                       bag.info.task or bag.contract.task, bag.info.outcome == 'success')
    if not count:
        raise BagError(f'{bag.path}: no complete observation: '
                       f'{losses.reason() or "the arm never moves"}')
    writer.describe({
        'source': bag.path.name,
        'source_hash': digest,
        'outcome': bag.info.outcome,
        'operator': bag.info.operator,
        **bag.info.rights.row,
        'drops': sum(bag.info.drops.values()),
        'refused_messages': sum(losses.messages.values()),
        'ticks_without_observation': sum(losses.ticks.values()),
        'recorded_ticks': (bag.end_ns - 1 - bag.start_ns) // bag.contract.period_ns,
        'stop_reason': bag.info.stop_reason,
        schema.CLOCKS: clocks.to_text(survey.clocks),
    })
    gaps, lost = Gaps.of(np.array(ticks)), sum(losses.ticks.values())
    between = gaps.text(bag.contract.rate_hz)
    return _Added(count, [
        *([f'{between}: training windows end there'] if between else []),
        *([f'{lost} of its {lost + count} ticks gave no row: {losses.reason()}']
          if lost - gaps.missing > MOST_LOST * (lost + count) else []), *survey.notes()])


def _told(bag: Bag, shown_s: float | Mapping[str, float] | None) -> Commanded | Shown:
    if isinstance(shown_s, Mapping):
        return PartlyShown(bag, {joint: to_ns(seconds) for joint, seconds in shown_s.items()})
    return Commanded(bag) if shown_s is None else Shown(bag, to_ns(shown_s))


def _noting(rows: Iterator[Row], ticks: list[int]) -> Iterator[Row]:
    for row in rows:
        ticks.append(row.tick)
        yield row


def _commanded(rows: Iterator[Row], bag: Bag, losses: Losses) -> Iterator[Row]:
    """Pass rows on, and see that somebody commanded something in one of them."""
    count = held = 0
    for row in rows:
        count, held = count + 1, held + (row.source == ControlSource.HOLD)
        yield row
    if count and count == held:
        refused = [text for topic, text in losses.refusals.items()
                   if topic not in bag.contract.topics]
        raise BagError(f'{bag.path}: nobody commanded anything that reached the robot in any of '
                       f'its {count} rows: {refused[0] if refused else NOTHING_LEARNT}')


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
