"""Bags to a dataset."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from il_ros.bags.find import find_bags
from il_ros.bags.reader import Bag, content_hash
from il_ros.contract import Contract
from il_ros.datasets import schema
from il_ros.datasets.atomic import replacing
from il_ros.datasets.rows import episode_rows, Losses, moving_ticks, Row
from il_ros.datasets.writer import DatasetWriter
from il_ros.errors import BagError, DatasetError

Progress = Callable[[Path, int, int], bool]
ROWS_BETWEEN_PROGRESS = 100
ALREADY = 'already in the dataset'


class Cancelled(DatasetError):
    """The caller ended the conversion; nothing was written."""


@dataclass
class ConvertResult:
    """What a conversion did.

    Attributes:
        episodes: Episodes added.
        frames: Rows added.
        skipped: Bags and folders left out, each with the reason.
    """

    episodes: int = 0
    frames: int = 0
    skipped: list[tuple[Path, str]] = field(default_factory=list)


def convert(bags: Sequence[Path], out: Path, *, append: bool = False, trim_idle: bool = False,
            skip_bad: bool = False, contract: Contract | None = None,
            progress: Progress | None = None) -> ConvertResult:
    """Convert bags into one dataset, which appears or changes as a whole.

    Args:
        bags: Bag directories or folders of them.
        out: The dataset's folder.
        append: Add to a dataset that exists; bags that are in it already are skipped.
        trim_idle: Leave out the ends of an episode in which the arm stands still.
        skip_bad: Go on without bags that cannot be read.
        contract: For bags that carry none.
        progress: Called with the bag, the number of bags done and their total; False cancels.

    Raises:
        BagError: A bag is missing or damaged, or gives no row.
        ContractMismatchError: The bags were recorded with different robots.
        DatasetError: The dataset exists already, cannot be written, or would be empty.
        Cancelled: `progress` returned False.
    """
    found = find_bags(bags)
    extend = _check_target(out, append)
    result = ConvertResult(skipped=list(found.skipped))
    with replacing(out) as folder:
        writer = DatasetWriter.onto(folder, out) if extend else DatasetWriter(folder)
        for done, path in enumerate(found.bags):
            report = _Reporter(progress, path, done, len(found.bags))
            report()
            digest = content_hash(path)
            if digest in writer.sources:
                result.skipped.append((path, ALREADY))
                continue
            try:
                with Bag(path, contract) as bag:
                    writer.require(bag.contract, str(path))
                    result.frames += _add(bag, writer, digest, trim_idle, report)
            except BagError as error:
                if not skip_bad:
                    raise
                result.skipped.append((path, str(error)))
        result.episodes = len(writer.added)
        if not writer.episodes:
            raise DatasetError(f'{out}: no episode to write: ' + '; '.join(
                f'{path.name}: {reason}' for path, reason in result.skipped))
        writer.finish()
    return result


def _add(bag: Bag, writer: DatasetWriter, digest: str, trim_idle: bool, report: _Reporter) -> int:
    cameras = [camera.name for camera in bag.contract.cameras]
    losses = Losses()
    rows = episode_rows(bag, cameras, losses)
    if trim_idle:
        moving = moving_ticks(episode_rows(bag), bag.contract)
        rows = (row for row in rows if row.tick in moving)
    count = writer.add(report.during(rows), bag.contract, bag.info.task or bag.contract.task,
                       bag.info.outcome == 'success')
    if not count:
        raise BagError(f'{bag.path}: no complete observation: '
                       f'{losses.reason() or "the arm never moves"}')
    writer.describe({
        'source': bag.path.name,
        'source_hash': digest,
        'outcome': bag.info.outcome,
        'operator': bag.info.operator,
        'drops': sum(bag.info.drops.values()),
        'refused_messages': sum(losses.messages.values()),
        'ticks_without_observation': sum(losses.ticks.values()),
        'recorded_ticks': (bag.end_ns - 1 - bag.start_ns) // bag.contract.period_ns,
        'stop_reason': bag.info.stop_reason,
    })
    return count


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


@dataclass
class _Reporter:
    """Asks `progress` whether to go on."""

    progress: Progress | None
    path: Path
    done: int
    total: int

    def __call__(self) -> None:
        if self.progress and not self.progress(self.path, self.done, self.total):
            raise Cancelled('cancelled; nothing was written')

    def during(self, rows: Iterator[Row]) -> Iterator[Row]:
        for number, row in enumerate(rows):
            if number % ROWS_BETWEEN_PROGRESS == 0:
                self()
            yield row
