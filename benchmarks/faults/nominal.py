"""The whole pipeline with nothing wrong: no false stop, no missing tick, no growing memory."""
from __future__ import annotations

from pathlib import Path
import shutil
import time

from faults.cell import Cell, NODES
from il_ros.msg import Command, CommandReport, ControlMode
from il_ros.nodes import shell
from il_ros.srv import StopCapture
from il_ros.timing import MILLISECOND
from nodes.harness import children_of
import numpy as np
from std_srvs.srv import Trigger

from benchmarks.common import DOMAIN, process
from benchmarks.faults.promise import late, none, Promise, safe

EPISODE_S = 60.0
MEASURE_S = 1.0
GROWTH_MB = 1.0       # in ten minutes
WARM_UP = 0.3         # share of the time in which caches fill
STOOD_MS = 30.0       # a machine that stands longer makes the watchdogs stop the arm
RUNNING = (*NODES, 'teleop', 'teleop_capture', 'monitor')


def measure(folder: Path, seconds: float, robot: str) -> list[Promise]:
    """Let a policy with a camera drive while every episode is recorded."""
    memory: dict[str, list[float]] = {name: [] for name in RUNNING}
    stalls = folder / 'stalls.txt'
    with (Cell(folder, DOMAIN, robot=robot, cameras=True, impatient=True, nodes=RUNNING) as cell,
          process('benchmarks.grid_probes', 'stalls', stalls, cell.contract.period_ns,
                  log=folder / 'probe.txt')):
        capture = _Capture(cell, folder / 'bags')
        cell.drive(Command.POLICY, 120.0)
        capture.ready()
        cell.drive(Command.POLICY, 120.0)
        reports, log, chunks = len(cell.reports), len(cell.log), len(cell.chunks)
        end = time.monotonic() + seconds
        due = measured = time.monotonic()
        while time.monotonic() < end:
            cell.spin()
            cell()
            if time.monotonic() >= due:
                due += EPISODE_S
                capture.next()
            if time.monotonic() >= measured:
                measured += MEASURE_S
                for name, of_node in memory.items():
                    of_node.append(_resident_mb(cell.nodes[name].process.pid))
        stops = _episodes([r.verdict == CommandReport.HELD for r in cell.reports[reports:]])
        holds = [m.reason for m in cell.log[log:] if isinstance(m, ControlMode)
                 and m.mode == ControlMode.HOLD and 'gate holds' not in m.reason]
        held = [r.rule for r in cell.reports[reports:] if r.verdict == CommandReport.HELD]
        commands = [m for m in cell.log[log:] if isinstance(m, Command)]
        period = cell.contract.period_ns
        missing = _missing(commands, period), _missing(cell.chunks[chunks:], period)
        safety = safe(cell, 'nominal')
        ages = cell.observation_ages_ms()
    slopes = {name: _slope(values) for name, values in memory.items()}
    worst = max(slopes, key=lambda name: slopes[name])
    stood_ms = int(stalls.read_text()) / MILLISECOND
    minutes = f'{seconds / 60:g} minutes'
    return [
        none('false stops: holds by the gate', stops, minutes, held),
        none('false stops: holds by the arbiter', len(holds), minutes, holds),
        none('ticks without a command', missing[0], f'{len(commands)} commands'),
        none('ticks without a chunk', missing[1], f'{len(cell.chunks) - chunks} chunks'),
        Promise('the machine, a bare SCHED_FIFO loop beside', f'late by < {STOOD_MS:g} ms',
                f'at most {stood_ms:.1f} ms', stood_ms < STOOD_MS),
        late('age of the joint states at inference', ages, 100, 100),
        Promise('memory gained', f'< {GROWTH_MB:g} MB in 10 minutes',
                ', '.join(f'{name} {slope:+.1f}' for name, slope in slopes.items()) + ' MB',
                slopes[worst] < GROWTH_MB), safety]


class _Capture:
    """Records one episode after the other, and throws them away."""

    def __init__(self, cell: Cell, folder: Path) -> None:
        self._cell, self._folder = cell, folder
        self._start = cell.node.create_client(Trigger, 'capture/start')
        self._stop = cell.node.create_client(StopCapture, 'capture/stop')

    def ready(self) -> None:
        """Wait until the recorder takes an episode."""
        future = None

        def accepted() -> bool:
            nonlocal future
            if future is None or future.done():
                if future and future.result().success:
                    return True
                future = self._start.call_async(Trigger.Request())
            return False
        self._cell.wait(self._start.service_is_ready, 'the recorder')
        self._cell.wait(accepted, 'an episode', 60.0)

    def next(self) -> None:
        """End the episode; begin the next one when it is closed."""
        stopped = self._stop.call_async(StopCapture.Request(outcome='success', keep=False))
        stopped.add_done_callback(lambda _: self._start.call_async(Trigger.Request()))
        for path in (self._folder / 'discarded').glob('*'):
            shutil.rmtree(path)


def _resident_mb(pid: int) -> float:
    text = [Path(f'/proc/{p}/status').read_text() for p in (pid, *children_of(pid))]
    return sum(int(t.split('RssAnon:')[1].split()[0]) for t in text) / 1024


def _slope(values: list[float]) -> float:
    """Return what ten minutes add [MB], by the least of each episode: its index grows with it."""
    settled = values[int(WARM_UP * len(values)):]
    length = min(round(EPISODE_S / MEASURE_S), len(settled) // 3)
    least = [min(settled[i:i + length]) for i in range(0, len(settled) - length + 1, length)]
    return float(np.polyfit(np.arange(len(least)), least, 1)[0]) * 600 / (length * MEASURE_S)


def _episodes(held: list[bool]) -> int:
    return sum(now and not before for before, now in zip([False, *held], held, strict=False))


def _missing(messages: list, period_ns: int) -> int:
    """Return how many ticks between two messages of one sender have none, lost ones aside."""
    found = 0
    for a, b in zip(messages, messages[1:], strict=False):
        if bytes(a.session) == bytes(b.session):
            ticks = round((shell.stamp_ns(b.header.stamp) - shell.stamp_ns(a.header.stamp))
                          / period_ns)
            found += max(ticks - (b.seq - a.seq), 0)
    return found
