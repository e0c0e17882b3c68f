"""Servos behind a pty that speak their makers' real bytes, and what may go wrong with them.

Written from the makers' manuals and apart from `il_ros.teleop.buses`, and held against the makers'
own libraries by `teleop/buses/test_makers.py`.
"""
from __future__ import annotations

from collections.abc import Iterable
import os
from pathlib import Path
import pty
import select
import threading
import time
import tty

TICKS = 4096
BROADCAST = 254
MODELS = {'dynamixel': 1190, 'feetech': 777}
# name: (address, size)
DYNAMIXEL = {'model': (0, 2), 'drive': (10, 1), 'mode': (11, 1), 'homing': (20, 4),
             'pwm_limit': (36, 2), 'current_limit': (38, 2), 'torque': (64, 1),
             'watchdog': (98, 1), 'goal_pwm': (100, 2), 'current': (102, 2), 'goal': (116, 4),
             'position': (132, 4)}
FEETECH = {'model': (3, 2), 'drive': (18, 1), 'homing': (31, 2), 'torque': (40, 1),
           'goal': (42, 2), 'current': (48, 2), 'position': (56, 2)}


def crc16(data: bytes) -> int:
    """CRC-16 of ROBOTIS, bit by bit."""
    crc = 0
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x8005) & 0xFFFF if crc & 0x8000 else crc << 1
    return crc


class Servos:
    """Some servos on one cable.

    Attributes:
        path: A link to the port, which stays the same when it is plugged in anew.
        silent: Ids that do not answer.
        wrong: Ids whose answers have a wrong checksum.
        halves: Answers come in two pieces.
        alert: Error byte of all answers.
        log: Every instruction as (id, instruction, parameters).
    """

    def __init__(self, protocol: str, ids: Iterable[int], path: Path) -> None:
        self.dynamixel = protocol == 'dynamixel'
        self.names = DYNAMIXEL if self.dynamixel else FEETECH
        self.path, self.memory = path, {servo: bytearray(256) for servo in ids}
        self.silent: set[int] = set()
        self.wrong: set[int] = set()
        self.halves, self.alert = False, 0
        self.grasped: set[int] = set()   # a hand keeps these from their goals
        self.log: list[tuple[int, int, bytes]] = []
        self.lock = threading.RLock()
        for servo in self.memory:
            self.set(servo, 'model', MODELS[protocol])
            if self.dynamixel:
                self.set(servo, 'mode', 3)
                self.set(servo, 'current_limit', 1750)
                self.set(servo, 'pwm_limit', 885)
            self.turn(servo, 2048)
        self.fd = -1
        self.plug()

    def get(self, servo: int, name: str) -> int:
        address, size = self.names[name]
        return int.from_bytes(self.memory[servo][address:address + size], 'little')

    def set(self, servo: int, name: str, number: int) -> None:
        address, size = self.names[name]
        with self.lock:
            self.memory[servo][address:address + size] = (
                number % (1 << 8 * size)).to_bytes(size, 'little')

    def turn(self, servo: int, ticks: float) -> None:
        """Bring a servo to an angle, as it counts it: Feetech in one turn, Dynamixel beyond."""
        ticks = round(ticks)
        self.set(servo, 'position', ticks if self.dynamixel else ticks % TICKS)

    def plug(self) -> None:
        """Plug the cable in."""
        self.fd, slave = pty.openpty()
        tty.setraw(slave)
        name = os.ttyname(slave)
        os.close(slave)
        fresh = self.path.with_name(self.path.name + '.new')
        fresh.symlink_to(name)
        fresh.replace(self.path)
        self.running = True
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def unplug(self) -> None:
        """Pull the cable; the port is gone."""
        self.running = False
        self.thread.join()
        self.path.unlink(missing_ok=True)
        os.close(self.fd)

    def serve(self) -> None:
        poll, came = select.poll(), bytearray()
        poll.register(self.fd, select.POLLIN)
        while self.running:
            events = poll.poll(20)
            if events and events[0][1] & select.POLLIN:
                came += os.read(self.fd, 4096)
                while (found := self.take(came)) is not None:
                    self.obey(*found)
            elif events:
                time.sleep(0.002)   # nobody has opened the port

    def take(self, came: bytearray) -> tuple[int, int, bytes] | None:
        """Return id, instruction and parameters of a whole, right instruction."""
        header = b'\xff\xff\xfd\x00' if self.dynamixel else b'\xff\xff'
        at = came.find(header)
        if at < 0:
            return None
        del came[:at]
        if self.dynamixel:
            if len(came) < 7 or len(came) < 7 + came[5] + (came[6] << 8):
                return None
            end = 7 + came[5] + (came[6] << 8)
            packet = bytes(came[:end])
            del came[:end]
            assert crc16(packet[:-2]) == packet[-2] + (packet[-1] << 8), packet.hex(' ')
            inside = packet[7:-2].replace(b'\xff\xff\xfd\xfd', b'\xff\xff\xfd')
            return packet[4], inside[0], inside[1:]
        if len(came) < 4 or len(came) < 4 + came[3]:
            return None
        end = 4 + came[3]
        packet = bytes(came[:end])
        del came[:end]
        assert sum(packet[2:]) & 0xFF == 0xFF, packet.hex(' ')
        return packet[2], packet[4], packet[5:-1]

    def obey(self, servo: int, instruction: int, given: bytes) -> None:
        with self.lock:
            self.log.append((servo, instruction, given))
            word = 2 if self.dynamixel else 1
            number = [int.from_bytes(given[n:n + word], 'little') for n in (0, word)]
            rest = given[2 * word:]
            if instruction == 0x01:
                for each in self.memory if servo == BROADCAST else [servo]:
                    address, _ = self.names['model']
                    self.answer(each, bytes(self.memory[each][address:address + 2]) + b'\x2d'
                                if self.dynamixel and each in self.memory else b'')
            elif instruction == 0x02:
                self.answer(servo, self.at(servo, *number))
            elif instruction == 0x03:
                self.write(servo, number[0], given[word:])
                self.answer(servo, b'')
            elif instruction == 0x82:
                for each in rest:
                    self.answer(each, self.at(each, *number))
            elif instruction == 0x83:
                for n in range(0, len(rest), number[1] + 1):
                    self.write(rest[n], number[0], rest[n + 1:n + 1 + number[1]])

    def at(self, servo: int, address: int, size: int) -> bytes:
        return bytes(self.memory.get(servo, b'')[address:address + size])

    def write(self, servo: int, address: int, data: bytes) -> None:
        if servo not in self.memory or servo in self.silent:
            return
        self.memory[servo][address:address + len(data)] = data
        if self.get(servo, 'torque') and servo not in self.grasped and (
                address == self.names['goal'][0]):
            self.set(servo, 'position', self.get(servo, 'goal'))

    def answer(self, servo: int, data: bytes) -> None:
        if servo not in self.memory or servo in self.silent:
            return
        if self.dynamixel:
            inside = (bytes([0x55, self.alert]) + data).replace(
                b'\xff\xff\xfd', b'\xff\xff\xfd\xfd')
            packet = b'\xff\xff\xfd\x00' + bytes([servo]) + (len(inside) + 2).to_bytes(
                2, 'little') + inside
            packet += crc16(packet).to_bytes(2, 'little')
        else:
            inside = bytes([servo, len(data) + 2, self.alert]) + data
            packet = b'\xff\xff' + inside + bytes([~sum(inside) & 0xFF])
        if servo in self.wrong:
            packet = packet[:-1] + bytes([packet[-1] ^ 0x10])
        middle = len(packet) // 2 if self.halves else len(packet)
        try:
            os.write(self.fd, packet[:middle])
            if self.halves:
                time.sleep(0.001)
                os.write(self.fd, packet[middle:])
        except OSError:
            pass       # whoever asked has left
