"""A person takes over from the policy and hands back; watchdogs as on a robot."""
from __future__ import annotations

from pathlib import Path
import random
import time

from faults.cell import Cell, milliseconds
from faults.oracle import Sent
from il_ros.msg import Command
from il_ros.timing import SECOND
import numpy as np

from benchmarks.common import DOMAIN
from benchmarks.faults.promise import late, Promise, safe

SOON = 6  # commands around a change of control


def measure(folder: Path, number: int, robot: str) -> list[Promise]:
    """Return the time to the last command of the policy, steps and ages of observations."""
    draw, times, shares = random.Random(0), [], []
    with Cell(folder, DOMAIN, robot=robot, impatient=True) as cell:
        step = cell.contract.velocity * cell.contract.period_ns / SECOND
        while len(times) < number:
            cell.drive(Command.POLICY)
            cell.reported(draw.randint(3, 20))
            if not cell.driving(Command.POLICY):
                continue
            end = time.monotonic() + draw.random() * cell.contract.period_ns / SECOND
            while time.monotonic() < end:
                cell.spin()
            began_ns = time.monotonic_ns()  # the pad looks at its switch 30 times a second
            cell.drive(Command.HUMAN)
            cell.reported(SOON)
            parts = range(len(cell.parts))
            if any(s.holds for part in parts for s in cell.sent(began_ns, part)):
                continue    # a starved machine stopped the arm
            times.append(max(0.0, *(milliseconds(next(
                s for s in reversed(cell.sent(part=part)) if s.source == Command.POLICY),
                began_ns) for part in parts)))
        for index, part in enumerate(cell.parts):
            shares += _shares(cell.sent(part=index), step[part.columns])
        safety = safe(cell, 'take-overs')
        ages = cell.observation_ages_ms()
    return [late('take-over -> last command of the policy', times, 33.3, 66.7),
            Promise('steps at take-over and hand-back', '<= v_max dt, always',
                    f'max {max(shares):.3f} v_max dt at {len(shares)} changes',
                    max(shares) <= 1 + 1e-9),
            late('age of the observation at inference', ages, 100, 100), safety]


def _shares(sent: list[Sent], step: np.ndarray) -> list[float]:
    """Return the largest step around each change of control, as a share of what is allowed."""
    found, sources = [], [s.source for s in sent]
    for k in range(1, len(sent)):
        if {Command.POLICY, Command.HUMAN} & {sources[k - 1], sources[k]} and (
                sources[k - 1] != sources[k]):
            near = np.array([s.positions for s in sent[max(k - 2, 0):k + SOON]])
            found.append(float((np.abs(np.diff(near, axis=0)) / step).max()))
    return found
