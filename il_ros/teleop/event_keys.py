"""The keys of a pedal or button box as the kernel tells them: struct input_event, no library.

Source: linux/input.h and linux/input-event-codes.h of the kernel.
"""
from __future__ import annotations

import fcntl
import os
from pathlib import Path
import stat
import struct

from il_ros.errors import ConfigError
from il_ros.teleop.device_files import (
    chosen,
    DEV,
    events,
    Files,
    open_all,
    open_file,
    SYS,
    Unplugged,
)

EVENT = struct.Struct('llHHi')     # seconds, microseconds, type, code, value
SYN, KEY = 0, 1
DROPPED = 3                        # of SYN: the kernel kept no more, so what is held is not known
PRESSED, RELEASED = 1, 0           # of KEY; 2 repeats
AT_ONCE = 64                       # events per read
GRAB = 0x40044590                  # EVIOCGRAB
RULE = ('sudo usermod -aG input $USER and log in again; or put KERNEL=="event*", '
        'ATTRS{name}=="its name", TAG+="uaccess" into /etc/udev/rules.d/70-pedal.rules and '
        'plug it in anew')


class EventKeys:
    """The keys that are held of one device; it is taken from all other programs.

    A foot pedal types letters: grabbed, it types them nowhere. A key that was held before the
    device was opened is not known to be held.

    Attributes:
        pressed: Codes of the keys that were pressed since the reading before the last.
    """

    def __init__(self, files: Files) -> None:
        """Take the open files."""
        self.pressed: list[int] = []
        self._files, self._held = files, set[int]()
        self._skips = False

    def held(self, now_ns: int) -> frozenset[int] | None:
        """Return the codes of the keys that are held, None while the device is unplugged.

        One that was pressed and released since the last call is held in this one.
        """
        self.pressed = []
        try:
            came = self._files.read(AT_ONCE * EVENT.size, now_ns)
        except Unplugged:
            self._held.clear()
            return None
        for read in (read for reads in came for read in reads):
            for at in range(0, len(read) - EVENT.size + 1, EVENT.size):
                _, _, kind, code, value = EVENT.unpack_from(read, at)
                self._take(kind, code, value)
        return frozenset([*self._held, *self.pressed])

    def close(self) -> None:
        """Give the device back."""
        self._files.close()

    def _take(self, kind: int, code: int, value: int) -> None:
        if kind == SYN:
            self._skips = code == DROPPED      # until the next report is whole
            if self._skips:
                self._held.clear()
                self.pressed.clear()
        elif self._skips:
            return
        elif kind == KEY and value == PRESSED:
            self._held.add(code)
            self.pressed.append(code)
        elif kind == KEY and value == RELEASED:
            self._held.discard(code)


def open_keys(device: str, sys: Path = SYS, dev: Path = DEV) -> EventKeys:
    """Open a pedal or button box and take it from all others.

    Args:
        device: The kernel's name of it or a part, as in /proc/bus/input/devices; or its file.
        sys: Where sysfs lists the classes of devices.
        dev: Where their files are.

    Raises:
        ConfigError: There is none, there are several, it may not be read, or another program has
            taken it.
    """
    def opened() -> list[int]:
        paths = chosen(device, lambda: events(sys, dev), 'pedal')
        return open_all(paths, lambda path: _grab(open_file(path, 'pedal', RULE), path))
    return EventKeys(Files(opened))


def _grab(fd: int, path: Path) -> int:
    if stat.S_ISFIFO(os.fstat(fd).st_mode):
        return fd
    try:
        fcntl.ioctl(fd, GRAB, 1)
    except OSError as error:
        os.close(fd)
        raise ConfigError(f'pedal: {path} cannot be taken: {error.strerror}; end the program that '
                          'has it, or name another file') from None
    return fd
