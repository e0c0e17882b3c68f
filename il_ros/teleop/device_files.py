"""Files of the kernel that devices speak through: found in sysfs, read without waiting."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
import errno
import os
from pathlib import Path
import stat
from typing import NamedTuple

from il_ros.errors import ConfigError
from il_ros.timing import SECOND

SYS, DEV = Path('/sys/class'), Path('/dev')
MOST_READS = 256     # at once; more comes faster than any device speaks
GONE = (errno.ENODEV, errno.EIO, errno.ENXIO)
AGAIN_NS = SECOND    # between two looks for a device that was unplugged


class Unplugged(Exception):
    """The device is not there any more."""


class Found(NamedTuple):
    """A file that a device speaks through.

    Attributes:
        path: Under /dev.
        name: As the kernel calls the device.
        socket: Where it is plugged in; interfaces of one device share it.
        vendor: Number of its maker, 0 where unknown.
        product: Number of its model, 0 where unknown.
        descriptor: Its HID report descriptor; empty for others, and where unknown.
    """

    path: Path
    name: str
    socket: str
    vendor: int
    product: int
    descriptor: bytes = b''


def hidraws(sys: Path = SYS, dev: Path = DEV) -> list[Found]:
    """Return what speaks HID, from HID_ID and its neighbours in sysfs."""
    found = []
    for folder in _folders(sys / 'hidraw', 'hidraw'):
        lines = _text(folder / 'device/uevent').splitlines()
        said = dict(line.split('=', 1) for line in lines if '=' in line)
        _, vendor, product = (*(int(part, 16) for part in said.get('HID_ID', '0:0:0').split(':')),
                              0, 0, 0)[:3]
        found.append(Found(dev / folder.name, said.get('HID_NAME', ''),
                           _socket(said.get('HID_PHYS', '')), vendor, product,
                           _bytes(folder / 'device/report_descriptor')))
    return found


def events(sys: Path = SYS, dev: Path = DEV) -> list[Found]:
    """Return what the kernel takes for keyboards, pedals, mice and the like."""
    return [Found(dev / 'input' / folder.name, _text(folder / 'device/name'),
                  _socket(_text(folder / 'device/phys')),
                  int(_text(folder / 'device/id/vendor') or '0', 16),
                  int(_text(folder / 'device/id/product') or '0', 16))
            for folder in _folders(sys / 'input', 'event')]


def choose(found: Sequence[Found], name: str, who: str) -> list[Found]:
    """Return the files of the one device of a name: a device may have several.

    Args:
        found: What there is.
        name: Part of the kernel's name, in any case; all of it where that is a name, too.
        who: Whose words an error is.

    Raises:
        ConfigError: There is none, or several devices have the name.
    """
    same = [each for each in found if each.name == name] or [
        each for each in found if name.lower() in each.name.lower()]
    if not same:
        names = sorted({each.name for each in found})
        raise ConfigError(f'{who}: no device {name!r}; expected one of {", ".join(names)}'
                          if names else f'{who}: none is plugged in')
    if len({each.socket for each in same}) > 1:
        seen = ', '.join(f'{each.path} ({each.name})' for each in same)
        raise ConfigError(f'{who}: expected one device, got {seen}; set device in its settings to '
                          'the name or the file of one')
    return same


def chosen(device: str, found: Callable[[], Sequence[Found]], who: str) -> list[Path]:
    """Return the files of the device of a name, or the one file that is named.

    Args:
        device: Its name, see `choose`, or a file.
        found: Looks what there is.
        who: Whose words an error is.

    Raises:
        ConfigError: See `choose`.
    """
    if device.startswith('/'):
        return [Path(device)]
    return [each.path for each in choose(found(), device, who)]


def open_file(path: Path, who: str, rule: str) -> int:
    """Open a device's file for reading without waiting; return its descriptor.

    Args:
        path: Of the file.
        who: Whose words an error is.
        rule: What a user without the permission has to do.

    Raises:
        ConfigError: It cannot be opened, or is no device; a pipe stands for a simulated one.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except PermissionError:
        raise ConfigError(f'{who}: no permission for {path}: {rule}') from None
    except OSError as error:
        raise ConfigError(f'{who}: {path}: {error.strerror}; plug the device in') from None
    kind = os.fstat(fd).st_mode
    if not (stat.S_ISCHR(kind) or stat.S_ISFIFO(kind)):
        os.close(fd)
        raise ConfigError(f'{who}: {path} is no device')
    return fd


def open_all(paths: Iterable[Path], open_one: Callable[[Path], int]) -> list[int]:
    """Open each file of a device, or none of them.

    Raises:
        ConfigError: One cannot be opened.
    """
    fds: list[int] = []
    try:
        for path in paths:
            fds.append(open_one(path))
    except ConfigError:
        for fd in fds:
            os.close(fd)
        raise
    return fds


class Files:
    """The files of one device, opened again once it is plugged in again."""

    def __init__(self, opened: Callable[[], list[int]]) -> None:
        """Open them.

        Args:
            opened: Opens them without waiting, and raises `ConfigError` while it cannot.

        Raises:
            ConfigError: See `opened`.
        """
        self._opened, self._again_ns = opened, -AGAIN_NS
        self._fds = opened()

    def read(self, size: int, now_ns: int) -> list[list[bytes]]:
        """Return what came since the last call: of each file what each read returned.

        A device that was unplugged is looked for once in `AGAIN_NS`.

        Args:
            size: Of the longest [bytes].
            now_ns: [ns].

        Raises:
            Unplugged: The device is not there.
        """
        if not self._fds:
            self._look(now_ns)
        try:
            return [_read(fd, size) for fd in self._fds]
        except Unplugged:
            self.close()
            raise

    def _look(self, now_ns: int) -> None:
        if now_ns - self._again_ns < AGAIN_NS:
            raise Unplugged
        self._again_ns = now_ns
        try:
            self._fds = self._opened()
        except ConfigError:
            raise Unplugged from None

    def close(self) -> None:
        """Close them; a second call does nothing."""
        for fd in self._fds:
            os.close(fd)
        self._fds = []


def _read(fd: int, size: int) -> list[bytes]:
    found: list[bytes] = []
    while len(found) < MOST_READS:
        try:
            read = os.read(fd, size)
        except BlockingIOError:
            break
        except OSError as error:
            if error.errno in GONE:
                raise Unplugged from None
            raise
        if not read:
            raise Unplugged
        found.append(read)
    return found


def _folders(where: Path, prefix: str) -> list[Path]:
    return sorted((folder for folder in where.glob(f'{prefix}[0-9]*')),
                  key=lambda folder: int(folder.name.removeprefix(prefix)))


def _socket(phys: str) -> str:
    return phys.rpartition('/')[0] or phys


def _text(path: Path) -> str:
    return _bytes(path).decode(errors='replace').strip()


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:       # unplugged meanwhile, or of an older kernel
        return b''
