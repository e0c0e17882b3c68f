"""What joints did and were told in a bag, as numbers over time."""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
import math
import os
from typing import Any

from il_ros.timing import SECOND, to_ns
from il_ros.types import Floats
import numpy as np

LAG_NS = to_ns(0.1)     # how long a joint may take to get where it was told to be
NEAR = 0.2              # of what a column moves by: so far off is the joint that follows it
TWICE = 2.0             # times as far off is every other one
STILL = 0.01            # [rad] or [m]; who moves by less cannot be told from another


@dataclass
class Track:
    """One joint: times [ns] and positions [rad] or [m]."""

    at_ns: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)

    def add(self, at_ns: int, value: float) -> None:
        """Take one position, if it is one."""
        if math.isfinite(value):
            self.at_ns.append(at_ns)
            self.values.append(float(value))


def joint_tracks(messages: Iterable[tuple[int, Any]]) -> dict[str, Track]:
    """Return the track of each joint that messages of JointState name; some have no position."""
    found: dict[str, Track] = {}
    for at_ns, message in messages:
        for name in message.name:
            found.setdefault(name, Track())
        for name, value in zip(message.name, message.position, strict=False):
            found[name].add(at_ns, value)
    return found


def trajectory_tracks(messages: Iterable[tuple[int, Any]]) -> dict[str, Track]:
    """Return where messages of JointTrajectory send each joint, at the time of the message."""
    found: dict[str, Track] = {}
    for at_ns, message in messages:
        for name in message.joint_names:
            found.setdefault(name, Track())
        for point in message.points:
            for name, value in zip(message.joint_names, point.positions, strict=False):
                found[name].add(at_ns, value)
    return found


def single_tracks(messages: Iterable[tuple[int, Any]]) -> dict[str, Track]:
    """Return where messages that each name one joint send it."""
    found: dict[str, Track] = {}
    for at_ns, message in messages:
        found.setdefault(message.name, Track()).add(at_ns, message.cmd)
    return found


def array_tracks(messages: Iterable[tuple[int, Any]]) -> list[Track]:
    """Return what messages of numbers say in each place; those of another length are left out."""
    found: list[Track] = []
    for at_ns, message in messages:
        numbers = message.cmd if hasattr(message, 'cmd') else message.data
        if not found:
            found = [Track() for _ in numbers]
        if len(numbers) == len(found):
            for track, value in zip(found, numbers, strict=True):
                track.add(at_ns, value)
    return found


def followers(columns: Sequence[Track], measured: Mapping[str, Track]) -> tuple[str, ...]:
    """Return the joints that go where each column says, empty where that is not plain.

    Plain: each column moves, its joint is a fifth of that away a tenth of a second later, and
    every other joint twice as far as its own.
    """
    found = []
    for column in columns:
        values = np.array(column.values)
        moved = float(np.ptp(values)) if len(values) else 0.0
        errors = sorted((_apart(column, track), name) for name, track in measured.items()
                        if track.values)
        if moved < STILL or not errors or errors[0][0] > NEAR * moved or (
                len(errors) > 1 and errors[1][0] < TWICE * errors[0][0]):
            return ()
        found.append(errors[0][1])
    return tuple(found) if len(set(found)) == len(found) else ()


def moves(track: Track) -> bool:
    """Tell whether a joint moved."""
    return bool(track.values) and float(np.ptp(np.array(track.values))) >= STILL


def _apart(column: Track, track: Track) -> float:
    zero = track.at_ns[0]
    at: Floats = np.array([t - zero + LAG_NS for t in column.at_ns], np.float64)
    there = np.interp(at, np.array(track.at_ns) - zero, track.values)
    return float(np.mean(np.abs(there - np.array(column.values))))


def renamed(told: Sequence[str], measured: Sequence[str]) -> tuple[tuple[str, ...], str]:
    """Return which measured joints a leader's names mean, and how that is known.

    Its names themselves, those without what all of them begin with (`leader_j1` is `j1` or
    `follower_j1`), or as many names in the same order.
    """
    if set(told) & set(measured):
        return tuple(name for name in told if name in measured), 'its messages name them'
    short = dict(zip(_without_prefix(measured), measured, strict=True))
    if len(told) > 1 and all(name in short for name in _without_prefix(told)):
        return tuple(short[name] for name in _without_prefix(told)), 'by the ends of their names'
    if len(told) == len(measured):
        return tuple(measured), 'as many names, taken in their order: check it'
    return (), ''


def _without_prefix(names: Sequence[str]) -> list[str]:
    common = os.path.commonprefix(list(names)).rstrip('0123456789')
    return [name.removeprefix(common) for name in names]


def speed(track: Track) -> float:
    """Return how fast a joint went, one change in a hundred left out [1/s]."""
    dt = np.diff(track.at_ns) / SECOND
    change = np.abs(np.diff(track.values))
    rates = change[dt > 0] / dt[dt > 0]
    return float(np.percentile(rates, 99)) if len(rates) else 0.0
