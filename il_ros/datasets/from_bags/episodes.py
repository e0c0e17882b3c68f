"""The episodes of one recording, encoded."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from il_ros.alignment.stamps import stamped_by
from il_ros.bags.files import content_hash
from il_ros.bags.join import name_of, open_pieces
from il_ros.bags.reader import Bag
from il_ros.bags.survey import Survey
from il_ros.contract import require_same
from il_ros.datasets import clocks, schema
from il_ros.datasets.encoded import encode
from il_ros.datasets.from_bags.cut import ALREADY, cut, whole_digest, why_known
from il_ros.datasets.from_bags.led import commands_of, ONCE
from il_ros.datasets.from_bags.part import Part, Plan, Taken
from il_ros.datasets.from_bags.rows import episode_rows, Losses, moving_ticks, Row
from il_ros.datasets.gaps import Gaps
from il_ros.errors import BagError
from il_ros.types import ControlSource
import numpy as np

MOST_LOST = 0.2     # share of the ticks at the ends; a person is told of more
NOTHING_LEARNT = 'nothing can be learnt from them'
ROWS_BETWEEN_QUESTIONS = 100


@dataclass
class Recording:
    """Bags that are one recording, on this machine.

    Attributes:
        plan: What is asked of it.
        pieces: Its bags.
        ask: Called now and then; what it raises ends the work.
        folder: Receives the videos.
        told: Says of a text with paths in it what people know them by.
    """

    plan: Plan
    pieces: list[Path]
    ask: Callable[[], None]
    folder: Path
    told: Callable[[object], str]

    def part(self) -> Part:
        """Return what it gives.

        Raises:
            IlRosError: See `convert`; but what can be left out is in the part.
        """
        plan, path, part = self.plan, name_of(self.pieces), Part()
        digest = whole_digest(map(content_hash, self.pieces))
        if plan.split is None and digest in plan.known:
            part.skipped.append((self.told(path), ALREADY))
            return part
        with (self._skipping(path, part),
              open_pieces(self.pieces, plan.contract, plan.namespace, plan.joined_s) as bag):
            bag.info = replace(bag.info, contract=stamped_by(bag.contract, plan.stamps or {}))
            led = bag.info.led
            if led.lead_s and not led.hand_images and plan.shown_s is None:
                part.skipped.append((self.told(path), ONCE.format(lead_s=led.lead_s)))
                return part
            if plan.like:
                require_same(plan.like, bag.contract, 'the dataset', self.told(path))
            episodes = cut(bag, plan.split, digest, plan.known)
            part.skipped += ((self.told(each), reason) for each, reason in episodes.known)
            part.notes += ((self.told(path), note) for note in episodes.notes)
            for episode, name in episodes.new:
                if reason := (plan.deleted or {}).get(name):
                    part.skipped.append((self.told(episode.path), reason))
                    continue
                with self._skipping(episode.path, part):
                    if known := why_known(name, plan.known):
                        raise BagError(f'{episode.path}: {known}')
                    part.taken.append(self._episode(episode, name, len(part.taken)))
                if part.bad:
                    break
        return part

    @contextmanager
    def _skipping(self, path: Path, part: Part) -> Iterator[None]:
        """Note what cannot be read, and that it ends the work where nobody said to go on."""
        try:
            yield
        except BagError as error:
            found = self.told(path), self.told(error)
            if self.plan.skip_bad:
                part.skipped.append(found)
            else:
                part.bad = found

    def _episode(self, bag: Bag, name: str, number: int) -> Taken:
        bag.require(bag.contract.topics)
        cameras = [camera.name for camera in bag.contract.cameras]
        losses, ticks = Losses(), list[int]()
        commanded = commands_of(bag, self.plan.shown_s)
        survey = Survey.of(bag, bag.contract.topics, commands=commanded.direct)
        rows = episode_rows(bag, cameras, losses, survey, commanded, packets=True)
        if self.plan.trim_idle:
            moving = moving_ticks(episode_rows(bag, commanded=commands_of(
                bag, self.plan.shown_s)), bag.contract)
            rows = (row for row in rows if row.tick in moving)
        episode = encode(
            _commanded(self._noting(rows, ticks), bag, losses), bag.contract,
            bag.info.task or bag.contract.task, bag.info.outcome == 'success',
            self.folder / str(number),
            cameras if self.plan.cameras is None else self.plan.cameras)
        if episode is None:
            raise BagError(f'{bag.path}: no complete observation: '
                           f'{losses.reason() or "the arm never moves"}')
        gaps, lost, count = Gaps.of(np.array(ticks)), sum(losses.ticks.values()), len(episode)
        between = gaps.text(bag.contract.rate_hz)
        return Taken(self.told(bag.path), name, episode, {
            'source': bag.path.name,
            'source_hash': name,
            'outcome': bag.info.outcome,
            'operator': bag.info.operator,
            **bag.info.rights.row,
            'drops': sum(bag.info.drops.values()),
            'refused_messages': sum(losses.messages.values()),
            'ticks_without_observation': lost,
            'recorded_ticks': (bag.end_ns - 1 - bag.start_ns) // bag.contract.period_ns,
            'stop_reason': bag.info.stop_reason,
            schema.CLOCKS: clocks.to_text(survey.clocks),
        }, [
            *([f'{between}: training windows end there'] if between else []),
            *([f'{lost} of its {lost + count} ticks gave no row: {losses.reason()}']
              if lost - gaps.missing > MOST_LOST * (lost + count) else []),
            *survey.notes()], bag.named.namespace if bag.named.found else '')

    def _noting(self, rows: Iterator[Row], ticks: list[int]) -> Iterator[Row]:
        for number, row in enumerate(rows):
            if number % ROWS_BETWEEN_QUESTIONS == 0:
                self.ask()
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
