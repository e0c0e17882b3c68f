"""Whether two clocks agree: when messages say they were made, and when they came.

What the recorder's clock and a driver's differ by would otherwise become the age of samples:
pictures half a second older than their row.
"""
from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from il_ros.contract import ARRIVAL, Contract, Stream
from il_ros.timing import SECOND, to_ns, to_s
import numpy as np
from numpy.typing import NDArray

FEW = 0.01              # share of wrong stamps that says nothing of a clock: they are left out
LASTING_NS = SECOND     # clocks that differ for longer are no hiccup of the recorder
AHEAD_S = 0.02          # nothing arrives before it was made; less is how well clocks agree
WINDOWS = 50            # that drift is fitted to
STAMP_AGE_S = 1.0       # between a trajectory's arrival and its begin; more is another clock
Times = NDArray[np.int64]


@dataclass(frozen=True)
class StreamClock:
    """One stream of one episode; offsets are arrival less header.

    Attributes:
        stamp: Which of the two is believed.
        messages: With a header.
        zeros: How many are zero.
        strays: How many differ from their arrival by more than samples may be old.
        offset_s: Median; above zero: the stamps are behind their arrival [s].
        spread_s: Of the delay, from the 1st to the 99th percentile, drift taken out [s].
        drift_ppm: How much faster the recorder's clock runs [us/s].
        backwards: How often the header's time went back further than samples may be old, a few
            strays left out.
        back_s: The furthest that it went back [s].
        apart_s: The longest time over which the two differed by more than samples may be old [s].
        interval_s: Median time between two messages, by the clock that is believed [s].
    """

    stamp: str
    messages: int
    zeros: int = 0
    strays: int = 0
    offset_s: float = 0.0
    spread_s: float = 0.0
    drift_ppm: float = 0.0
    backwards: int = 0
    back_s: float = 0.0
    apart_s: float = 0.0
    interval_s: float = 0.0

    @property
    def rate_hz(self) -> float:
        """Messages per second while they came, by the clock that is believed."""
        return 1 / self.interval_s if self.interval_s else 0.0

    def coverage(self, stream: Stream) -> float:
        """Return the share of the time for which the stream has a sample, pauses left out."""
        if not self.interval_s:
            return 1.0
        late_s = 0.0 if self.stamp == ARRIVAL else max(self.offset_s, 0.0)
        return min(1.0, max(stream.max_age_s - late_s, 0.0) / self.interval_s)


def command_streams(contract: Contract) -> tuple[Stream, ...]:
    """Return the command topics whose stamps say when what they tell begins.

    A stamp of zero is none: such a trajectory begins on arrival.
    """
    return tuple(Stream(command.topic, command.type, contract.rate_hz, STAMP_AGE_S,
                        stamp=command.stamp) for command in contract.commands
                 if command.topic and command.type == 'trajectory_msgs/JointTrajectory')


def compare(stream: Stream, log_ns: Times, header_ns: Times) -> StreamClock:
    """Return what the stamps of one stream have in common with their arrival.

    Args:
        stream: Of the contract.
        log_ns: Times of arrival, in order. Shape (N,), at least one.
        header_ns: The stamps. Shape (N,).
    """
    stamp = ARRIVAL if stream.stamp == ARRIVAL else 'header'
    stamped = header_ns > 0
    zeros = int((~stamped).sum())
    log, header = log_ns[stamped], header_ns[stamped]
    if not len(log):
        return StreamClock(stamp, len(log_ns), zeros, interval_s=_interval_s(log_ns))
    limit_ns = to_ns(stream.max_age_s)
    offset = log - header
    strays = np.abs(offset) > limit_ns
    back = np.maximum(-np.diff(header[~strays] if _few(strays.sum(), len(log)) else header), 0)
    slope = _slope(log, offset)
    level = (log - log[0]) * slope
    low, high = np.percentile(offset - level, [1, 99])
    return StreamClock(
        stamp, len(log_ns), zeros, int(strays.sum()), to_s(int(np.median(offset))),
        float(high - low) / SECOND, slope * 1e6, int((back > limit_ns).sum()),
        to_s(int(back.max(initial=0))), to_s(_longest(log, strays)),
        _interval_s(log_ns if stamp == ARRIVAL else np.sort(header)))


def clock_problem(stream: Stream, clock: StreamClock) -> str:
    """Return why the stamps that a contract believes cannot be believed, '' if they can."""
    if clock.stamp == ARRIVAL:
        return ''
    remedy = (f'--stamp {stream.topic}=arrival (or all=arrival) believes the times of arrival, as '
              'does stamp: arrival in the contract')
    if not _few(clock.zeros, clock.messages):
        return (f'{clock.zeros / clock.messages:.0%} of its header stamps are zero: its driver '
                f'does not fill them in; {remedy}')
    if abs(clock.offset_s) > stream.max_age_s:
        side = 'behind' if clock.offset_s > 0 else 'ahead of'
        return (f'its header stamps lie {_seconds(abs(clock.offset_s))} {side} their arrival, at '
                f'most {stream.max_age_s:g} s is accepted: another clock, or recorded without '
                f'--use-sim-time; {remedy}')
    if clock.backwards:
        return (f'its header stamps jump back {clock.backwards} times, by up to '
                f'{_seconds(clock.back_s)}: its clock was set, or two drivers publish; {remedy}')
    if clock.apart_s > to_s(LASTING_NS):
        return (f'its header stamps and their arrival differ by more than {stream.max_age_s:g} s '
                f'for {_seconds(clock.apart_s)} (drift {clock.drift_ppm:.0f} ppm): one of the '
                f'clocks was set or drifts; {remedy}')
    return ''


def clock_doubts(clock: StreamClock) -> str:
    """Return what is odd about the stamps of a stream that conversion accepts, '' if nothing."""
    header = clock.stamp != ARRIVAL
    doubts = {
        f'{clock.zeros} of its {clock.messages} stamps are zero': header and clock.zeros,
        f'{clock.strays} of its {clock.messages} stamps are far from their arrival':
            header and clock.strays,
        f'its stamps lie {-1000 * clock.offset_s:.0f} ms ahead of their arrival':
            header and clock.offset_s < -AHEAD_S,
    }
    return ', '.join(text for text, applies in doubts.items() if applies)


def rate_problem(stream: Stream, clock: StreamClock, least: float,
                 found: float | None = None) -> str:
    """Return that a stream is too slow for its greatest age, and what helps; '' if it is not.

    Args:
        stream: Of the contract.
        clock: Its messages.
        least: Share of the ticks for which it has to have a sample.
        found: For which it had one; expected from its rate when None.
    """
    expected = clock.coverage(stream)
    coverage = expected if found is None else found
    if coverage >= least or expected == 1:
        return ''
    return (f'comes at {clock.rate_hz:.1f} Hz and a sample counts for {stream.max_age_s:g} s, so '
            f'that {1 - coverage:.0%} of the ticks have none; write max_age_s: '
            f'{ceil(150 * clock.interval_s) / 100:g} for it into the contract, or its rate_hz as '
            'the rate of the whole contract')


def _few(wrong: int, messages: int) -> bool:
    return wrong <= max(1, FEW * messages)


def _slope(log: Times, offset: Times) -> float:
    """Return the drift: a line through the least delay of each of some windows."""
    parts = [p for p in np.array_split(np.arange(len(log)), WINDOWS) if len(p)]
    least = [p[offset[p].argmin()] for p in parts]
    t, y = (log[least] - log[0]) / SECOND, (offset[least] - offset[0]) / SECOND
    t = t - t.mean()
    spread = float(t @ t)
    return float(t @ y) / spread if spread else 0.0


def _longest(log: Times, wrong: NDArray[np.bool_]) -> int:
    """Return how long the longest run lasts in which something is wrong [ns]."""
    edges = np.flatnonzero(np.diff(wrong, prepend=False, append=False))
    return max((int(log[end - 1] - log[begin]) for begin, end in
                zip(edges[::2], edges[1::2], strict=True)), default=0)


def _interval_s(times: Times) -> float:
    return float(np.median(np.diff(times))) / SECOND if len(times) > 1 else 0.0


def _seconds(value: float) -> str:
    return f'{value:.3f} s' if value < 3600 else f'{value / 86400:.1f} days'
