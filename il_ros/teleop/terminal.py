"""Single keys from a terminal, without waiting and without echo."""
from __future__ import annotations

import atexit
import os
import select
import termios

from il_ros.errors import ConfigError

READ_BYTES = 256


class Terminal:
    """A terminal in raw key mode until `close`; Ctrl-C keeps its meaning.

    Args:
        input_fd: File descriptor that keys come from.
        output_fd: File descriptor that `show` writes to.

    Raises:
        ConfigError: The input is no terminal.
    """

    def __init__(self, input_fd: int = 0, output_fd: int = 1) -> None:
        if not os.isatty(input_fd):
            raise ConfigError(
                'keyboard: expected a terminal as standard input; start teleop in a terminal of '
                "its own ('ros2 run il_ros teleop'), or choose another device")
        self._input, self._output = input_fd, output_fd
        self._before = termios.tcgetattr(input_fd)
        self._shown = ''
        self._said: set[str] = set()
        changed = termios.tcgetattr(input_fd)
        changed[0] &= ~termios.IXON      # Ctrl-S would stop what is shown, and who shows it
        changed[3] &= ~(termios.ICANON | termios.ECHO)
        termios.tcsetattr(input_fd, termios.TCSADRAIN, changed)
        self._open = True
        atexit.register(self.close)

    def typed(self) -> str:
        """Return the characters that were typed since the last call."""
        typed = b''
        while self._open and select.select([self._input], [], [], 0)[0]:
            try:
                read = os.read(self._input, READ_BYTES)
            except OSError:  # the terminal was closed
                break
            if not read:
                break
            typed += read
        return typed.decode('ascii', errors='ignore')

    def say(self, text: str) -> None:
        """Write lines above the status line."""
        self._write(f'\r\x1b[K{text}\r\n{self._shown}')

    def say_once(self, text: str) -> None:
        """Write lines above the status line, unless they were written so before."""
        if text not in self._said:
            self._said.add(text)
            self.say(text)

    def show(self, status: str) -> None:
        """Replace the status line."""
        if status != self._shown:
            self._shown = status
            self._write(f'\r\x1b[K{status}')

    def close(self) -> None:
        """Give the terminal back as it was; a second call does nothing."""
        if self._open:
            self._open = False
            atexit.unregister(self.close)
            self._write('\r\n')
            termios.tcsetattr(self._input, termios.TCSADRAIN, self._before)

    def _write(self, text: str) -> None:
        try:
            if select.select([], [self._output], [], 0)[1]:   # a hung connection takes nothing
                os.write(self._output, text.encode())
        except OSError:  # nobody reads; driving goes on
            self._shown = ''
