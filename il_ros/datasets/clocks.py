"""What the episode table says of the clocks of a dataset's streams, in words."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, replace
import json
from typing import Any

from il_ros.bags.clocks import clock_doubts, StreamClock
from il_ros.contract import ARRIVAL, Stream

DRIFT_SHARE = 0.25      # of the greatest age, that a drift may add up to within an episode
Clocks = Mapping[str, StreamClock]


def to_text(clocks: Clocks) -> str:
    """Return the clocks of an episode per topic, as JSON."""
    return json.dumps({topic: asdict(clock) for topic, clock in clocks.items()})


def read_clocks(text: Any) -> dict[str, StreamClock]:
    """Return what `to_text` wrote; nothing for an episode of an older dataset or no bag."""
    known = {f.name for f in fields(StreamClock)}
    found: dict[str, dict[str, Any]] = json.loads(text) if text else {}
    return {topic: StreamClock(**{name: value for name, value in values.items() if name in known})
            for topic, values in found.items()}


def problems(clocks: Clocks, streams: Sequence[Stream], seconds: float) -> list[str]:
    """Return what is odd about the clocks of an episode, one text per stream.

    Where several streams arrived far from their stamps, the recorder was late: one text.

    Args:
        clocks: Per topic.
        streams: Of the contract.
        seconds: How long the episode lasted.
    """
    known = [(stream, clocks[stream.topic]) for stream in streams if stream.topic in clocks]
    late = [f'{clock.strays} of {clock.messages} of {stream.topic}' for stream, clock in known
            if clock.strays and clock.stamp != ARRIVAL]
    found = [f'stamps far from their arrival: {", ".join(late)}; the recorder had too little '
             'processor time, or its clock was set'] if len(late) > 1 else []
    for stream, clock in known:
        clock = replace(clock, strays=0) if found else clock
        drift_s = abs(clock.drift_ppm) * 1e-6 * seconds
        texts = [clock_doubts(clock), f'its clock drifts by {clock.drift_ppm:.0f} ppm'
                 if drift_s > max(DRIFT_SHARE * stream.max_age_s, clock.spread_s) else '']
        found += [f'{stream.topic}: {text}' for text in texts if text]
    return found


def lines(episodes: Sequence[Clocks]) -> list[str]:
    """Return one line per stream for the episodes of a dataset, the extremes of each figure."""
    topics = dict.fromkeys(topic for clocks in episodes for topic in clocks)
    return [_line(topic, [clocks[topic] for clocks in episodes if topic in clocks])
            for topic in topics]


def _line(topic: str, clocks: Sequence[StreamClock]) -> str:
    offsets = [1000 * clock.offset_s for clock in clocks]
    drift = max((clock.drift_ppm for clock in clocks), key=abs)
    zeros, messages = (sum(getattr(clock, name) for clock in clocks)
                       for name in ('zeros', 'messages'))
    believed = ' and '.join(sorted({clock.stamp for clock in clocks}))
    return (f'{topic}: stamped {min(offsets):.0f} to {max(offsets):.0f} ms before arrival '
            f'(spread {1000 * max(clock.spread_s for clock in clocks):.0f} ms, '
            f'drift {drift:.0f} ppm, {sum(clock.backwards for clock in clocks)} jumps back, '
            f'{zeros / messages:.0%} zero); believed: {believed}')
