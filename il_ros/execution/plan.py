"""What the process that infers tells the process that publishes: the rows from a tick on.

A plan goes as one datagram over a socket pair. Shared memory would need an order of writes that
Python cannot ask for (ARM reorders them); a datagram arrives whole or not at all, costs some 20 us
for 100 rows, and the socket tells at once that the other side has ended.
"""
from __future__ import annotations

import json
from typing import Any, NamedTuple

from il_ros.execution.chunk import Chunk
from il_ros.timing import MILLISECOND
import numpy as np

PATIENCE_NS = 200 * MILLISECOND  # steady time that a plan is played without a newer one
LEASE_NS = 100 * MILLISECOND     # the watchdogs' time; see `Playback`


class Plan(NamedTuple):
    """What to publish from a tick on, unless a newer plan comes.

    Attributes:
        due_ns: The tick that row 0 is for, steady time.
        source: Which network it comes from.
        chunk: Its stamp is the same tick in ROS time.
    """

    due_ns: int
    source: str
    chunk: Chunk

    def pack(self) -> bytes:
        """Return the plan as one datagram; `unpack` is its inverse."""
        fields = self.chunk._asdict()
        arrays = {name: np.asarray(value, np.float64) for name, value in fields.items()
                  if isinstance(value, np.ndarray)}
        head = {'due_ns': self.due_ns, 'source': self.source,
                'values': {k: v for k, v in fields.items() if k not in arrays},
                'shapes': {k: v.shape for k, v in arrays.items()}}
        return b'\n'.join([json.dumps(head).encode(),
                           b''.join(v.tobytes() for v in arrays.values())])

    @staticmethod
    def unpack(data: bytes) -> Plan | None:
        """Return the plan of a datagram; None when it says that nothing is to be published."""
        text, _, content = data.partition(b'\n')
        if not text:
            return None
        head, values, at = json.loads(text), np.frombuffer(content), 0
        arrays: dict[str, Any] = {}
        for name, shape in head['shapes'].items():
            count = int(np.prod(shape))
            arrays[name] = values[at:at + count].reshape(shape)
            at += count
        return Plan(head['due_ns'], head['source'], Chunk(**head['values'], **arrays))


SILENCE = b'\n'  # the datagram in place of a plan


class Playback:
    """Gives out the newest plan tick by tick, also while no new one comes. Reads no clock."""

    def __init__(self, steady_period_ns: int, period_ns: int,
                 patience_ns: int = PATIENCE_NS, lease_ns: int | None = None) -> None:
        """Begin without a plan.

        Args:
            steady_period_ns: Steady time between two ticks.
            period_ns: The same in robot time: what lies between two rows.
            patience_ns: Steady time after which a plan that nobody renewed is void: who makes
                the plans hangs, and no longer looks at the robot.
            lease_ns: Steady time from a plan's own tick on; a plan that was not renewed gives out
                no rows beyond, so that who follows it knows where it ends before it ends.
        """
        self._steady_period_ns, self._period_ns = steady_period_ns, period_ns
        self._patience_ns, self._lease_ns = patience_ns, lease_ns
        self._plan: Plan | None = None
        self.overtaken = 0  # ticks so late that the plan for the next one was there already

    def take(self, datagram: bytes) -> None:
        """Take the newest plan, or silence, as `Plan.pack` gave it."""
        self._plan = Plan.unpack(datagram)

    def at(self, due_ns: int) -> tuple[str, Chunk] | None:
        """Return source and chunk for the tick at a steady time; None where nothing is due.

        Rows that elapsed since the plan's own tick are dropped, of every array of the chunk.
        """
        plan = self._plan
        if plan is None or due_ns - plan.due_ns > self._patience_ns:
            return None
        ticks = round((due_ns - plan.due_ns) / self._steady_period_ns)
        if ticks < 0:
            self.overtaken += 1
            return None
        chunk, end = plan.chunk, len(plan.chunk.positions)
        if ticks and self._lease_ns is not None:
            end = min(end, self._lease_ns // self._steady_period_ns + 1)
        if ticks >= end:
            return None
        left: dict[str, Any] = {name: value[ticks:end] for name, value in chunk._asdict().items()
                                if isinstance(value, np.ndarray)}
        return plan.source, chunk._replace(
            stamp_ns=chunk.stamp_ns + ticks * self._period_ns, **left)
