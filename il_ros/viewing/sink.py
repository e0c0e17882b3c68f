"""Where an episode is written to in Rerun's terms.

Times are those since the recording began (`time`) and the rows of the contract's grid (`tick`).
"""
from __future__ import annotations

from typing import Any

from il_ros.types import Floats
import numpy as np
from numpy.typing import NDArray
import rerun as rr

Ints = NDArray[np.int64]
Colour = tuple[int, int, int]
SHOWN: dict[str, Colour] = {'state': (107, 114, 128), 'command': (37, 99, 235),
                            'policy': (217, 119, 6), 'predicted': (168, 85, 247)}
GREY: Colour = (156, 163, 175)


def place(*names: str) -> str:
    """Return the entity of some names, whatever these contain."""
    path: str = rr.new_entity_path(list(names))
    return path


class Sink:
    """A recording that is written.

    Attributes:
        stream: Of Rerun.
        period_ns: Between two ticks.
    """

    def __init__(self, stream: Any, period_ns: int) -> None:
        self.stream, self.period_ns = stream, period_ns

    def at(self, ticks: Ints) -> Ints:
        """Return the times of ticks [ns]."""
        return ticks.astype(np.int64) * self.period_ns

    def always(self, where: str, value: Any) -> None:
        """Write what holds for the whole recording."""
        self.stream.log(where, value, static=True)

    def columns(self, where: str, at_ns: Ints, columns: Any) -> None:
        """Write a value per time, `columns` as Rerun's archetypes make them."""
        self.stream.send_columns(where, [
            rr.TimeColumn('time', duration=at_ns.astype('timedelta64[ns]')),
            rr.TimeColumn('tick', sequence=at_ns // self.period_ns)], columns)

    def line(self, where: str, name: str, at_ns: Ints, values: Floats) -> None:
        """Write a series of numbers; NaN is a gap. Shape (N,)."""
        self.always(where, rr.SeriesLines(
            names=[name], colors=[SHOWN[name]] if name in SHOWN else None))
        self.columns(where, at_ns, rr.Scalars.columns(scalars=values))

    def lines(self, where: str, names: list[str], at_ns: Ints, values: Floats) -> None:
        """Write several series beside each other. Shape (N, len(names))."""
        self.always(where, rr.SeriesLines(names=names))
        self.columns(where, at_ns, rr.Scalars.columns(scalars=values.ravel()).partition(
            [len(names)] * len(values)))
