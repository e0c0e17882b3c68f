"""The flow of pictures to one page: one in flight per camera, the newest, smaller if slow."""
from __future__ import annotations

from dataclasses import dataclass, field
import struct

from il_ros.timing import MILLISECOND, SECOND

SCALES = (1, 2, 4)          # the picture's sides are divided by
FIRST = 1                   # index of the one to begin with: the line may be slow
SLOW_NS, QUICK_NS = 250 * MILLISECOND, 90 * MILLISECOND
QUICK = 10                  # acknowledgements in a row before a picture may grow
PATIENCE_NS = (2 * SECOND, 60 * SECOND)   # before it grows again after it had to shrink
LOST_NS = 10 * SECOND       # a page that never acknowledged a picture gets another one
HEADER = struct.Struct('<BBHId')   # camera, scale, unused, number, server's steady time [ms]


@dataclass
class Flow:
    """One camera on one page; the caller passes steady time.

    Attributes:
        scale: What the sides of the next picture are divided by.
        shown_ns: When the page acknowledged a picture last.
        picture_ns: When that picture came to the panel.
    """

    _level: int = FIRST
    _number: int = 0
    _sent_ns: int | None = None
    _came_ns: int = 0
    _quick: int = 0
    _patience_ns: int = PATIENCE_NS[0]
    _shrunk_ns: int = 0
    shown_ns: int = -SECOND
    picture_ns: int = field(default=-SECOND)

    @property
    def scale(self) -> int:
        """What the sides of the next picture are divided by."""
        return SCALES[self._level]

    def ready(self, came_ns: int, now_ns: int) -> bool:
        """Tell whether a picture that came at a time may be sent: newer, and none in flight."""
        if self._sent_ns is not None and now_ns - self._sent_ns < LOST_NS:
            return False
        return came_ns > self._came_ns

    def send(self, camera: int, came_ns: int, jpeg: bytes, now_ns: int) -> bytes:
        """Return the message with a picture, which is in flight from now on."""
        self._number = (self._number + 1) & 0xffffffff
        self._sent_ns, self._came_ns = now_ns, came_ns
        return HEADER.pack(camera, self.scale, 0, self._number, came_ns / MILLISECOND) + jpeg

    def acknowledge(self, number: int, now_ns: int) -> None:
        """Take in that the page shows a picture; one that is not in flight does not count."""
        if number != self._number or self._sent_ns is None:
            return
        took_ns, self._sent_ns = now_ns - self._sent_ns, None
        self.shown_ns, self.picture_ns = now_ns, self._came_ns
        self._quick = self._quick + 1 if took_ns < QUICK_NS else 0
        if took_ns > SLOW_NS and self._level < len(SCALES) - 1:
            if now_ns - self._shrunk_ns < 2 * self._patience_ns:
                self._patience_ns = min(2 * self._patience_ns, PATIENCE_NS[1])
            self._level, self._quick, self._shrunk_ns = self._level + 1, 0, now_ns
        elif self._quick >= QUICK and self._level and (
                now_ns - self._shrunk_ns > self._patience_ns):
            self._level, self._quick = self._level - 1, 0
