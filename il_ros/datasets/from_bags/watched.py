"""What was said of the policy while it acted: its own uncertainty, and who asked for a person."""
from __future__ import annotations

from math import nan
from typing import Any, NamedTuple

from il_ros.alignment.decode import message_stamp_ns
from il_ros.bags.reader import Stamped
from il_ros.datasets.from_bags.commanded import CHUNK, SILENT_NS
from il_ros.timing import to_ns

REQUEST = 'dagger/request'


class Asked(NamedTuple):
    """At one tick; NaN where nobody said so.

    Attributes:
        help_requested: A watcher of the policy wanted a person.
        gate_score: What the watcher compared, in its units.
        gate_threshold: Above it, it wants a person.
        uncertainty: Of the policy's action, as the policy told it.
    """

    help_requested: bool = False
    gate_score: float = nan
    gate_threshold: float = nan
    uncertainty: float = nan


class Watched:
    """Follows requests for help and chunks; fed with messages in log-time order.

    Attributes:
        topics: Of the messages that `push` takes.
    """

    topics = frozenset({REQUEST, CHUNK})

    def __init__(self) -> None:
        self._asking: set[str] = set()
        self._request: Stamped | None = None
        self._chunk: Stamped | None = None

    def push(self, stamped: Stamped) -> None:
        """Take one message of `topics`."""
        if stamped.topic == CHUNK:
            self._chunk = stamped
            return
        self._request = stamped
        if stamped.message.active:
            self._asking.add(stamped.message.source_id)
        else:
            self._asking.discard(stamped.message.source_id)

    def asked(self, due_ns: int) -> Asked:
        """Return what held at a time; a watcher that fell silent has not taken its request back.

        Scores are the newest watcher's.
        """
        request = _fresh(self._request, due_ns)
        score, threshold = (request.score, request.threshold) if request else (nan, nan)
        return Asked(bool(self._asking), score, threshold, self._uncertainty(due_ns))

    def _uncertainty(self, due_ns: int) -> float:
        chunk = _fresh(self._chunk, due_ns)
        if chunk is None or chunk.dt <= 0:
            return nan
        row = round((due_ns - message_stamp_ns(chunk)) / to_ns(chunk.dt))
        return float(chunk.uncertainty[row]) if 0 <= row < len(chunk.uncertainty) else nan


def _fresh(stamped: Stamped | None, due_ns: int) -> Any:
    return stamped.message if stamped and due_ns - stamped.log_ns <= SILENT_NS else None
