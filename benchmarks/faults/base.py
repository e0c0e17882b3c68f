"""A base that loses its sender: policy killed, arbiter killed, the link to the gate cut."""
from __future__ import annotations

from pathlib import Path
import random

from faults.rover import Rover
from il_ros.timing import MILLISECOND
from nodes.pair import CONTRACT
import numpy as np

from benchmarks.common import DOMAIN
from benchmarks.faults.promise import Promise

PERIODS = 2.0
MOST_S = 1.0   # that it drives before


def measure(folder: Path, number: int) -> list[Promise]:
    """Return how long after its loss of a sender a base received zero, in so many losses."""
    losses = {'policy killed': lambda rover: rover.kill('policy'),
              'arbiter killed': lambda rover: rover.kill('dagger_intervention'),
              'link cut': lambda rover: rover.cut()}
    draw, found = random.Random(0), []
    limit_ms = PERIODS * CONTRACT.period_ns / MILLISECOND
    with Rover(folder, DOMAIN) as rover:
        for what, lose in losses.items():
            times: list[float] = []
            share = -(-number // len(losses))
            while len(times) < share:
                rover.drive()
                driven = len(rover.twists) + draw.randint(3, 20)
                rover.until(lambda n=driven: len(rover.twists) >= n, 'it drives on')
                if not rover.drives():
                    continue    # a starved machine: it was stopped before anything was lost
                since_ns = lose(rover)
                times.append((rover.zero_ns(since_ns) - since_ns) / MILLISECOND)
            late = sum(time > limit_ms for time in times)
            found.append(Promise(
                f'{what} -> zero at the base', f'<= {PERIODS:g} periods ({limit_ms:.1f} ms)',
                f'{len(times) - late} of {len(times)}; p50 {np.median(times):.1f}, max '
                f'{max(times):.1f} ms', not late))
    return found
