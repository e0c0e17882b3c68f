"""One of two arms is silenced, killed or told NaN while both are driven: the other stops, too."""
from __future__ import annotations

from pathlib import Path
import random

from faults.rover import Rover
from il_ros.timing import MILLISECOND

from benchmarks.common import DOMAIN
from benchmarks.faults.promise import late, none, Promise

HOW = ('killed', 'silent', 'told NaN')
AFTERWARDS = 30   # decisions of the gate that have to hold all parts


def measure(folder: Path, number: int) -> list[Promise]:
    """Return how long after each fault of one arm everything was held, and whether it stood."""
    draw, moved, found = random.Random(0), 0, []
    with Rover(folder, DOMAIN) as rover:
        for how in HOW:
            times: list[float] = []
            while len(times) < number:
                rover.drive()
                driven = len(rover.twists) + draw.randint(3, 20)
                rover.until(lambda n=driven: len(rover.twists) >= n, 'it drives on')
                if not rover.drives():
                    continue
                since_ns = rover.break_arm(how)
                times.append((rover.held_ns() - since_ns) / MILLISECOND)
                moved += not rover.stands(AFTERWARDS)
            found.append(late(f'one arm {how} -> the gate holds all parts', times, 150, 200))
    return [*found, none('a part that moved under that hold', moved, f'{len(HOW) * number}')]
