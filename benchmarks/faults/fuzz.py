"""Commands good and bad: into the pure gate in every core, and over DDS into the real one."""
from __future__ import annotations

import os
from pathlib import Path
import subprocess
import sys
import time
from types import SimpleNamespace

from faults.cell import Cell
from il_ros.errors import IlRosError
from il_ros.msg import Command, CommandReport
from il_ros.nodes import shell
import numpy as np
from safety import fuzz
from safety.second_look import SecondLook

from benchmarks.common import DOMAIN, ROOT
from benchmarks.faults.promise import none, Promise, safe

NAMES = fuzz.ARM.contract.joint_names
NEWEST_STAMP = 2**31 * 10**9 - 1
WAITS_S = (0.0, 0.001, 0.01, 0.034)
LOOK_EACH = 10      # MuJoCo looks for contacts at one of so many that were sent
UNANSWERED = 5      # commands on their way


def measure(folder: Path, pure: int, sent: int) -> list[Promise]:
    """Return how many commands did what they must not."""
    cores = os.cpu_count() or 1
    each = -(-pure // cores)
    found = []
    for case, of in (('arm', ''), ('parts', ', two arms and a base')):
        running = [subprocess.Popen(
            [sys.executable, '-m', 'safety.fuzz', str(each), str(seed), case],
            cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for seed in range(cores)]
        errors = [p.communicate()[1].decode()[-500:] for p in running]
        for error in filter(None, errors):
            sys.stderr.write(error)
        found.append(none(f'unsafe commands from the pure gate{of}',
                          sum(p.returncode != 0 for p in running), f'{each * cores}'))
    return [*found, *_over_dds(folder, sent)]


def _over_dds(folder: Path, number: int) -> list[Promise]:
    rng = np.random.default_rng(0)
    with Cell(folder, DOMAIN, nodes=('sim_robot', 'command_gate')) as cell:
        look = SecondLook(cell.contract)
        lower, upper = (np.array(side) for side in (cell.contract.workspace.lower,
                                                    cell.contract.workspace.upper))
        publisher = cell.publisher(Command, 'control/command')
        sender = SimpleNamespace(measured=cell.measured, seq=-1, session=b'A' * 16, epoch=0)
        count, kind = 0, 0
        while (answered := sum(1 for r in cell.reports if r.asked.joint_names)) < number:
            if count - answered > UNANSWERED:
                before = len(cell.reports)
                end = time.monotonic() + 0.1    # what the transport lost is not waited for
                while len(cell.reports) == before and time.monotonic() < end:
                    cell.spin()
                count = min(count, answered + UNANSWERED)
            if rng.random() < (0.7 if kind in fuzz.BAD else 0.2):
                kind = int(rng.integers(8))
            sender.measured = cell.measured
            publisher.publish(_command(rng, cell, sender, kind))
            count += 1
            end = time.monotonic() + rng.choice(WAITS_S)
            while time.monotonic() < end:
                cell.spin()
            cell.arm_again()
        reached, safety = cell.sent(), safe(cell, 'fuzzed')
    touching = sum(not (look.distances(s.positions) > 0).all() for s in reached[::LOOK_EACH])
    tools = np.array([look.tool(s.positions) for s in reached])
    outside = int(((tools < lower - fuzz.BULGE) | (tools > upper + fuzz.BULGE)).any(axis=1).sum())
    if not any(r.verdict == CommandReport.PASSED for r in cell.reports):
        raise IlRosError('no command passed: nothing was tested')
    return [none('beyond the workspace or in a collision, over DDS', touching + outside,
                 f'{answered} answered, {len(reached)} sent'), safety]


def _command(rng: np.random.Generator, cell: Cell, sender: SimpleNamespace, kind: int) -> Command:
    target = fuzz.target(rng, sender, kind)
    changes = fuzz.changes(rng, sender)
    sender.seq = int(changes.get('seq', sender.seq + 1))
    message = Command(
        source=int(changes.get('source', rng.integers(0, 3))),
        epoch=int(changes.get('epoch', sender.epoch)),
        session=np.frombuffer(changes.get('session', sender.session), dtype=np.uint8),
        seq=sender.seq, joint_names=changes.get('joint_names', NAMES),
        positions=np.asarray(changes.get('positions', target), dtype=float).tolist())
    stamp_ns = min(int(changes.get('stamp_ns', shell.now_ns(cell.node))), NEWEST_STAMP)
    message.header.stamp = shell.to_stamp(stamp_ns)
    return message
