"""Where the episodes of a bag begin and end."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from il_ros.bags.reader import Bag
from il_ros.errors import BagError
from il_ros.timing import MILLISECOND, to_s

DISCARDED = 'discard'           # in place of an outcome
ROUNDING_NS = 100 * MILLISECOND  # so far a written time may lie outside its bag


@dataclass(frozen=True)
class Span:
    """One episode: [start_ns, end_ns) of a bag's log times.

    Attributes:
        number: In the order of their times, from 1 on; what is discarded counts.
        task: Its task text; the bag's when empty.
        outcome: Its outcome, or `DISCARDED`; the bag's when empty.
    """

    number: int
    start_ns: int
    end_ns: int
    task: str = ''
    outcome: str = ''


class Mark(NamedTuple):
    """Something that begins an episode or ends the one that runs."""

    at_ns: int
    begins: bool
    task: str = ''
    outcome: str = ''


@dataclass(frozen=True)
class Found:
    """The episodes of one bag, and what a person ought to know of them."""

    spans: list[Span]
    notes: list[str] = field(default_factory=list)


def between(marks: Sequence[Mark], bag: Bag) -> Found:
    """Return the episodes between marks.

    A beginning within an episode ends it; what is never ended ends with the bag. Both are noted,
    and so is an end where nothing runs, unless it labels the episode that has just ended.

    Args:
        marks: In the order of their times.
        bag: Theirs.
    """
    spans: list[Span] = []
    notes: list[str] = []
    running: Mark | None = None

    def end(mark: Mark, why: str = '') -> None:
        assert running is not None
        span = Span(len(spans) + 1, running.at_ns, mark.at_ns, running.task, mark.outcome)
        spans.append(span)
        if why:
            notes.append(f'#{span.number}, begun {seconds(bag, span.start_ns)}, is never ended: '
                         f'it goes to {why}')

    for mark in marks:
        if mark.begins:
            if running:
                end(Mark(mark.at_ns, False), 'the begin of the next')
            running = mark
        elif running:
            end(mark)
            running = None
        elif mark.outcome and spans and not spans[-1].outcome:
            last = spans.pop()
            spans.append(Span(last.number, last.start_ns, last.end_ns, last.task, mark.outcome))
        else:
            notes.append(f'the end {seconds(bag, mark.at_ns)} ends nothing: no episode runs there')
    if running:
        end(Mark(bag.recorded.stop, False), 'the end of the bag')
    return Found(spans, notes)


def checked(found: Found, bag: Bag, how: str) -> Found:
    """Return the episodes to convert; what lies in none of them is noted.

    Args:
        found: In the order of their times.
        bag: Theirs.
        how: As it was asked for, for errors.

    Raises:
        BagError: There is none, or two overlap, or one is empty or outside the bag.
    """
    where, recorded = f'{bag.path}: {how}', bag.recorded
    spans = [_within(span, bag, where) for span in found.spans]
    for one, other in zip(spans, spans[1:], strict=False):
        if other.start_ns < one.end_ns:
            raise BagError(f'{where}: #{one.number}, {extent(bag, one)}, and #{other.number}, '
                           f'{extent(bag, other)}, overlap: no moment may be in two episodes')
    kept = [span for span in spans if span.outcome != DISCARDED]
    if not kept:
        raise BagError(f'{where}: ' + ('every episode in it is discarded' if spans else
                                       'no episode begins in it'))
    edges = [recorded.start, *(t for s in spans for t in (s.start_ns, s.end_ns)), recorded.stop]
    before, *middle, after = [to_s(b - a) for a, b in zip(edges[::2], edges[1::2], strict=True)]
    parts = {'before the first': before, 'between them': sum(middle), 'after the last': after,
             'discarded': sum(to_s(s.end_ns - s.start_ns) for s in spans if s not in kept)}
    told = ', '.join(f'{value:.1f} s {name}' for name, value in parts.items() if value >= 0.05)
    return Found(kept, [*found.notes, *([
        f'{sum(parts.values()):.1f} of its {to_s(len_ns(recorded)):.1f} s are in no episode: '
        f'{told}'] if told else [])])


def _within(span: Span, bag: Bag, where: str) -> Span:
    recorded = bag.recorded
    if span.end_ns <= span.start_ns:
        raise BagError(f'{where}: #{span.number}, {extent(bag, span)}, '
                       + ('is empty' if span.end_ns == span.start_ns else
                          'ends before it begins'))
    if (span.start_ns < recorded.start - ROUNDING_NS or span.start_ns >= recorded.stop
            or span.end_ns > recorded.stop + ROUNDING_NS):
        raise BagError(f'{where}: #{span.number}, {extent(bag, span)}, lies outside the bag, '
                       f'which goes from 0 to {to_s(len_ns(recorded)):.3f} s')
    return Span(span.number, max(span.start_ns, recorded.start), min(span.end_ns, recorded.stop),
                span.task, span.outcome)


def len_ns(times: range) -> int:
    """Return how long a range is [ns]; len() takes no more than its own word holds."""
    return times.stop - times.start


def extent(bag: Bag, span: Span) -> str:
    """Return from when to when an episode goes, in seconds from the bag's start."""
    first_ns = bag.recorded.start
    return f'{to_s(span.start_ns - first_ns):.3f} to {to_s(span.end_ns - first_ns):.3f} s'


def seconds(bag: Bag, at_ns: int) -> str:
    """Return a time as seconds from the bag's start."""
    return f'at {to_s(at_ns - bag.recorded.start):.3f} s'
