"""Feetech STS servos (communication protocol manual of the SMS and STS series), as in SO-101."""
from __future__ import annotations

from collections.abc import Sequence

from il_ros.teleop.buses.bus import Answer, COUNTS, EVERYBODY, Register, ServoBus
from il_ros.teleop.buses.framing import packets

HEADER = b'\xff\xff'
FIXED = 4                # bytes up to and with the length
LONGEST = 64             # of an answer
SIGN = {31: 1 << 11, 42: 1 << 15, 56: 1 << 15}   # the bit that means below zero
SENSOR = 0x02            # in the error byte: the angle is not known
TORQUE_LIMIT, FULL = Register(48, 2), 1000       # [0.1 %]


def checksum(inside: bytes | bytearray) -> int:
    """Return the checksum of what stands between header and checksum."""
    return ~sum(inside) & 0xFF


def _size(begun: bytearray) -> int:
    servo, length = begun[2], begun[3]
    return FIXED + length if servo < EVERYBODY and 2 <= length <= LONGEST else 0


def _right(packet: bytes) -> bool:
    return checksum(packet[2:-1]) == packet[-1]


class Feetech(ServoBus):
    """See `ServoBus`. These servos have no watchdog: the torque limit alone bounds them."""

    baud = 1_000_000
    models = {777: 'STS3215', 2825: 'STS3250'}
    WORD, PING_SIZE = 1, 0
    MODEL, HOMING, DRIVE = Register(3, 2), Register(31, 2), Register(18, 1)
    TORQUE, GOAL, POSITION = Register(40, 1), Register(42, 2), Register(56, 2)

    def packet(self, servo: int, instruction: int, body: bytes) -> bytes:
        """Return the bytes of an instruction; see `ServoBus`."""
        inside = bytes([servo, len(body) + 2, instruction]) + body
        return HEADER + inside + bytes([checksum(inside)])

    def answers(self, buffer: bytearray) -> list[Answer]:
        """Take answers out of what came; see `ServoBus`."""
        return [Answer(packet[2], packet[4], packet[5:-1])
                for packet in packets(buffer, HEADER, FIXED, _size, _right)]

    def to_number(self, register: Register, data: bytes) -> int:
        """Return what the bytes of a register mean; some have a bit for the sign."""
        number = int.from_bytes(data, 'little')
        sign = SIGN.get(register.address, 0)
        return -(number & ~sign) if number & sign else number

    def to_data(self, register: Register, number: int) -> bytes:
        """Return the bytes of a number; see `to_number`."""
        number = abs(number) | (SIGN.get(register.address, 0) if number < 0 else 0)
        return number.to_bytes(register.size, 'little')

    def refusal(self, error: int) -> str:
        """Return why an answer does not count; a hot or overloaded servo still tells its angle."""
        return 'its angle sensor fails' if error & SENSOR else ''

    def bound(self, ids: Sequence[int], share: float) -> None:
        """Allow a share of the torque; see `ServoBus`."""
        for servo in ids:
            self.put(servo, TORQUE_LIMIT, round(share * FULL))

    def goal(self, counts: int) -> int:
        """Return a goal within the turn: beyond its seam the servo would go the long way."""
        return min(max(counts, 0), COUNTS - 1)
