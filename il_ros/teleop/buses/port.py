"""A serial port that is ours alone, and says so when it is unplugged."""
from __future__ import annotations

import array
import contextlib
import fcntl
import os
from pathlib import Path
import select
import termios
from typing import Protocol

from il_ros.errors import IlRosError

LOW_LATENCY = 0x2000   # ASYNC_LOW_LATENCY: an FTDI adapter else keeps bytes back for 16 ms
FLAGS = 4              # which word of struct serial_struct holds it
BAUDS = {int(name[1:]): getattr(termios, name) for name in dir(termios)
         if name[0] == 'B' and name[1:].isdigit() and int(name[1:]) >= 9600}
NAMES = ('/dev/serial/by-id/*', '/dev/ttyUSB*', '/dev/ttyACM*')


class BusError(IlRosError):
    """A bus or a servo does not answer, or not as expected."""


class PortGoneError(BusError):
    """The port is not there, or not any more."""


class Link(Protocol):
    """What carries the bytes; see `Port`."""

    path: str
    baud: int

    def write(self, data: bytes) -> None:
        """Send bytes; what came before and was not read is dropped."""

    def read(self, wait_s: float) -> bytes:
        """Return the bytes that came, none after `wait_s`."""

    def close(self) -> None:
        """Give it back."""


class Port:
    """A serial port, 8N1 without flow control. Linux only.

    Attributes:
        path: As it was found.
        baud: Bits per second.
    """

    def __init__(self, path: str, baud: int) -> None:
        """Open it.

        Args:
            path: Its name, better one of /dev/serial/by-id, which stays the same; it may hold *.
            baud: Bits per second.

        Raises:
            PortGoneError: There is none.
            BusError: It is no serial port, or another process has it.
        """
        self.path, self.baud, self._fd = _found(path), baud, -1
        if baud not in BAUDS:
            raise BusError(f'{self.path}: baud {baud}: expected one of '
                           f'{", ".join(map(str, sorted(BAUDS)))}')
        try:
            self._fd = os.open(self.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
            self._claim()
            _set_up(self._fd, BAUDS[baud])
        except PermissionError:
            raise BusError(f'{self.path}: no permission; add yourself to the group '
                           f'{Path(self.path).group()} and log in anew') from None
        except (OSError, termios.error) as error:
            self.close()
            raise PortGoneError(f'{self.path}: cannot be opened: {error.args[-1]}') from None
        except BusError:
            self.close()
            raise
        self._poll = select.poll()
        self._poll.register(self._fd, select.POLLIN)

    def write(self, data: bytes) -> None:
        """Send bytes; what came before and was not read is dropped.

        Raises:
            PortGoneError: It was unplugged.
        """
        while self.read(0.0):
            pass
        try:
            while data:
                data = data[os.write(self._fd, data):]
        except OSError as error:
            raise self._gone(error) from None

    def read(self, wait_s: float) -> bytes:
        """Return the bytes that came, none after `wait_s`.

        Raises:
            PortGoneError: It was unplugged.
        """
        try:
            if self._fd >= 0 and not self._poll.poll(max(wait_s, 0.0) * 1e3):
                return b''
            if data := os.read(self._fd, 4096):
                return data
        except OSError as error:
            raise self._gone(error) from None
        raise self._gone(OSError(0, 'hung up'))

    def close(self) -> None:
        """Give it back; a second call does nothing."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def _claim(self) -> None:
        if not os.isatty(self._fd):
            raise BusError(f'{self.path}: expected a serial port')
        if holder := holder_of(self.path):
            raise BusError(f'{self.path}: {holder} has it; end that, or name another port')
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BusError(f'{self.path}: is open in this process already: two devices name one '
                           'port; each needs its own') from None

    def _gone(self, error: OSError) -> PortGoneError:
        return PortGoneError(f'{self.path}: is gone ({error.strerror}); plug it in')


def holder_of(path: str) -> str:
    """Return which other process has a port open, '' for none that may be seen."""
    real = os.path.realpath(path)
    for entry in Path('/proc').iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):    # it ended, or is another user's
            if any(str(fd.readlink()) == real for fd in (entry / 'fd').iterdir()):
                words = (entry / 'cmdline').read_bytes().replace(b'\0', b' ').decode().strip()
                return f'process {entry.name} ({words[:80]})'
    return ''


def ports() -> list[str]:
    """Return the serial ports of USB adapters, each by the name that stays the same."""
    found: dict[str, str] = {}
    for pattern in NAMES:
        for path in _matching(pattern):
            found.setdefault(os.path.realpath(path), path)
    return list(found.values())


def _matching(path: str) -> list[str]:
    return sorted(map(str, Path(path).parent.glob(Path(path).name)))


def _found(path: str) -> str:
    paths = _matching(path)
    if len(paths) == 1:
        return paths[0]
    if paths:
        raise BusError(f'{path}: {len(paths)} ports have that name: {", ".join(paths)}; name one')
    others = ', '.join(ports())
    raise PortGoneError(f'{path}: there is no such port; '
                        + (f'there are {others}' if others else 'no USB adapter is plugged in'))


def _set_up(fd: int, speed: int) -> None:
    modes = termios.tcgetattr(fd)
    special = modes[6]
    special[termios.VMIN], special[termios.VTIME] = 1, 0
    termios.tcsetattr(fd, termios.TCSANOW, [
        0, 0, termios.CS8 | termios.CREAD | termios.CLOCAL, 0, speed, speed, special])
    termios.tcflush(fd, termios.TCIOFLUSH)
    with contextlib.suppress(OSError):    # not every driver knows it
        serial = array.array('i', [0] * 32)
        fcntl.ioctl(fd, termios.TIOCGSERIAL, serial)
        serial[FLAGS] |= LOW_LATENCY
        fcntl.ioctl(fd, termios.TIOCSSERIAL, serial)
