"""Episodes that a topic of the bag marks, and those between silences of the robot."""
from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

from il_ros.bags.episodes.spans import between, DISCARDED, Found, Mark, seconds, Span
from il_ros.bags.reader import Bag
from il_ros.errors import BagError
from il_ros.recording.definitions import full_type
from il_ros.timing import to_ns, to_s

TEXTS = {'start': Mark(0, True), 'stop': Mark(0, False),
         'success': Mark(0, False, outcome='success'),
         'failure': Mark(0, False, outcome='failure'),
         'discard': Mark(0, False, outcome=DISCARDED)}
REQUEST_SENT, REQUEST_RECEIVED = 0, 1   # service_msgs/ServiceEventInfo
Read = Callable[[Bag, str], Iterator[Mark]]


class _ByTopic:
    """A topic tells: `KIND:/topic`."""

    kind: ClassVar[str]

    def __init__(self, topic: str) -> None:
        self._topic = topic

    def __str__(self) -> str:
        return f'--split {self.kind}:{self._topic}'

    def require(self, bags: Sequence[Path]) -> None:
        """Check nothing: what a bag lacks is told of that bag."""


class ByMarker(_ByTopic):
    """`marker:/topic`: somebody said when an episode begins and ends."""

    kind = 'marker'

    def spans(self, bag: Bag) -> Found:
        """Return the episodes of a bag.

        Raises:
            BagError: It has no such topic, its type marks nothing, or a text is none of `TEXTS`.
        """
        name, kind = bag.topic(self._topic)
        if full_type(kind) not in READERS:
            raise BagError(f'{bag.path}: {self}: it is of type {kind}; what marks episodes is one '
                           f'of {", ".join(READERS).replace("/msg/", "/")}')
        return between(list(READERS[full_type(kind)](bag, name)), bag)


class ByTask(_ByTopic):
    """`task:/topic`: each new text begins an episode of that task, an empty one ends it."""

    kind = 'task'

    def spans(self, bag: Bag) -> Found:
        """Return the episodes of a bag.

        Raises:
            BagError: It has no such topic, or of another type.
        """
        name, kind = bag.topic(self._topic)
        if full_type(kind) != 'std_msgs/msg/String':
            raise BagError(f'{bag.path}: {self}: it is of type {kind}, expected std_msgs/String')
        marks, task = list[Mark](), ''
        for _, log_ns, message in bag.messages([name]):
            text = message.data.strip()
            if text == task:
                continue
            if task:
                marks.append(Mark(log_ns, False))
            if text:
                marks.append(Mark(log_ns, True, text))
            task = text
        return between(marks, bag)


class ByGap:
    """`gap:2.0`: an episode ends where no state comes for so long."""

    def __init__(self, gap_s: float) -> None:
        self._gap_s = gap_s

    def __str__(self) -> str:
        return f'--split gap:{self._gap_s:g}'

    def require(self, bags: Sequence[Path]) -> None:
        """Check nothing: what a bag lacks is told of that bag."""

    def spans(self, bag: Bag) -> Found:
        """Return the episodes of a bag."""
        spans: list[Span] = []
        first_ns = last_ns = -1
        for _, log_ns, _ in bag.stamps(list(bag.contract.state_topics)):
            if first_ns < 0:
                first_ns = log_ns
            elif log_ns - last_ns > to_ns(self._gap_s):
                spans.append(Span(len(spans) + 1, first_ns, last_ns + 1))
                first_ns = log_ns
            last_ns = log_ns
        if first_ns >= 0:
            spans.append(Span(len(spans) + 1, first_ns, last_ns + 1))
        waits = [to_s(b.start_ns - a.end_ns) for a, b in zip(spans, spans[1:], strict=False)]
        return Found(spans, [] if waits else [
            f'its states never pause for more than {self._gap_s:g} s: it is one episode'])


def _bool(bag: Bag, name: str) -> Iterator[Mark]:
    return _edges((log_ns, bool(message.data)) for _, log_ns, message in bag.messages([name]))


def _string(bag: Bag, name: str) -> Iterator[Mark]:
    for topic, log_ns, message in bag.messages([name]):
        text = message.data.strip()
        if text not in TEXTS:
            raise BagError(f'{bag.path}: {topic} {seconds(bag, log_ns)} says {text[:40]!r}; '
                           f'expected one of {", ".join(TEXTS)}')
        yield TEXTS[text]._replace(at_ns=log_ns)


def _empty(bag: Bag, name: str) -> Iterator[Mark]:
    return _toggled(log_ns for _, log_ns, _ in bag.messages([name]))


def _trigger(bag: Bag, name: str) -> Iterator[Mark]:
    return _toggled(log_ns for log_ns, _ in _calls(bag, name))


def _set_bool(bag: Bag, name: str) -> Iterator[Mark]:
    def values() -> Iterator[tuple[int, bool]]:
        for log_ns, call in _calls(bag, name):
            if not call.request:
                raise BagError(f'{bag.path}: {name} {seconds(bag, log_ns)} does not say what was '
                               'asked: record it with service introspection of contents, not of '
                               'metadata')
            yield log_ns, bool(call.request[0].data)
    return _edges(values())


def _calls(bag: Bag, name: str) -> list[tuple[int, Any]]:
    """Return each call once, as it reached the server, else as it was sent; refused ones not."""
    found: dict[int, list[tuple[int, Any]]] = {REQUEST_RECEIVED: [], REQUEST_SENT: []}
    refused = set()
    for _, log_ns, message in bag.messages([name]):
        if (kind := int(message.info.event_type)) in found:
            found[kind].append((log_ns, message))
        elif message.response and not message.response[0].success:
            refused.add(_call(message))
    return [(log_ns, message) for log_ns, message in found[REQUEST_RECEIVED] or found[REQUEST_SENT]
            if _call(message) not in refused]


def _call(message: Any) -> tuple[bytes, int]:
    return bytes(message.info.client_gid), int(message.info.sequence_number)


def _edges(values: Iterator[tuple[int, bool]]) -> Iterator[Mark]:
    before = False
    for at_ns, value in values:
        if value != before:
            yield Mark(at_ns, value)
        before = value


def _toggled(times_ns: Iterator[int]) -> Iterator[Mark]:
    for number, at_ns in enumerate(times_ns):
        yield Mark(at_ns, number % 2 == 0)


READERS: dict[str, Read] = {
    'std_msgs/msg/Bool': _bool, 'std_msgs/msg/String': _string, 'std_msgs/msg/Empty': _empty,
    'std_srvs/msg/Trigger_Event': _trigger, 'std_srvs/msg/SetBool_Event': _set_bool}
