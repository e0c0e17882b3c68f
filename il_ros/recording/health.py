"""Whether the streams of a robot are alive, fast enough and fresh."""
from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

from il_ros.joints import JointNames
from il_ros.recording import cdr
from il_ros.timing import MILLISECOND, SECOND, to_s

WINDOW_NS = 2 * SECOND
SLOW = 0.7
FUTURE_NS = 100 * MILLISECOND
SILENT_NS = SECOND // 2     # least age that counts as silence, against scheduling hiccups


class Health(NamedTuple):
    """State of one stream."""

    rate_hz: float
    age_s: float            # infinite before the first message
    problem: str            # empty when all is well


@dataclass
class StreamHealth:
    """Follows one stream.

    Attributes:
        topic: Name for texts.
        rate_hz: Expected rate; 0 where none is.
        max_age_ns: Greatest age of a message stamp; 0 where stamps are not checked.
    """

    topic: str
    rate_hz: float = 0.0
    max_age_ns: int = 0
    received: int = 0
    stamp_ns: int = 0
    stamp_age_ns: int = 0
    arrived_ns: int | None = None
    times: deque[int] = field(default_factory=deque)

    def arrived(self, data: bytes, log_ns: int, now_ns: int) -> None:
        """Note one message.

        Args:
            data: Its bytes, begin with a std_msgs/Header where stamps are checked.
            log_ns: ROS time of arrival.
            now_ns: Steady time of arrival.
        """
        self.received += 1
        self.arrived_ns = now_ns
        if self.times and log_ns < self.times[-1]:      # ROS time was set back
            self.times.clear()
        self.times.append(log_ns)
        while self.times[0] < log_ns - WINDOW_NS:
            self.times.popleft()
        if self.max_age_ns:
            self.stamp_ns = cdr.stamp_ns(data) or 0
            self.stamp_age_ns = log_ns - self.stamp_ns

    def check(self, now_ns: int) -> Health:
        """Return rate, age and problem at steady time `now_ns`."""
        if self.arrived_ns is None:
            return Health(0.0, float('inf'), f'{self.topic}: no message has come; is its driver '
                                             f'running and the topic right (ros2 topic list)?'
                          if self.rate_hz else '')
        age_ns = now_ns - self.arrived_ns
        span_ns = self.times[-1] - self.times[0]
        rate = (len(self.times) - 1) / to_s(span_ns) if span_ns else 0.0
        if age_ns > WINDOW_NS:
            rate = 0.0
        return Health(rate, to_s(age_ns), self._problem(rate, age_ns) if self.rate_hz else '')

    def _problem(self, rate: float, age_ns: int) -> str:
        if age_ns > max(self.max_age_ns, SILENT_NS):
            return (f'{self.topic}: silent for {to_s(age_ns):.1f} s; '
                    'restart its driver or check its cable')
        if rate < SLOW * self.rate_hz:
            return (f'{self.topic}: {rate:.1f} Hz, expected {self.rate_hz:g} Hz; free the CPU or '
                    'network, or correct rate_hz in the contract')
        if self.max_age_ns and not self.stamp_ns:
            return (f'{self.topic}: stamps are zero; its driver must fill in header.stamp, '
                    'or the contract say stamp: arrival')
        if self.stamp_age_ns > self.max_age_ns:
            return (f'{self.topic}: stamps are {to_s(self.stamp_age_ns):.2f} s old, expected at '
                    f'most {to_s(self.max_age_ns):g} s; synchronise the clocks (chrony) or '
                    'check use_sim_time')
        if self.stamp_age_ns < -FUTURE_NS:
            return (f'{self.topic}: stamps lie {to_s(-self.stamp_age_ns):.2f} s in the future; '
                    'synchronise the clocks (chrony) or check use_sim_time')
        return ''


@dataclass
class JointHealth(StreamHealth):
    """Follows the state stream: of each joint there must be a fresh message.

    Attributes:
        joints: Those that are needed.
    """

    joints: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self._names, self._heard_ns = JointNames(self.joints), dict[str, int]()
        self._stamps: dict[str, tuple[int, int]] = {}

    def arrived(self, data: bytes, log_ns: int, now_ns: int) -> None:
        """Note one message; one of other joints only says nothing of this robot."""
        names = cdr.joint_names(data)
        self._names.see(names)
        if told := [name for name in names if name in self.joints]:
            self._heard_ns |= dict.fromkeys(told, now_ns)
            super().arrived(data, log_ns, now_ns)
            self._stamps |= dict.fromkeys(told, (self.stamp_ns, self.stamp_age_ns))
            self.stamp_ns, self.stamp_age_ns = max(
                self._stamps.values(), key=lambda stamp: (stamp[0] == 0, abs(stamp[1])))

    def check(self, now_ns: int) -> Health:
        """Return rate, age and problem at steady time `now_ns`; the problem names the joint."""
        health = super().check(now_ns)
        missing = self._names.problem() if self._names.heard else ''
        if missing and (self.arrived_ns is None or not health.problem):
            return health._replace(problem=f'{self.topic}: {missing}')
        return health if health.problem else health._replace(problem=self._silent_joint(now_ns))

    def _silent_joint(self, now_ns: int) -> str:
        for joint, heard_ns in self._heard_ns.items():
            if now_ns - heard_ns > max(self.max_age_ns, SILENT_NS):
                return (f'{self.topic}: joint {joint!r} is silent for '
                        f'{to_s(now_ns - heard_ns):.1f} s; restart its driver or check its cable')
        return ''


@dataclass
class GapCounter:
    """Counts messages that a sender sent and that never arrived, from their sequence numbers."""

    lost: int = 0
    sender: bytes | None = None
    seq: int = -1

    def arrived(self, sender: bytes, seq: int) -> int:
        """Note one message; return how many of the same sender are missing before it."""
        gap = max(seq - self.seq - 1, 0) if sender == self.sender else 0
        self.sender, self.seq = sender, seq
        self.lost += gap
        return gap
