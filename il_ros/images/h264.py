"""Frame numbers of H.264, by which a decoder could tell that a picture was lost, but does not.

ITU-T H.264 (08/2021), 7.3.2.1.1 (sequence parameter set), 7.3.3 (slice header), 7.4.3 (frame_num).
"""
from __future__ import annotations

from collections.abc import Iterator
import re

START = b'\x00\x00\x01'    # of a unit
_START = re.compile(START)
SLICE, KEY_SLICE, PARAMETERS = 1, 5, 7   # nal_unit_type
SCALED = (100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135)   # profile_idc with 4:2:2
HEAD = 64   # bytes of a unit that hold what is read of it, but for scaling lists


class Bits:
    """The bits of a unit without its emulation prevention bytes."""

    def __init__(self, data: bytes) -> None:
        payload = data.replace(b'\x00\x00\x03', b'\x00\x00')
        self._bits, self._at = ''.join(f'{byte:08b}' for byte in payload), 0

    def read(self, count: int) -> int:
        """Return an unsigned number of so many bits; ValueError behind the end."""
        text = self._bits[self._at:self._at + count]
        self._at += count
        return int(text, 2) if count else 0

    def golomb(self) -> int:
        """Return an unsigned Exp-Golomb number; ValueError behind the end."""
        zeros = self._bits.index('1', self._at) - self._at
        self._at += zeros
        return self.read(zeros + 1) - 1

    def signed(self) -> int:
        """Return a signed Exp-Golomb number."""
        value = self.golomb()
        return (value + 1) // 2 if value % 2 else -(value // 2)


class FrameNumbers:
    """Looks whether each picture follows the one before."""

    def __init__(self) -> None:
        self._bits: int | None = None     # of frame_num
        self._apart = False               # planes of colour are coded apart
        self._reference: int | None = None

    def follows(self, data: bytes) -> bool:
        """Return whether a picture has all those before it that it may need.

        False until the first key picture, and from a lost one on until the next. What cannot be
        read is left to the decoder.

        Args:
            data: One picture, Annex B.
        """
        for kind, reference, unit in units(data):
            try:
                if kind == PARAMETERS:
                    self._parameters(Bits(unit))
                elif kind in (SLICE, KEY_SLICE):
                    return self._slice(kind == KEY_SLICE, reference, Bits(unit[:HEAD]))
            except (ValueError, IndexError):
                return True
        return True

    def _slice(self, key: bool, reference: bool, bits: Bits) -> bool:
        if self._bits is None:
            return False
        for _ in range(3):   # first_mb_in_slice, slice_type, pic_parameter_set_id
            bits.golomb()
        if self._apart:
            bits.read(2)
        number = bits.read(self._bits)
        if not key:
            if self._reference is None:
                return False
            if (number - self._reference) % (1 << self._bits) > 1:
                self._reference = None
                return False
        if key or reference:
            self._reference = number
        return True

    def _parameters(self, bits: Bits) -> None:
        profile = bits.read(8)
        bits.read(16)
        bits.golomb()   # seq_parameter_set_id
        self._apart = False
        if profile in SCALED:
            chroma = bits.golomb()
            if chroma == 3:
                self._apart = bool(bits.read(1))
            bits.golomb()
            bits.golomb()
            bits.read(1)
            if bits.read(1):
                for index in range(12 if chroma == 3 else 8):
                    if bits.read(1):
                        _skip_list(bits, 16 if index < 6 else 64)
        self._bits = bits.golomb() + 4


def units(data: bytes) -> Iterator[tuple[int, bool, bytes]]:
    """Yield type, whether others refer to it, and what follows, of each unit of Annex B."""
    starts = [match.end() for match in _START.finditer(data)]
    ends = [*(at - 3 for at in starts[1:]), len(data)]
    for start, end in zip(starts, ends, strict=False):
        if start < end:
            yield data[start] & 0x1f, bool(data[start] & 0x60), data[start + 1:end]


def _skip_list(bits: Bits, size: int) -> None:
    last = following = 8
    for _ in range(size):
        if following:
            following = (last + bits.signed()) % 256
        last = following or last
