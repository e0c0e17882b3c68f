"""When the messages of some topics came."""
from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from il_ros.timing import SECOND

NEVER_NS = 1 << 62


class Heard:
    """Arrival times of the last second per topic, on the caller's steady clock."""

    def __init__(self, topics: Iterable[str]) -> None:
        self._times: dict[str, deque[int]] = {topic: deque() for topic in topics}

    def hear(self, topic: str, now_ns: int) -> None:
        """Note a message."""
        self._times[topic].append(now_ns)
        self._forget(topic, now_ns)

    def rates(self, now_ns: int) -> dict[str, int]:
        """Return the messages of the last second per topic."""
        for topic in self._times:
            self._forget(topic, now_ns)
        return {topic: sum(now_ns - at <= SECOND for at in times)
                for topic, times in self._times.items()}

    def silent_ns(self, topic: str, now_ns: int) -> int:
        """Return the time since the last message, `NEVER_NS` when none came."""
        times = self._times[topic]
        return now_ns - times[-1] if times else NEVER_NS

    def _forget(self, topic: str, now_ns: int) -> None:
        times = self._times[topic]
        while len(times) > 1 and now_ns - times[0] > SECOND:
            times.popleft()
