"""kill -9 of policy_inference while it drives, again and again; watchdogs as on a robot."""
from __future__ import annotations

from pathlib import Path
import random

from faults.cell import Cell, milliseconds
from faults.oracle import check_held
from il_ros.msg import Command, ControlMode

from benchmarks.common import DOMAIN
from benchmarks.faults.promise import late, Promise, safe

AFTERWARDS = 30  # decisions of the gate that have to hold the arm


def measure(folder: Path, number: int) -> list[Promise]:
    """Return how long after a kill the first command that holds the arm reached the robot."""
    draw, times, moved_on = random.Random(0), [], 0
    with Cell(folder, DOMAIN, impatient=True) as cell:
        while len(times) < number:
            cell.drive(Command.POLICY)
            cell.reported(draw.randint(1, 30))
            if not cell.driving(Command.POLICY):
                continue    # a starved machine: the gate held before anything was killed
            killed_ns = cell.kill('policy_inference')
            if cell.mode != ControlMode.AUTONOMOUS:
                continue
            hold = cell.first_hold(killed_ns)
            times.append(milliseconds(hold, killed_ns))
            cell.reported(AFTERWARDS)
            try:
                check_held(cell.sent(hold.monotonic_ns), cell.contract)
            except AssertionError:
                moved_on += 1
        safety = safe(cell, 'kills')
    return [late('policy killed -> first command that holds', times, 150, 200),
            Promise('the rest of a chunk after the hold', 'never played', f'{moved_on} times',
                    not moved_on), safety]
