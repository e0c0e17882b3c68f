"""Foreign processes join and leave while a policy drives, or a person with a gamepad and teleop.

Watchdogs are those of a robot.
"""
from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

from faults.cell import Cell, NODES
from faults.joiner import start
from il_ros.msg import Command, CommandReport, ControlMode
from il_ros.timing import MILLISECOND
import numpy as np

from benchmarks.common import DOMAIN, process
from benchmarks.faults.promise import none, Promise, safe

DRIVERS = {'policy': Command.POLICY, 'person': Command.HUMAN}
GAP_MS = 50.0
SETTLED = 100  # decisions of the gate before the first joins
STOOD_MS = 15.0


def measure(folder: Path, number: int) -> list[Promise]:
    """Return holds and gaps between commands at the robot over so many joins."""
    stalls, half = folder / 'stalls.txt', number // len(DRIVERS)
    found: list[Promise] = []
    alone: list[str] = []
    with (Cell(folder, DOMAIN, cameras=True, impatient=True, nodes=(*NODES, 'teleop'),
               is_pad=False, teleop={'device': 'gamepad'}) as cell, ExitStack() as running):
        running.enter_context(process('benchmarks.grid_probes', 'stalls', stalls,
                                      cell.contract.period_ns, log=folder / 'probe.txt'))
        for who, source in DRIVERS.items():
            if source == Command.HUMAN:
                running.enter_context(process('faults.hand', log=folder / 'hand.txt'))
            cell.drive(source, 120.0)
            joiners = start(half, DOMAIN)
            cell.reported(SETTLED)
            reports, log = len(cell.reports), len(cell.log)
            since_ns = cell.sent()[-1].monotonic_ns
            cell.wait(lambda j=joiners: j.poll() is not None, 'those who join', 10.0 * half)
            told = joiners.stdout.read().splitlines() if joiners.stdout else []
            alone += [line for line in told if not line.endswith(': met')]
            alone += ['silence'] * (half - len(told))
            holds = [m.reason for m in cell.log[log:]
                     if isinstance(m, ControlMode) and m.mode == ControlMode.HOLD]
            holds += [r.rule for r in cell.reports[reports:] if r.verdict == CommandReport.HELD]
            gaps = np.diff([s.monotonic_ns for s in cell.sent(since_ns)]) / MILLISECOND
            found += [none(f'holds while others join, a {who} drives', len(holds),
                           f'{half} joins', holds),
                      Promise(f'gaps between commands at the robot, a {who} drives',
                              f'<= {GAP_MS:g} ms', f'max {gaps.max():.1f} ms of {len(gaps)}',
                              bool(gaps.max() <= GAP_MS))]
        safety = safe(cell, 'joins')
    stood_ms = int(stalls.read_text()) / MILLISECOND
    return [*found,
            none('those who joined and met nobody', len(alone), f'{half * len(DRIVERS)}', alone),
            Promise('the machine, a bare SCHED_FIFO loop beside', f'late by < {STOOD_MS:g} ms',
                    f'at most {stood_ms:.1f} ms', stood_ms < STOOD_MS), safety]
