"""Where to cut: ticks from seconds, and from where the robot stands still."""
from __future__ import annotations

from collections.abc import Sequence

from il_ros.datasets import schema
from il_ros.datasets.from_bags.idle import margin_ticks, motion
from il_ros.errors import ConfigError
from il_ros.workbench.takes import Take
import numpy as np


def trimmed(take: Take, head_s: float = 0.0, tail_s: float = 0.0, idle: bool = False
            ) -> tuple[int, int] | None:
    """Return the first and last tick to keep; None where that is the whole episode.

    Args:
        take: The episode.
        head_s: Taken off its beginning [s].
        tail_s: Taken off its end [s].
        idle: Its ends in which the robot stands still are taken off, too, but for a margin.

    Raises:
        ConfigError: Nothing would be left.
    """
    ticks, fps = take.ticks, take.dataset.fps
    first, last = int(ticks[0]) + round(head_s * fps), int(ticks[-1]) - round(tail_s * fps)
    if idle:
        contract = take.dataset.contract
        state = take.dataset.columns[schema.STATE][take.rows].astype(np.float64)
        span = motion(state, contract, ticks)
        if span is None:
            raise ConfigError(f'episode {take.episode}: the robot never moves; delete it instead')
        margin = margin_ticks(contract)
        first = max(first, int(ticks[span[0]]) - margin)
        last = min(last, int(ticks[span[1]]) + margin)
    kept = take.between(first, last)
    if kept is None:
        raise ConfigError(f'episode {take.episode}: nothing is left of its '
                          f'{take.count / fps:.1f} s; delete it instead')
    return None if kept.count == take.count else (first, last)


def cut_ticks(take: Take, times_s: Sequence[float]) -> list[int]:
    """Return the ticks at which further episodes begin.

    Args:
        take: The episode.
        times_s: From its beginning [s].

    Raises:
        ConfigError: A time is not inside it, or two are the same.
    """
    ticks, fps = take.ticks, take.dataset.fps
    found = [int(ticks[0]) + round(time_s * fps) for time_s in times_s]
    for time_s, tick in zip(times_s, found, strict=True):
        if not ticks[0] < tick <= ticks[-1] or found.count(tick) > 1:
            raise ConfigError(f'episode {take.episode}: cannot be cut at {time_s:g} s; expected '
                              f'times within its {(ticks[-1] - ticks[0] + 1) / fps:.1f} s, each '
                              'once')
    return found
