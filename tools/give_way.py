"""Run a command that gives way to all others: `python tools/give_way.py COMMAND`.

Where Linux shares the processor between sessions first (sched_autogroup), niceness counts only
within one, and nodes may have sessions of their own: so this has one, too, and it is nice itself.
"""
from contextlib import suppress
import os
from pathlib import Path
import signal
import sys

LAST = 19

if os.getpgrp() == os.getpid():
    sys.exit('give_way.py: a leader of a process group cannot leave its session')
os.setsid()
os.nice(LAST)
with suppress(OSError):      # no such kernel
    Path('/proc/self/autogroup').write_text(str(LAST))
signal.signal(signal.SIGINT, signal.default_int_handler)   # ignored by what a shell put behind
os.execvp(sys.argv[1], sys.argv[1:])
