"""kill -9 and SIGSTOP of policy_inference while it drives; watchdogs as on a robot."""
from __future__ import annotations

from pathlib import Path
import random
import signal
import time

from faults.cell import Cell, milliseconds
from faults.oracle import check_held
from il_ros.msg import Command, ControlMode

from benchmarks.common import DOMAIN
from benchmarks.faults.promise import late, Promise, safe

AFTERWARDS = 30  # decisions of the gate that have to hold the arm


def measure(folder: Path, number: int, robot: str) -> list[Promise]:
    """Return how long after a kill or stop the first command that holds the arm reached the robot.

    A stopped policy leaves the process that publishes its chunks running.
    """
    with Cell(folder, DOMAIN, robot=robot, impatient=True) as cell:
        found = [_measure(cell, number, how) for how in ('killed', 'stopped')]
        safety = safe(cell, 'kills')
    moved_on = sum(moved for _, moved in found)
    return [*(promise for promise, _ in found),
            Promise('the rest of a chunk after the hold', 'never played', f'{moved_on} times',
                    not moved_on), safety]


def _measure(cell: Cell, number: int, how: str) -> tuple[Promise, int]:
    draw, times, moved_on = random.Random(0), [], 0
    while len(times) < number:
        cell.nodes['policy_inference'].send(signal.SIGCONT)
        cell.drive(Command.POLICY)
        cell.reported(draw.randint(1, 30))
        if not cell.driving(Command.POLICY):
            continue    # a starved machine: the gate held before anything was killed
        since_ns = time.monotonic_ns()
        if how == 'killed':
            since_ns = cell.kill('policy_inference')
        else:
            cell.stop('policy_inference')
        if cell.mode != ControlMode.AUTONOMOUS:
            continue
        hold = cell.first_hold(since_ns)
        times.append(milliseconds(hold, since_ns))
        cell.reported(AFTERWARDS)
        try:
            for index, part in enumerate(cell.parts):
                check_held(cell.sent(hold.monotonic_ns, index), cell.contract, part.columns)
        except AssertionError:
            moved_on += 1
    cell.nodes['policy_inference'].send(signal.SIGCONT)
    return late(f'policy {how} -> first command that holds', times, 150, 200), moved_on
