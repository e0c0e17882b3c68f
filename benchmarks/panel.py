"""What the operator's panel costs, and how old its pictures are on the screen.

Three cameras 640x480 at 14 Hz, gate, arbiter and recorder, a policy's chunks at 30 Hz. First
nobody looks, then one page that shows everything, in a Chromium where there is one. What it adds
to the chunks is their lateness at a listener, 99th percentile, with the page and without.
"""
from __future__ import annotations

from contextlib import ExitStack
import os
from pathlib import Path
import time

from browser import CHROMIUM, chromium
from il_ros.msg import ActionChunk
from il_ros.nodes import shell
import numpy as np
from panel.lab import Lab, VGA
from panel.operators import Operator, panel

from benchmarks.common import cpu_s, DOMAIN, Line

CAMERAS = ('front', 'side', 'wrist')
AGES = """
globalThis.ages = [];
panel.link.addEventListener('picture', ({detail}) => requestAnimationFrame(() => ages.push(
  performance.timeOrigin + performance.now() - %f - detail.came)));
0
"""


def measure(folder: Path, seconds: float) -> list[Line]:
    """Return the panel's lines."""
    with Lab(folder, DOMAIN, 'paused', VGA, CAMERAS) as lab:
        delays: list[float] = []
        lab.node.create_subscription(ActionChunk, 'policy/chunk', lambda chunk: delays.append(
            (shell.now_ns(lab.node) - shell.stamp_ns(chunk.header.stamp)) / 1e6), shell.STREAM)
        lab.with_policy()
        lab.until(lambda: len(delays) > 60, 'chunks')
        alone = _late(lab, delays, seconds)
        with panel(folder, DOMAIN, robot=lab.contract_file) as served:
            lab.until(lambda: lab.node.count_clients('/dagger/pause'), 'the panel')
            pid = served.node.process.pid
            unwatched, _, _ = _used(lab, delays, pid, seconds)
            lines = [Line('panel: nobody looks', f'{unwatched:.1%}', 'of a core, at most 3 %',
                          f'{_resident_mb(pid):.0f} MB')]
            if not CHROMIUM:
                return [*lines, Line('panel: a page that looks', '-', 'no chromium here', '')]
            with ExitStack() as stack:
                page = stack.enter_context(chromium()).page
                operator = Operator(page, served, 'run')
                operator.until('panel.cameras.tiles.every(({pictures}) => pictures > 20)')
                page.run(AGES % ((time.time() - time.monotonic()) * 1e3))
                watched, beside, grown = _used(lab, delays, pid, seconds)
                ages = np.array(page.run('ages'))
        return [*lines,
                Line('panel: three VGA cameras looked at', f'{watched:.1%}',
                     'of a core, at most 25 %',
                     f'{grown:+.1f} MB in {seconds:.0f} s'),
                Line('panel: pictures on the screen', f'{len(ages) / seconds / 3:.0f}',
                     'a second and camera',
                     '{:.0f} ms old, 95 % within {:.0f} ms'.format(
                         *np.percentile(ages, (50, 95)))),
                Line('panel: lateness of chunks with it', f'{beside / alone:.2f}',
                     'of that without, 99th percentile, at most 1.1',
                     f'{beside:.1f} ms against {alone:.1f} ms')]


def _late(lab: Lab, delays: list[float], seconds: float) -> float:
    delays.clear()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        lab.spin()
    return float(np.percentile(delays, 99))


def _used(lab: Lab, delays: list[float], pid: int, seconds: float) -> tuple[float, float, float]:
    """Return the share of a core, the chunks' lateness [ms], and how much memory grew [MB]."""
    before, memory, began = cpu_s(pid), _resident_mb(pid), time.monotonic()
    late = _late(lab, delays, seconds)
    return ((cpu_s(pid) - before) / (time.monotonic() - began), late,
            _resident_mb(pid) - memory)


def _resident_mb(pid: int) -> float:
    pages = int(Path(f'/proc/{pid}/statm').read_text().split()[1])
    return pages * os.sysconf('SC_PAGE_SIZE') / 1e6
