"""Labels made afterwards: somebody watches a rollout and says what they would have done.

DAgger (Ross et al. 2011) asks the expert about every state that the policy visited; a person does
that better afterwards than beside a policy that takes the arm out of their hands at random.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from il_ros.datasets.from_bags.rows import Row
from il_ros.teleop.device import Device, DeviceContext
from il_ros.types import ControlSource, LABELLED, Mode


def relabel(rows: Iterable[Row], device: Device, period_ns: int,
            watch: Callable[[Row], None] = lambda _: None) -> Iterator[Row]:
    """Yield the rows of a rollout with what the operator of a device would have done.

    While the operator engages, a row of the policy becomes a label: `action` is the device's
    target, `source` LABELLED. What a person did in the rollout is a label already and stays; so
    does what the policy did while nobody engaged.

    Args:
        rows: Of `datasets.rows.episode_rows` or of a dataset.
        device: Reads the recorded state, as if the arm obeyed it.
        period_ns: Between two ticks [ns].
        watch: Shows a row to the operator, and keeps the pace, before the device is read.
    """
    for row in rows:
        watch(row)
        seen = row.observation
        intent = device.read(DeviceContext(seen.state, seen.environment, row.tick * period_ns,
                                           Mode.CORRECTING))
        if intent is not None and intent.engaged and row.source != ControlSource.HUMAN:
            row = replace(row, action=intent.positions.copy(), source=LABELLED, intervention=True,
                          sources=None)
        yield row
