"""How a child process ends."""
from __future__ import annotations

import signal
import subprocess

PATIENCE_S = 2.0  # for a process that has been told to end


def end(process: subprocess.Popen[bytes]) -> str:
    """Wait for a process that is ending, kill it if it is not; return how it ended."""
    try:
        code = process.wait(PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        code = process.wait()
    return signal.Signals(-code).name if code < 0 else f'exit code {code}'
