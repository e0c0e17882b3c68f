"""What a SpaceMouse says over HID, report by report; no driver and no library between.

Report 1 has x y z as int16, little end first, alone or with the rotations of report 2 behind them;
report 3 has a bit per button, in as many bytes as the model likes. While the knob is deflected a
report of motion comes every 8 ms, thrice zeros when it is let go, then nothing.
Source: captures in FreeSpacenav/spacenavd and JakubAndrysek/PySpaceMouse, issues 12 and 49.
"""
from __future__ import annotations

from pathlib import Path
import struct

from il_ros.teleop.device import DeviceContext
from il_ros.teleop.device_files import (
    chosen,
    DEV,
    Files,
    Found,
    hidraws,
    open_all,
    open_file,
    SYS,
    Unplugged,
)
from il_ros.teleop.inputs import Drops, Input
from il_ros.timing import MILLISECOND
from il_ros.types import Floats
import numpy as np

MAKER, LOGITECH = 0x256F, 0x046D
OF_LOGITECH = frozenset([0xC603, 0xC605, 0xC606, 0xC621, 0xC623, 0xC625, 0xC626, 0xC627, 0xC628,
                         0xC629, 0xC62B])
MULTI_AXIS = bytes([0x05, 0x01, 0x09, 0x08])   # how the descriptor of a knob begins
MOVED, TURNED, PRESSED = 1, 2, 3
STOP, HIGHEST = 350, 512     # at the stop; more than any knob says
SILENT_NS = 100 * MILLISECOND
KEPT = 63                    # reports that the kernel keeps for a slow reader; then the newest go
SIZE = 64
RULE = ('put KERNEL=="hidraw*", ATTRS{idVendor}=="256f|046d", TAG+="uaccess" into '
        '/etc/udev/rules.d/70-spacemouse.rules, call udevadm control --reload and plug it in anew')
TO_ROBOT = np.array([1, 0, 2, 4, 3, 5])        # x right, y to the user, z down: to REP 103


class Reports:
    """The knob of one file as its reports tell it, counted in the device's own axes.

    Attributes:
        knob: x y z and about x y z, in counts. Shape (6,).
        buttons: Those that are held, from 0.
        moved_ns: When it last said a motion [ns].
        lost: It fell silent although it was deflected, and has said nothing since.
    """

    def __init__(self, now_ns: int) -> None:
        """Begin at rest."""
        self.knob = np.zeros(6)
        self.buttons: frozenset[int] = frozenset()
        self.moved_ns, self.lost = now_ns, False

    def take(self, report: bytes, now_ns: int) -> str:
        """Take in a report; return why it cannot count, '' where it does or is of no concern."""
        kind, said = report[0], report[1:]
        if kind == PRESSED and said:
            bits = int.from_bytes(said, 'little')
            self.buttons = frozenset(n for n in range(bits.bit_length()) if bits >> n & 1)
        elif kind in (MOVED, TURNED):
            if len(said) not in ((6, 12) if kind == MOVED else (6,)):
                return f'a report {kind} of {len(report)} bytes'
            counts = struct.unpack(f'<{len(said) // 2}h', said)
            if max(map(abs, counts)) > HIGHEST:
                return f'a deflection of {max(counts, key=abs)}, expected -{STOP} to {STOP}'
            first = 0 if kind == MOVED else 3
            self.knob[first:first + len(counts)] = counts
            self.moved_ns, self.lost = now_ns, False
        return ''

    def listen(self, now_ns: int) -> None:
        """Look for silence; what is lost is at rest."""
        if self.knob.any() and not 0 <= now_ns - self.moved_ns <= SILENT_NS:
            self.knob[:], self.lost = 0.0, True


class Knob:
    """The knob behind the files of one device: a receiver has five, and the mouse speaks in one.

    See `spacemouse.Source`.
    """

    wants: tuple[Input, ...] = ()

    def __init__(self, files: Files) -> None:
        """Take the open files."""
        self.notice = ''
        self.buttons: frozenset[int] | None = frozenset()
        self._files, self._reports = files, list[Reports]()
        self._drops = Drops()

    def read(self, context: DeviceContext) -> Floats | None:
        """Return the deflection, -1 to 1 in the axes of REP 103, None while none is known.

        Whoever drives with it has to engage anew after None. Shape (6,).
        """
        self.notice, now_ns = '', context.now_ns
        try:
            came = self._files.read(SIZE, now_ns)
        except Unplugged:
            self._reports = []
            self.notice = 'spacemouse: unplugged; plug it in again and press anew'
            return None
        self._reports = self._reports or [Reports(now_ns) for _ in came]
        late = any(len(new) >= KEPT for new in came)    # what is kept tells the past
        for reports, new in zip(self._reports, came, strict=True):
            for report in new:
                if problem := reports.take(report, now_ns):
                    self._drop(problem, now_ns)
            reports.listen(now_ns)
        if late or any(reports.lost for reports in self._reports):
            self.notice = 'spacemouse: silent or late while it was deflected: let go; press anew'
            return None
        self.buttons = frozenset().union(*(reports.buttons for reports in self._reports))
        speaks = max(self._reports, key=lambda reports: reports.moved_ns)
        told: Floats = -np.clip(speaks.knob / STOP, -1.0, 1.0)[TO_ROBOT]
        return told

    def _drop(self, problem: str, now_ns: int) -> None:
        if count := self._drops.add(now_ns):
            self.notice = f'spacemouse: {problem}: dropped, {count} so far'

    def close(self) -> None:
        """Close the files."""
        self._files.close()


def open_knob(device: str, sys: Path = SYS, dev: Path = DEV) -> Knob:
    """Open a SpaceMouse.

    Args:
        device: Part of its name where there are several, or its file; '' for the only one.
        sys: Where sysfs lists the classes of devices.
        dev: Where their files are.

    Raises:
        ConfigError: There is none, there are several, or it may not be read.
    """
    def opened() -> list[int]:
        paths = chosen(device, lambda: mice(sys, dev), 'spacemouse')
        return open_all(paths, lambda path: open_file(path, 'spacemouse', RULE))
    return Knob(Files(opened))


def mice(sys: Path = SYS, dev: Path = DEV) -> list[Found]:
    """Return the files of SpaceMice; the keyboards that a receiver shows, too, are none."""
    return [each for each in hidraws(sys, dev)
            if (each.vendor == MAKER or (each.vendor == LOGITECH and each.product in OF_LOGITECH))
            and (not each.descriptor or each.descriptor.startswith(MULTI_AXIS))]
