"""Dynamixel X servos by protocol 2.0 (ROBOTIS e-Manual), as in GELLO and ALOHA leaders."""
from __future__ import annotations

from collections.abc import Sequence

from il_ros.teleop.buses.bus import Answer, Register, Servo, ServoBus
from il_ros.teleop.buses.framing import packets

HEADER, TAIL = b'\xff\xff\xfd\x00', b'\xff\xff\xfd'
STATUS = 0x55
FIXED = 7                # bytes up to and with the length
LONGEST = 256            # of an answer; a longer one is none of ours
ALERT = 0x80             # in the error byte: look into the register for hardware errors
ERRORS = {1: 'it failed', 2: 'unknown instruction', 3: 'wrong checksum', 4: 'value out of range',
          5: 'wrong length', 6: 'value beyond a limit', 7: 'not allowed now'}
MODE, WATCHDOG = Register(11, 1), Register(98, 1)
PWM_LIMIT, CURRENT_LIMIT = Register(36, 2), Register(38, 2)
GOAL_PWM, GOAL_CURRENT = Register(100, 2), Register(102, 2)
POSITION_MODE, CURRENT_POSITION_MODE = 3, 5
BY_PWM = (1060, 1070, 1080, 1090)   # XL430 and its kin measure no current
WATCHED = 10             # [20 ms]


def _table() -> tuple[int, ...]:
    found = []
    for byte in range(256):
        crc = byte << 8
        for _ in range(8):
            crc = (crc << 1) ^ (0x8005 if crc & 0x8000 else 0)
        found.append(crc & 0xFFFF)
    return tuple(found)


TABLE = _table()


def crc16(data: bytes | bytearray) -> int:
    """Return the checksum of a packet: polynomial 0x8005, from 0."""
    crc = 0
    for byte in data:
        crc = ((crc << 8) & 0xFFFF) ^ TABLE[(crc >> 8) ^ byte]
    return crc


def _size(begun: bytearray) -> int:
    length = int.from_bytes(begun[5:FIXED], 'little')
    return FIXED + length if 4 <= length <= LONGEST else 0


def _right(packet: bytes) -> bool:
    return crc16(packet[:-2]) == int.from_bytes(packet[-2:], 'little')


class Dynamixel(ServoBus):
    """See `ServoBus`. Torque comes on with their watchdog: a silent bus stops the motors."""

    baud = 57600
    models = {1190: 'XL330-M077', 1200: 'XL330-M288', 1210: 'XC330-T181', 1220: 'XC330-T288',
              1230: 'XC330-M181', 1240: 'XC330-M288', 1060: 'XL430-W250', 1070: 'XC430-W150',
              1080: 'XC430-W240', 1020: 'XM430-W350', 1030: 'XM430-W210', 1120: 'XM540-W270',
              1130: 'XM540-W150'}
    WORD, PING_SIZE = 2, 3
    MODEL, HOMING, DRIVE = Register(0, 2), Register(20, 4), Register(10, 1)
    TORQUE, GOAL, POSITION = Register(64, 1), Register(116, 4), Register(132, 4)

    def packet(self, servo: int, instruction: int, body: bytes) -> bytes:
        """Return the bytes of an instruction; see `ServoBus`."""
        inside = (bytes([instruction]) + body).replace(TAIL, TAIL + b'\xfd')
        packet = HEADER + bytes([servo]) + (len(inside) + 2).to_bytes(2, 'little') + inside
        return packet + crc16(packet).to_bytes(2, 'little')

    def answers(self, buffer: bytearray) -> list[Answer]:
        """Take answers out of what came; see `ServoBus`."""
        found: list[Answer] = []
        for packet in packets(buffer, HEADER, FIXED, _size, _right):
            inside = packet[FIXED:-2].replace(TAIL + b'\xfd', TAIL)
            if inside[0] == STATUS:
                found.append(Answer(packet[4], inside[1], inside[2:]))
        return found

    def to_number(self, register: Register, data: bytes) -> int:
        """Return what the bytes of a register mean: those of four have a sign."""
        return int.from_bytes(data, 'little', signed=register.size == 4)

    def to_data(self, register: Register, number: int) -> bytes:
        """Return the bytes of a number; see `to_number`."""
        return (number % (1 << 8 * register.size)).to_bytes(register.size, 'little')

    def refusal(self, error: int) -> str:
        """Return why an answer does not count; a hot or overloaded servo still tells its angle."""
        number = error & ~ALERT
        return ERRORS.get(number, f'error {number}') if number else ''

    def bound(self, ids: Sequence[int], share: float) -> None:
        """Allow a share of the current, in the mode that does so; see `ServoBus`."""
        for servo in ids:
            by_pwm = self.get(servo, self.MODEL) in BY_PWM
            mode = POSITION_MODE if by_pwm else CURRENT_POSITION_MODE
            if self.get(servo, MODE) != mode:
                self.put(servo, MODE, mode)
            most, goal = (PWM_LIMIT, GOAL_PWM) if by_pwm else (CURRENT_LIMIT, GOAL_CURRENT)
            self.put(servo, goal, round(share * self.get(servo, most)))

    def torque(self, ids: Sequence[int], on: bool) -> None:
        """Switch motors on or off; see `Bus`. On, 0.2 s of silence stop them."""
        self.spread(ids, WATCHDOG, [0] * len(ids))      # also ends a stop of before
        if on:
            self.spread(ids, WATCHDOG, [WATCHED] * len(ids))
        super().torque(ids, on)

    def describe(self, servo: int) -> Servo:
        """Return what a servo says of itself; of its drive mode the bit that turns it round."""
        found = super().describe(servo)
        return found._replace(drive=found.drive & 1)
