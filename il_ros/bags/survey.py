"""The headers of a bag's streams, in one pass before anything is decoded."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from il_ros.bags.clocks import (
    clock_doubts,
    clock_problem,
    command_streams,
    compare,
    rate_problem,
    StreamClock,
)
from il_ros.bags.reader import Bag
from il_ros.contract import Stream
from il_ros.errors import BagError
from il_ros.timing import SECOND, to_ns, to_s
import numpy as np

LONGEST_PAUSE_NS = 86_400 * SECOND
LEAST_COVERAGE = 0.5    # share of the ticks for which a stream has to have a sample
SURE_COVERAGE = 0.8     # by rate; what is lost with more is lost to pauses
GOOD_COVERAGE = 0.98    # with less, a person is told


@dataclass(frozen=True)
class Survey:
    """When the streams of an episode spoke.

    Attributes:
        streams: Which.
        clocks: Per topic that spoke.
        spans: Log times of each stream's first and last message [ns].
        pauses: The longest time without a message of each stream, and when it began [ns].
        commands: Topics of trajectories that say when they begin, and are in `clocks` alone.
    """

    streams: tuple[Stream, ...]
    clocks: Mapping[str, StreamClock]
    spans: Mapping[str, tuple[int, int]]
    pauses: Mapping[str, tuple[int, int]]
    commands: tuple[Stream, ...] = ()

    @staticmethod
    def of(bag: Bag, topics: Iterable[str], *, commands: bool = False) -> Survey:
        """Read the headers of some streams of the bag's contract, and of its command topics.

        Raises:
            BagError: The bag is damaged.
        """
        wanted = set(topics)
        streams = tuple(s for s in bag.contract.streams if s.topic in wanted)
        told = command_streams(bag.contract) if commands else ()
        found: dict[str, tuple[list[int], list[int]]] = {
            s.topic: ([], []) for s in (*streams, *told)}
        for topic, log_ns, header_ns in bag.stamps(list(found)):
            found[topic][0].append(log_ns)
            found[topic][1].append(header_ns)
        times = {topic: (np.array(log, np.int64), np.array(header, np.int64))
                 for topic, (log, header) in found.items() if log}
        begins = {s.topic: times.pop(s.topic) for s in told if s.topic in times}
        said = {topic: (log, np.where(header, header, log))
                for topic, (log, header) in begins.items() if header.any()}
        pauses = {topic: np.diff(log) for topic, (log, _) in times.items() if len(log) > 1}
        return Survey(
            streams,
            {s.topic: compare(s, *(times | said)[s.topic])
             for s in (*streams, *told) if s.topic in times | said},
            {topic: (int(log[0]), int(log[-1])) for topic, (log, _) in times.items()},
            {topic: (int(wait.max()), int(times[topic][0][wait.argmax()]))
             for topic, wait in pauses.items()},
            told)

    def check(self, where: str) -> None:
        """Check that rows can be made of the streams.

        Args:
            where: The bag, for texts.

        Raises:
            BagError: A clock is wrong and believed, time leaps, or a stream is too slow.
        """
        for stream in self.streams:
            if stream.topic in self.clocks:
                pause_ns, since_ns = self.pauses.get(stream.topic, (0, 0))
                problem = (pause_problem(pause_ns, since_ns)
                           or clock_problem(stream, self.clocks[stream.topic])
                           or rate_problem(stream, self.clocks[stream.topic], LEAST_COVERAGE))
                if problem:
                    raise BagError(f'{where}: {stream.topic}: {problem}')
        for stream in self.commands:
            if (clock := self.clocks.get(stream.topic)) and (
                    problem := clock_problem(stream, clock)):
                raise BagError(f'{where}: {stream.topic}: {problem}')

    def check_losses(self, where: str, lost: Mapping[str, int], ticks: int) -> None:
        """Check that no stream was too slow for most of the ticks.

        Args:
            where: The bag, for texts.
            lost: Ticks without a sample per topic.
            ticks: Of `ticks`.

        Raises:
            BagError: One was; pauses do not count.
        """
        for stream in self.streams if ticks else ():
            clock, found = self.clocks.get(stream.topic), 1 - lost.get(stream.topic, 0) / ticks
            if clock and clock.coverage(stream) < SURE_COVERAGE and (
                    problem := rate_problem(stream, clock, LEAST_COVERAGE, found)):
                raise BagError(f'{where}: {stream.topic}: {problem}')

    def notes(self) -> list[str]:
        """Return what a person ought to know of streams that `check` lets pass."""
        found = {s.topic: [clock_doubts(self.clocks[s.topic]),
                           rate_problem(s, self.clocks[s.topic], GOOD_COVERAGE)]
                 for s in self.streams if s.topic in self.clocks}
        found |= {s.topic: [clock_doubts(self.clocks[s.topic])]
                  for s in self.commands if s.topic in self.clocks}
        return [f'{topic}: {text}' for topic, texts in found.items() for text in texts if text]

    def ticks(self, bag: Bag) -> range:
        """Return the ticks of the bag's grid at which all streams can have a sample."""
        period_ns = bag.contract.period_ns
        count = (bag.end_ns - 1 - bag.start_ns) // period_ns
        if set(self.spans) != {stream.topic for stream in self.streams}:
            return range(0)
        first = max((span[0] for span in self.spans.values()), default=bag.start_ns)
        # A stamp may lie ahead of its arrival by the greatest age.
        last = min((self.spans[s.topic][1] + 2 * to_ns(s.max_age_s) for s in self.streams),
                   default=bag.end_ns)
        return range(max(0, -(-(first - bag.start_ns) // period_ns)),
                     min(count, (last - bag.start_ns) // period_ns + 1))

    def limits(self, bag: Bag) -> tuple[tuple[str, str], tuple[str, str]]:
        """Return which stream begins last and which ends first, each with a text."""
        for stream in self.streams:
            if stream.topic not in self.spans:
                return ((stream.topic, 'no message yet'),) * 2
        late = max(self.spans, key=lambda topic: self.spans[topic][0])
        early = min(self.spans, key=lambda topic: self.spans[topic][1])
        if self.spans[late][0] > self.spans[early][1]:
            return ((late, f'its first message comes when {early} has ended already'),) * 2
        begins_s = to_s(self.spans[late][0] - bag.start_ns)
        ends_s = to_s(bag.end_ns - 1 - self.spans[early][1])
        return ((late, f'its first message comes {begins_s:.3f} s after the begin of the bag'),
                (early, f'its last message comes {ends_s:.3f} s before the end of the bag'))


def pause_problem(pause_ns: int, since_ns: int) -> str:
    """Return that time leaps between two messages, '' if it does not."""
    if pause_ns <= LONGEST_PAUSE_NS:
        return ''
    return (f'no message from {_date(since_ns)} to {_date(since_ns + pause_ns)} (recorded times): '
            "the recorder's clock was set, or these are two recordings; cut the bag there "
            '(il_ros convert --split gap:60)')


def _date(ns: int) -> str:
    return str(np.datetime64(ns // SECOND, 's'))
