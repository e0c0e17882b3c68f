"""A part of a bag as if it were the bag."""
from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from il_ros.bags.episodes.spans import extent, Span
from il_ros.bags.reader import Bag
from il_ros.bags.storage import Sample
from il_ros.recording.topics import LATCHED

REPORT = 'control/report'


class View(Bag):
    """One episode of a bag; see `Bag`.

    It holds the messages of its time, and of what came before it the newest message of each topic
    that is latched. Where the robot is told something in it, so is the newest message on each
    command topic: the robot does what it was told until it is told something else. States,
    pictures and poses from before do not count.

    Args:
        whole: The bag, which stays open as long as its views are read.
        span: Which part of it.
        counts: Messages per topic within.
        before: The newest message of each of `carried` topics before it.
    """

    def __init__(self, whole: Bag, span: Span, counts: Mapping[str, int],
                 before: Mapping[str, Sample]) -> None:
        self._whole, self._span = whole, span
        self._storages, self._names, self.sources = whole._storages, whole._names, whole.sources
        self.path = whole.path.with_name(f'{whole.path.name}#{span.number}')
        self.info = replace(whole.info, task=span.task or whole.info.task,
                            outcome=span.outcome or whole.info.outcome)
        self.named, self.recorded = whole.named, range(span.start_ns, span.end_ns)
        self.start_ns, self.end_ns = span.start_ns, span.end_ns
        told = any(counts.get(topic) for topic in _told(whole))
        self._before = {name: sample for name, sample in before.items()
                        if told or name in LATCHED}
        self.counts = dict(Counter(counts) + Counter(self._before.keys()))

    def holds(self, missing: Collection[str] = ()) -> str:
        """Return which part of the bag this is, as the end of a text."""
        return f' from {extent(self._whole, self._span)} of {self._whole.path.name}'

    def stamps(self, topics: Collection[str]) -> Iterator[tuple[str, int, int]]:
        """See `Bag`; of what came before nothing is told."""
        return (found for found in super().stamps(topics) if found[1] >= self.start_ns)

    def samples(self, topics: Collection[str], since_ns: int = 0) -> Iterator[Sample]:
        """See `Bag`; what was told before comes first."""
        yield from sorted((sample for name, sample in self._before.items() if name in topics),
                          key=lambda sample: sample.log_ns)
        for sample in super().samples(topics, self.start_ns):
            if sample.log_ns >= self.end_ns:
                return
            if sample.log_ns >= self.start_ns:
                yield sample

    def close(self) -> None:
        """Leave the files to the bag."""


def views(bag: Bag, spans: Sequence[Span]) -> list[View]:
    """Return the episodes of a bag, after one pass over its messages.

    Args:
        bag: Open.
        spans: In the order of their times; none overlap.

    Raises:
        BagError: The bag is damaged.
    """
    carried = {*LATCHED, *_told(bag)}
    counts = [Counter[str]() for _ in spans]
    before: list[dict[str, Sample]] = [{} for _ in spans]
    newest: dict[str, Sample] = {}
    at = 0      # of the span that begins next
    for sample in bag.samples_named():
        while at < len(spans) and sample.log_ns >= spans[at].start_ns:
            before[at] = dict(newest)
            at += 1
        name = bag.name_of(sample.source)
        if at and sample.log_ns < spans[at - 1].end_ns:
            counts[at - 1][name] += 1
        if name in carried:
            newest[name] = sample
    return [View(bag, *parts) for parts in zip(spans, counts, before, strict=True)]


def _told(bag: Bag) -> list[str]:
    """Return the topics that say what the robot is told."""
    return [REPORT, *(c.topic for c in bag.contract.commands if c.topic)]
