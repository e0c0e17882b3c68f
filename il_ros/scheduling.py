"""What a process asks of Linux: to run before others, to end with its parent, launch or in time.

SCHED_FIFO keeps a grid on a busy machine (`make bench ARGS="--only jitter"`); niceness made no
difference that could be told from noise, so nothing sets it.
"""
from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
import ctypes
import os
from pathlib import Path
import select
import signal
import sys
from threading import Thread

PRIORITY = 10         # of SCHED_FIFO: above everything ordinary, below the kernel's own threads
PR_SET_PDEATHSIG = 1  # linux/prctl.h
LAUNCH = 'IL_ROS_LAUNCH'  # environment of what a launch file starts: `process_name` of launch
STARTED = 19          # field of /proc/<pid>/stat after the name: start of the process
_libc = ctypes.CDLL(None)


def run_first(priority: int = PRIORITY, *, children: bool = True) -> str:
    """Ask that the threads of this process run before all ordinary ones.

    For what keeps a rate with little work.

    Args:
        priority: Of SCHED_FIFO, 1 to 99.
        children: Threads and processes that are started from now on inherit it; otherwise they
            are ordinary.

    Returns:
        Empty, or why the system refused and what to do.
    """
    try:
        policy = os.SCHED_FIFO | (0 if children else os.SCHED_RESET_ON_FORK)
        for thread in Path('/proc/self/task').iterdir():
            with suppress(ProcessLookupError):  # it has just ended
                os.sched_setscheduler(int(thread.name), policy, os.sched_param(priority))
    except (OSError, AttributeError) as error:  # macOS has no such call
        reason = getattr(error, 'strerror', None) or f'{sys.platform} has no SCHED_FIFO'
        return (f'no real-time priority ({reason}): a busy machine may delay commands; '
                'grant it with rtprio in /etc/security/limits.conf')
    return ''


def run_as_others() -> None:
    """Make the calling thread an ordinary one again, behind the process's others that run first.

    To end: Fast DDS 2.14 (rmw_fastrtps) looks again and again, without a pause and under a lock,
    whether its threads have left what they do. Those that wait for this very lock get it only if
    they go before the thread that looks: between two of the first rank it went on for ever.
    """
    with suppress(OSError, AttributeError):
        kept = os.sched_getscheduler(0) & os.SCHED_RESET_ON_FORK    # only root may clear it
        os.sched_setscheduler(0, os.SCHED_OTHER | kept, os.sched_param(0))


def end_with_parent(number: signal.Signals = signal.SIGKILL) -> None:
    """Ask for a signal when the thread that started this process ends, however it ends.

    A parent that ended before this call is not noticed: watch a socket or pipe to it, too.
    """
    if sys.platform == 'linux':
        _libc.prctl(PR_SET_PDEATHSIG, number)


def process_name(pid: int) -> str:
    """Return what names a process for `when_gone`, whoever gets its number later."""
    return f'{pid}:{_started(pid)}'


def when_gone(process: str, act: Callable[[], None]) -> None:
    """Call `act` once a process has ended, also by SIGKILL; from a thread, or at once.

    Unlike `end_with_parent` it sees over what lies between, as a terminal.

    Args:
        process: As `process_name` named it.
        act: What to do.
    """
    pid, _, started = process.partition(':')
    try:
        watched = os.pidfd_open(int(pid))
    except (AttributeError, OSError, ValueError):   # it is gone, or no Linux
        watched = None
    if watched is None or _started(int(pid)) != started:
        if watched is not None:
            os.close(watched)   # somebody else has its number by now
        if sys.platform == 'linux':
            act()
        return

    def watch() -> None:
        select.select([watched], [], [])
        act()

    Thread(target=watch, name='launch', daemon=True).start()


def _started(pid: int) -> str:
    try:
        return Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[STARTED]
    except OSError:
        return ''


def ignore_interrupts() -> None:
    """Ignore Ctrl-C from now on, and one that came just now.

    Another thread may still be about to tell Python of that one, and Python prints a traceback
    where it then finds SIG_IGN for a handler. So only the kernel is told to ignore it.
    """
    signal.signal(signal.SIGINT, lambda *_: None)
    _libc.signal(signal.SIGINT, ctypes.c_void_p(signal.SIG_IGN))


def end_within(seconds: int = 60) -> None:
    """Ask to be ended in so many seconds, also while C code holds the interpreter."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(seconds)
