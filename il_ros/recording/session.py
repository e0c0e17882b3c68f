"""The recorder without ROS: streams in, episodes out."""
from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from pathlib import Path

from il_ros.contract import ARRIVAL, Contract
from il_ros.errors import BagError, RecordingError
from il_ros.recording import cdr
from il_ros.recording.definitions import message_definition
from il_ros.recording.health import GapCounter, Health, JointHealth, StreamHealth
from il_ros.recording.metadata import EpisodeInfo, Led, OUTCOMES, Topic
from il_ros.recording.recover import recover
from il_ros.recording.store import EpisodeStore
from il_ros.recording.task_list import TaskList
from il_ros.recording.writer import EpisodeWriter, Limits
from il_ros.rights import Rights
from il_ros.timing import MILLISECOND, SECOND, to_ns, to_s
from il_ros.types import ControlSource

COMMAND_TOPIC = 'control/command'
BACK_NS, AHEAD_NS = 100 * MILLISECOND, SECOND    # what is no jump of ROS time; see `_jump`
SEQUENCED = ('il_ros/msg/TeleopCommand', 'il_ros/msg/ActionChunk', 'il_ros/msg/Command')


class State(IntEnum):
    """What the recorder does; the values of `CaptureStatus.state`."""

    IDLE = 0
    RECORDING = 1
    FINALISING = 2


@dataclass(frozen=True)
class Closed:
    """One closed episode.

    Attributes:
        path: Where it lies now.
        note: What the person should know; empty when all is well.
    """

    path: Path
    note: str = ''


class Recorder:
    """Follows the streams all the time and writes them while an episode runs.

    Attributes:
        rights, led: What is stated of the episodes that start from now on.
        tasks: What the episodes are of.
        task_told: Where the newest episode stands in a list of tasks; '' without one.
        jump: How ROS time jumped in the running episode, which then takes nothing more, or ''.
    """

    def __init__(self, contract: Contract, topics: Sequence[Topic], store: EpisodeStore,
                 operator: str = '', task: str = '', limits: Limits | None = None) -> None:
        self.contract, self.topics, self.store = contract, list(topics), store
        self.limits = limits or Limits()
        self.operator, self.tasks, self.task_told = operator, TaskList(contract.task), ''
        self.tasks.change(task)
        for topic in topics:
            message_definition(topic.type)      # an unknown type is an error now, not mid-episode
        self.state, self.episode, self.closed, self.jump = State.IDLE, '', 0, ''
        self.rights, self.led, self.start_ns = Rights(), Led(), 0
        expected = {s.topic: (s.rate_hz, 0 if s.stamp == ARRIVAL else to_ns(s.max_age_s))
                    for s in contract.streams}
        self.health = {t.name: StreamHealth(t.resolved, *expected.get(t.name, (0.0, 0)))
                       for t in topics}
        for topic in topics:
            states = contract.state_topics.get(topic.name, [])
            if states and states[0].fields is None:
                self.health[topic.name] = JointHealth(
                    topic.resolved, *expected[topic.name],
                    joints=tuple(joint for state in states for joint in state.joints))
        self._kept = {t.name for t in topics if t.latched}
        self._sequenced = {t.name for t in topics if t.type in SEQUENCED}
        self._gaps = {t.name: GapCounter() for t in topics}
        self._latched, self._sources = dict[str, bytes](), Counter[str]()
        self._writer: EpisodeWriter | None = None
        self._clocks: tuple[int, int] | None = None
        self._info = EpisodeInfo(contract)

    @property
    def duration_ns(self) -> int:
        """ROS time from the start to the newest message of the running episode."""
        newest = max((h.times[-1] for h in self.health.values() if h.times), default=self.start_ns)
        return max(newest - self.start_ns, 0) if self._writer else 0

    @property
    def taken_bytes(self) -> int:
        """Bytes taken into the running episode."""
        return self._writer.bytes if self._writer else 0

    @property
    def failure(self) -> str:
        """Why the running episode must be stopped; empty when it need not."""
        return (self._writer.failure or self.jump) if self._writer else ''

    def offer(self, topic: Topic) -> None:
        """Take over what is now known of a topic's publishers, for the next episode."""
        self.topics = [topic if t.name == topic.name else t for t in self.topics]

    def arrived(self, name: str, data: bytes, log_ns: int, now_ns: int,
                seq: int | None = None) -> None:
        """Take one message.

        Args:
            name: Topic, as the contract or the design names it.
            data: Its serialised bytes.
            log_ns: ROS time of arrival.
            now_ns: Steady time of arrival.
            seq: Which message of its publisher this is; None where the transport does not know,
                or there are several. What il_ros sends carries a number of its own.
        """
        self.health[name].arrived(data, log_ns, now_ns)
        if name in self._sequenced:
            if sender := cdr.sender(data):
                self._gaps[name].arrived(sender.session, sender.seq)
        elif seq is not None:
            self._gaps[name].arrived(b'', seq)
        if name in self._kept:
            self._latched[name] = data
        before, self._clocks = self._clocks, (log_ns, now_ns)
        if self._writer is None:
            return
        if before:
            self.jump = self.jump or _jump(log_ns - before[0], now_ns - before[1])
        if self.jump:
            return
        if name == COMMAND_TOPIC and (source := cdr.command_source(data)) is not None:
            known = source in tuple(ControlSource)
            self._sources[ControlSource(source if known else ControlSource.HOLD).name.lower()] += 1
        self._writer.write(name, log_ns, data)

    def check(self, now_ns: int) -> dict[str, Health]:
        """Return the health of every stream at steady time `now_ns`."""
        return {name: health.check(now_ns) for name, health in self.health.items()}

    def start(self, log_ns: int, now_ns: int, reason: str = '', name: str = '',
              task: str = '', operator: str = '') -> Path:
        """Start an episode.

        Args:
            log_ns: ROS time.
            now_ns: Steady time.
            reason: Why, for the metadata.
            name: Name of the episode; the next free number when empty.
            task, operator: Of this episode alone; those of the recorder when empty.

        Returns:
            The `.partial` folder.

        Raises:
            RecordingError: One runs already, a required stream is not well, or the disk refuses.
        """
        if self._writer is not None:
            raise RecordingError(f'{self.episode} is being recorded already; stop it first')
        if problems := [h.problem for h in self.check(now_ns).values() if h.problem]:
            raise RecordingError('; '.join(problems))
        name = name or self.store.next_name()
        folder = self.store.begin(name, self.limits.start_free_bytes)
        self._info = EpisodeInfo(self.contract, task or self.tasks.current,
                                 operator or self.operator, start_reason=reason,
                                 rights=self.rights, led=self.led,
                                 topics={t.name: t.resolved for t in self.topics})
        self._writer = EpisodeWriter(folder, self.topics, self._info, self.limits)
        self.state, self.episode, self.start_ns = State.RECORDING, name, log_ns
        self.jump, self.task_told = '', f'task: {task}' if task else self.tasks.told
        self.tasks.started(task)
        self._sources.clear()
        self._gaps = {topic: GapCounter() for topic in self._gaps}
        for topic, data in self._latched.items():
            self._writer.write(topic, log_ns, data)
        return folder

    def stop(self, outcome: str = 'unlabelled', keep: bool = True, reason: str = '') -> Closed:
        """Close the running episode.

        Args:
            outcome: success, failure or unlabelled.
            keep: False moves it to discarded/.
            reason: Why, for the metadata.

        Raises:
            RecordingError: None runs, the outcome is unknown, or the disk refuses.
        """
        if self._writer is None:
            raise RecordingError('no episode is being recorded; start one first')
        if outcome not in OUTCOMES:
            raise RecordingError(
                f'outcome {outcome[:64]!r}: expected one of {", ".join(OUTCOMES)}')
        writer, self._writer, self.state = self._writer, None, State.FINALISING
        try:
            counts = writer.close(self._final_info(writer, outcome, reason))
        except RecordingError as error:
            return self._rescue(writer, self._final_info(writer, outcome, reason), error)
        finally:
            self.state = State.IDLE
        if not keep:
            return Closed(self.store.discard(writer.folder), 'discarded')
        if silent := [topic for topic in self.contract.state_topics if not counts[topic]]:
            reason = f'no message of {silent[0]} was recorded'
            return Closed(self.store.quarantine(writer.folder, reason), f'quarantined: {reason}')
        self._count()
        return Closed(self.store.keep(writer.folder),
                      f'stopped early: {writer.failure}' if writer.failure else '')

    def _count(self) -> None:
        self.closed += 1
        if not self.jump:   # after which the same task goes on
            self.tasks.kept()

    def drops(self) -> dict[str, int]:
        """Return messages lost in the running episode, per topic that lost any."""
        return self._drops(self._writer)

    def _drops(self, writer: EpisodeWriter | None) -> dict[str, int]:
        lost = Counter({name: gaps.lost for name, gaps in self._gaps.items()})
        lost.update(writer.drops if writer else {})
        return {name: count for name, count in sorted(lost.items()) if count}

    def _final_info(self, writer: EpisodeWriter, outcome: str, reason: str) -> EpisodeInfo:
        return replace(self._info, outcome=outcome, drops=self._drops(writer),
                       stop_reason=writer.failure or self.jump or reason,
                       control_sources=dict(sorted(self._sources.items())))

    def _rescue(self, writer: EpisodeWriter, info: EpisodeInfo, error: RecordingError) -> Closed:
        try:
            path = recover(writer.folder, info).path
        except (OSError, BagError):
            raise error from None
        self._count()
        return Closed(path, f'stopped early: {writer.failure}')


def _jump(ros_ns: int, steady_ns: int) -> str:
    """Return how ROS time jumped while steady time went on, '' if it did not.

    A simulation may run up to ten times as fast.
    """
    if ros_ns < -BACK_NS and steady_ns >= 0:
        return f'ROS time went back by {to_s(-ros_ns):.1f} s'
    if ros_ns - 10 * abs(steady_ns) > AHEAD_NS:
        return f'ROS time jumped ahead by {to_s(ros_ns - steady_ns):.1f} s'
    return ''
