"""Real nodes as real processes for the tests: start, wait for a condition, stop by pid."""
from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager, suppress
import itertools
import os
from pathlib import Path
import signal
import subprocess
import sys
import time
from typing import TypeVar

from il_ros.scheduling import end_with_parent
from il_ros.workflow import graph
from nodes.forked import Forked, SHARED

T = TypeVar('T')
HARD = (-signal.SIGABRT, -signal.SIGKILL)
ROOT = Path(__file__).resolve().parents[2]
WORKER = int(os.environ.get('PYTEST_XDIST_WORKER', 'gw0')[2:])
WORKERS = int(os.environ.get('PYTEST_XDIST_WORKER_COUNT', '1'))
DOMAINS = itertools.cycle(range(1 + WORKER, 58, WORKERS))   # 58 on: benchmarks, commands


def next_domain() -> int:
    """Return a ROS domain for a test file: no other has it, nor any of another worker."""
    return next(DOMAINS)


def environment(domain: int, **extra: str) -> dict[str, str]:
    """Return the environment of a process of the workflow, with variables of the test's own."""
    return {**graph.environment(domain), 'PYTHONFAULTHANDLER': '1', **extra}


def run_python(code: str, domain: int) -> subprocess.CompletedProcess[str]:
    """Run code in a Python of its own; return what it said."""
    return subprocess.run([sys.executable, '-c', code], env=environment(domain), text=True,
                          capture_output=True, timeout=60)


def children_of(pid: int) -> list[int]:
    """Return the ids of the processes that a process has started."""
    return [int(child) for child in Path(f'/proc/{pid}/task/{pid}/children').read_text().split()]


def gone(pid: int) -> bool:
    """Tell whether a process has ended."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def _begin() -> None:
    end_with_parent()
    for number in (signal.SIGINT, signal.SIGHUP):   # also where the tests run in the background
        signal.signal(number, signal.SIG_DFL)


class NodeProcess:
    """One executable of il_ros as a process; its output is kept in a file.

    Args:
        executable: Its name.
        domain: Of ROS.
        log: For its output.
        parameters: Of the node.
        remaps: Its topics and services by others' names.
        stdin: Where it reads keys.
        env: Variables besides those of the workflow.
        whole: Begin with an interpreter of its own, not with a fork of one.
    """

    def __init__(self, executable: str, domain: int, log: Path, *,
                 parameters: dict[str, object] | None = None,
                 remaps: dict[str, str] | None = None, stdin: int | None = None,
                 env: dict[str, str] | None = None, whole: bool = False) -> None:
        arguments = ['--ros-args']
        for name, value in (parameters or {}).items():
            text = str(value).lower() if isinstance(value, bool) else str(value)
            arguments += ['-p', f'{name}:={text}']
        for name, value in (remaps or {}).items():
            arguments += ['-r', f'{name}:={value}']
        self.log = log
        self.process: Forked | subprocess.Popen[bytes]
        if executable in SHARED and not (whole or stdin or env):
            self.process = Forked(executable, arguments, environment(domain), log, ROOT)
            return
        with log.open('wb') as sink:
            self.process = subprocess.Popen(
                [sys.executable, '-m', f'il_ros.nodes.{executable}', *arguments],
                env=environment(domain, **(env or {})), stdin=stdin or subprocess.DEVNULL,
                stdout=sink, stderr=subprocess.STDOUT, cwd=ROOT, preexec_fn=_begin)

    @property
    def output(self) -> str:
        return self.log.read_text(errors='replace')

    @property
    def children(self) -> list[int]:
        """Ids of the processes that it has started."""
        return children_of(self.process.pid)

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def stop(self, timeout_s: float = 10.0) -> int:
        """Ask with SIGINT; end what does not, its stacks in the log; return the exit code."""
        for number in (signal.SIGINT, signal.SIGABRT, signal.SIGKILL):
            if self.process.poll() is None:
                self.process.send_signal(number)
                with suppress(subprocess.TimeoutExpired):
                    self.process.wait(timeout_s)
        return self.process.wait()


@contextmanager
def running(*arguments: object, **keywords: object):
    node = NodeProcess(*arguments, **keywords)  # type: ignore[arg-type]
    try:
        yield node
    finally:
        ends = node.process.poll() is not None or node.stop() not in HARD
    assert ends, f'Ctrl-C does not end it: {node.output}'


def wait_for(condition: Callable[[], T], what: str | Callable[[], str], timeout_s: float = 20.0,
             spin: Callable[[], None] | None = None) -> T:
    """Return the first true value of `condition`; fail with `what` after the deadline."""
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        if value := condition():
            return value
        if spin:
            spin()
        else:
            time.sleep(0.01)
    raise AssertionError(f'not within {timeout_s} s: {what if isinstance(what, str) else what()}')
