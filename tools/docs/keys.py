"""Gives a program a terminal and types for it: python -m tools.docs.keys 'il_ros record' s 3 y q.

The pages of docs/ have programs that want a person's keys. A number is a pause in seconds, /text/
waits until the terminal shows the text, anything else is typed as it is.
"""
from __future__ import annotations

from contextlib import suppress
import os
import pty
import select
import subprocess
import sys
import time

PATIENCE_S = 60.0


class Terminal:
    """A program in a terminal of its own."""

    def __init__(self, command: str) -> None:
        self._control, terminal = pty.openpty()
        self._process = subprocess.Popen(['bash', '-c', f'exec {command}'], stdin=terminal,
                                         stdout=terminal, stderr=terminal)
        os.close(terminal)
        self._shown = ''

    def read(self, seconds: float, until: str = '') -> bool:
        """Show what comes, for some time or until a text has come; whether it has."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and not (until and until in self._shown):
            if select.select([self._control], [], [], left)[0]:
                try:
                    text = os.read(self._control, 4096).decode(errors='replace')
                except OSError:     # the program has ended
                    break
                self._shown += text
                sys.stdout.write(text)
                sys.stdout.flush()
        return until in self._shown

    def press(self, keys: str) -> None:
        """Type keys; what was shown before does not count any more."""
        self._shown = ''
        with suppress(OSError):
            os.write(self._control, keys.encode())

    def end(self) -> int:
        """Wait for the end of the program, or end it."""
        self.read(2.0)
        with suppress(subprocess.TimeoutExpired):
            return self._process.wait(0.1)
        self._process.terminate()
        return self._process.wait(PATIENCE_S)


def main(command: str, *steps: str) -> int:
    """Run a command and type; 1 where a text does not come."""
    terminal = Terminal(command)
    for step in steps:
        if step.startswith('/') and step.endswith('/'):
            if not terminal.read(PATIENCE_S, step[1:-1]):
                print(f'\n{command}: expected {step[1:-1]!r} within {PATIENCE_S:g} s')
                terminal.end()
                return 1
        elif step.replace('.', '').isdigit():
            terminal.read(float(step))
        else:
            terminal.press(step)
    return terminal.end()


if __name__ == '__main__':
    raise SystemExit(main(*sys.argv[1:]))
