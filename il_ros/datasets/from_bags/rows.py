"""One bag as dataset rows: an observation per tick and what was commanded until the next."""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from il_ros.alignment.aligner import Aligner
from il_ros.alignment.reader import StreamReader
from il_ros.alignment.stamps import sample_ns
from il_ros.angles import Angles
from il_ros.bags.reader import Bag, Stamped
from il_ros.bags.survey import Survey
from il_ros.contract import Contract
from il_ros.datasets.from_bags.commanded import Commanded
from il_ros.datasets.from_bags.idle import margin_ticks, motion
from il_ros.datasets.from_bags.packets import may_pass, PacketReader
from il_ros.datasets.from_bags.shown import Shown
from il_ros.datasets.from_bags.watched import Asked, Watched
from il_ros.datasets.schema import UNKNOWN
from il_ros.errors import MessageError
from il_ros.types import Floats, Observation
import numpy as np
from numpy.typing import NDArray

UNTOLD = 'action'


@dataclass(frozen=True)
class Row:
    """What the dataset keeps of one tick.

    Attributes:
        tick: Index on the grid of the bag; jumps where there was no observation.
        observation: Newest samples at the tick.
        action: Last command sent until the next tick, within half a turn of the observed state
            where a joint turns without end. Shape (J,).
        policy_action: What the policy wanted at the next tick, NaN where silent. Shape (J,).
        source: Who the action came from: a `ControlSource`, `LABELLED` or `GUIDED`.
        intervention: Whether a person corrected the policy.
        asked: Whether a watcher of the policy wanted a person, and why.
        limited_by: The rule by which the gate changed the command, an index of `LIMITED_BY`.
        sources: Who each joint's action came from, where a person corrected a part of the robot
            and the policy kept the rest; None where all of it is `source`'s. Shape (J,).
    """

    tick: int
    observation: Observation
    action: Floats
    policy_action: Floats
    source: int
    intervention: bool
    asked: Asked = Asked()
    limited_by: int = UNKNOWN
    sources: NDArray[np.int64] | None = None


@dataclass
class Losses:
    """What did not become rows, and why."""

    ticks: Counter[str] = field(default_factory=Counter)        # per topic without a sample
    messages: Counter[str] = field(default_factory=Counter)     # per topic, refused
    absences: dict[str, str] = field(default_factory=dict)      # why, per topic
    refusals: dict[str, str] = field(default_factory=dict)

    def outside(self, ticks: range, count: int, begin: tuple[str, str],
                end: tuple[str, str]) -> None:
        """Note the ticks of a grid before the last stream begins and after the first one ends.

        Args:
            ticks: Those in between.
            count: Of the grid.
            begin: Topic that begins last, and what to say of it.
            end: Topic that ends first, and what to say of it.
        """
        before = ticks.start if ticks else count
        after = count - ticks.stop if ticks else 0
        for lost, (topic, reason) in ((before, begin), (after, end)):
            if lost:
                self.ticks[topic] += lost
                self.absences.setdefault(topic, reason)

    def within(self, ticks: Counter[str], why: Mapping[str, str]) -> None:
        """Note the ticks in between, per topic without a sample, and why there was none."""
        for topic, count in ticks.items():
            if count > self.ticks[topic]:
                self.absences[topic] = why[topic]
        self.ticks += ticks

    def reason(self) -> str:
        """Return why most ticks or messages were lost; empty where none was."""
        if self.messages:
            return self.refusals[self.messages.most_common(1)[0][0]]
        if self.ticks:
            topic = self.ticks.most_common(1)[0][0]
            return f'{topic}: {self.absences[topic]}'
        return ''


def episode_rows(bag: Bag, cameras: Sequence[str] = (), losses: Losses | None = None,
                 survey: Survey | None = None, commanded: Commanded | Shown | None = None,
                 packets: bool = False) -> Iterator[Row]:
    """Yield a row per tick of the contract's period over the log times, where all streams speak.

    Args:
        bag: The episode.
        cameras: Whose images the observations have.
        losses: Takes what does not become rows.
        survey: Of the streams, where it was made already.
        commanded: What the robot was told; as `Commanded` finds it when None.
        packets: Whether images may be a `Packet` where the bag holds H.264.

    Raises:
        BagError: The bag is damaged, its clocks contradict each other, or nothing says what the
            robot was told.
    """
    losses = losses if losses is not None else Losses()
    aligner, commanded = Aligner(bag.contract, cameras), commanded or Commanded(bag)
    survey = survey or Survey.of(bag, aligner.topics, commands=commanded.direct)
    survey.check(str(bag.path))
    watched, angles = Watched(), Angles.of(bag.contract)
    feed = _Feed(bag.messages({*aligner.topics, *commanded.topics, *watched.topics}), aligner,
                 commanded, watched, losses, packets)
    period_ns = bag.contract.period_ns
    ticks = survey.ticks(bag)
    inside, why = Counter[str](), dict[str, str]()
    losses.outside(ticks, (bag.end_ns - 1 - bag.start_ns) // period_ns, *survey.limits(bag))
    for tick in ticks:
        tick_ns = bag.start_ns + tick * period_ns
        feed.until(tick_ns)
        observation, next_ns = aligner.observe(tick_ns), tick_ns + period_ns
        if isinstance(observation, Observation):
            state = observation.state
            commanded.measure(state)
        feed.until(next_ns)
        if isinstance(observation, Observation):
            action = commanded.action(state, next_ns)
            if action is None:
                inside[UNTOLD] += 1
                why.setdefault(UNTOLD, 'the arm was not measured when the action is due')
                continue
            yield Row(tick, observation, angles.near(action, state),
                      angles.near(commanded.policy_action(next_ns), state),
                      commanded.source, commanded.intervention, watched.asked(next_ns),
                      commanded.limited_by, commanded.sources)
        else:
            inside[observation.topic] += 1
            why.setdefault(*observation)
    losses.within(inside, why)
    survey.check_losses(str(bag.path), inside, len(ticks))
    feed.until(bag.end_ns)      # to the end, so that the reader can compare its counts
    for topic in bag.contract.state_topics:
        if problem := feed.reader.states.problem(topic):
            losses.absences[topic] = problem


def moving_ticks(rows: Iterable[Row], contract: Contract) -> range:
    """Return the ticks between the idle ends of an episode, with a margin; empty if none moves."""
    found = [(row.tick, row.observation.state) for row in rows]
    span = motion(np.array([state for _, state in found]), contract,
                  np.array([tick for tick, _ in found])) if found else None
    if span is None:
        return range(0)
    margin = margin_ticks(contract)
    return range(found[span[0]][0] - margin, found[span[1]][0] + margin + 1)


class _Feed:
    """Hands messages to the aligner, `Commanded` and `Watched` up to a time."""

    def __init__(self, messages: Iterator[Stamped], aligner: Aligner, commanded: Commanded | Shown,
                 watched: Watched, losses: Losses, packets: bool) -> None:
        self.messages, self.losses = messages, losses
        self.aligner, self.commanded, self.watched = aligner, commanded, watched
        self.streams = {stream.topic: stream for stream in aligner.contract.streams}
        self.reader = StreamReader(aligner.contract, {
            camera.topic: PacketReader(camera) for camera in aligner.contract.cameras
            if packets and may_pass(camera)})
        self.next = next(messages, None)

    def until(self, end_ns: int) -> None:
        while self.next is not None and self.next.log_ns <= end_ns:
            try:
                self._push(self.next)
            except MessageError as error:
                self.losses.messages[self.next.topic] += 1
                self.losses.refusals.setdefault(self.next.topic, str(error))
            self.next = next(self.messages, None)

    def _push(self, stamped: Stamped) -> None:
        if stamped.topic in self.watched.topics:
            self.watched.push(stamped)
        if stamped.topic in self.commanded.topics:
            self.commanded.push(stamped)
        if stamped.topic not in self.aligner.topics:
            return
        message = stamped.message
        stamp_ns = sample_ns(self.streams[stamped.topic], message, stamped.log_ns)
        value = self.reader.read(stamped.topic, message)
        if value is not None:
            self.aligner.push(stamped.topic, stamp_ns, value)
