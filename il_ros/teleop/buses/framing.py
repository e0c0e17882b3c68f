"""Packets out of the bytes that came, damaged ones between them."""
from __future__ import annotations

from collections.abc import Callable, Iterator


def packets(buffer: bytearray, header: bytes, fixed: int, size: Callable[[bytearray], int],
            right: Callable[[bytes], bool]) -> Iterator[bytes]:
    """Take whole, right packets out of a buffer; what begins one is left there.

    Args:
        buffer: What came.
        header: How a packet begins.
        fixed: Bytes by which its size is known.
        size: Returns it [bytes], 0 where no packet begins so.
        right: Whether a packet's check sum is.
    """
    while (at := buffer.find(header)) >= 0:
        del buffer[:at]
        if len(buffer) < fixed:
            return
        end = size(buffer)
        if len(buffer) < end:
            return
        if not end or not right(packet := bytes(buffer[:end])):
            del buffer[0]     # what looked like a length may have swallowed the next packet
            continue
        del buffer[:end]
        yield packet
