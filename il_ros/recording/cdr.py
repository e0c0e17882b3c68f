"""The few fields that the recorder reads from serialised messages, without deserialising them.

Layout: XCDR version 1 (OMG DDS-XTypes 1.3, section 7.4.1): four bytes of encapsulation, then the
fields, each aligned to its size counted from the end of the encapsulation.
"""
from __future__ import annotations

import struct
from typing import NamedTuple

from il_ros.timing import SECOND

ENCAPSULATION = 4
SESSION_BYTES = 16
MOST_JOINTS = 1000


class Sender(NamedTuple):
    """What TeleopCommand, ActionChunk and Command say about their sender."""

    session: bytes
    seq: int
    end: int        # offset of the field that follows seq


def stamp_ns(data: bytes) -> int | None:
    """Return the stamp of a message that begins with a std_msgs/Header, None if too short."""
    if len(data) < ENCAPSULATION + 8:
        return None
    sec, nanosec = struct.unpack_from(_order(data) + 'iI', data, ENCAPSULATION)
    return int(sec * SECOND + nanosec)


def joint_names(data: bytes) -> tuple[str, ...]:
    """Return `name` of a JointState; empty if it is too short."""
    if len(data) < ENCAPSULATION:
        return ()
    try:
        at = _align(_after_string(data, 8), 4)
        (count,) = struct.unpack_from(_order(data) + 'I', data, ENCAPSULATION + at)
        at, found = at + 4, []
        for _ in range(min(count, MOST_JOINTS)):
            begin, at = _align(at, 4) + 4, _after_string(data, at)
            found.append(bytes(data[ENCAPSULATION + begin:ENCAPSULATION + at - 1]))
    except struct.error:
        return ()
    return tuple(name.decode(errors='replace') for name in found)


def sender(data: bytes) -> Sender | None:
    """Return session and seq of a message that begins with header, source_id, session, seq."""
    try:
        at = _after_string(data, 8)         # header.stamp is 8 bytes, then header.frame_id
        at = _after_string(data, at)        # source_id
        session = data[ENCAPSULATION + at:ENCAPSULATION + at + SESSION_BYTES]
        at = _align(at + SESSION_BYTES, 8)
        (seq,) = struct.unpack_from(_order(data) + 'Q', data, ENCAPSULATION + at)
    except struct.error:
        return None
    return Sender(bytes(session), int(seq), at + 8)


def command_source(data: bytes) -> int | None:
    """Return the source of a Command, None if it is too short."""
    found = sender(data)
    at = ENCAPSULATION + found.end + 4 if found else 0      # epoch is 4 bytes
    return data[at] if found and at < len(data) else None


def _after_string(data: bytes, at: int) -> int:
    at = _align(at, 4)
    (length,) = struct.unpack_from(_order(data) + 'I', data, ENCAPSULATION + at)
    return at + 4 + int(length)


def _align(at: int, size: int) -> int:
    return -(-at // size) * size


def _order(data: bytes) -> str:
    return '<' if data[1] & 1 else '>'
