"""A bus of servos: asked all at once, and whole or not at all."""
from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
import time
from typing import NamedTuple, Protocol

from il_ros.teleop.buses.port import BusError, Link
import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]
COUNTS = 4096                # per turn, of both families
EVERYBODY = 0xFE
PING, READ, WRITE, SYNC_READ, SYNC_WRITE = 0x01, 0x02, 0x03, 0x82, 0x83
SCANNED = range(1, 31)
TRIES, PINGS = 3, 2
BITS = 10                    # on the wire per byte


class Bus(Protocol):
    """What a leader needs of its servos."""

    def read(self) -> Counts:
        """Return the positions of all servos in their order, whole.

        Shape (S,), 4096 counts per turn, whole turns from anywhere.

        Raises:
            BusError: One is missing, or wrong.
        """

    def write_goal(self, ids: Sequence[int], goals: Counts) -> None:
        """Send goal positions as `read` counts them; who has no torque ignores them."""

    def torque(self, ids: Sequence[int], on: bool) -> None:
        """Switch motors on or off.

        Raises:
            BusError: One did not confirm that it is off.
        """

    def close(self) -> None:
        """Give the port back; a second call does nothing."""


class Register(NamedTuple):
    """Where a servo keeps a number, in how many bytes."""

    address: int
    size: int


class Servo(NamedTuple):
    """What a servo says of itself.

    Attributes:
        id: On the bus.
        model: Number of its model.
        homing: What is in its homing register; it moves what is read of its position.
        drive: What is in its register for the way it counts.
    """

    id: int
    model: int
    homing: int
    drive: int


class Answer(NamedTuple):
    """What came from a servo."""

    id: int
    error: int
    data: bytes


class ServoBus(ABC):
    """What both families share; see `Bus`.

    Attributes:
        answer_s: A servo or adapter takes no longer to begin with an answer [s].
        baud: As the servos come.
        models: Names of some model numbers, for people.
    """

    answer_s = 0.03
    baud: int
    models: Mapping[int, str]
    WORD: int         # bytes of an address or size in an instruction
    PING_SIZE: int    # of what a servo answers to a ping
    MODEL: Register
    HOMING: Register
    DRIVE: Register
    TORQUE: Register
    GOAL: Register
    POSITION: Register

    def __init__(self, link: Link, ids: Sequence[int] = ()) -> None:
        """Take an open port.

        Args:
            link: The port.
            ids: Of the servos that `read` reads.
        """
        self.ids, self.link = list(ids), link

    @abstractmethod
    def packet(self, servo: int, instruction: int, body: bytes) -> bytes:
        """Return the bytes of an instruction."""

    @abstractmethod
    def answers(self, buffer: bytearray) -> list[Answer]:
        """Take whole, right answers out of what came; what begins one is left there."""

    @abstractmethod
    def to_number(self, register: Register, data: bytes) -> int:
        """Return what the bytes of a register mean."""

    @abstractmethod
    def to_data(self, register: Register, number: int) -> bytes:
        """Return the bytes of a number; see `to_number`."""

    @abstractmethod
    def refusal(self, error: int) -> str:
        """Return why an answer with this error does not count, '' where it does."""

    @abstractmethod
    def bound(self, ids: Sequence[int], share: float) -> None:
        """While the torque is off: allow the motors a share of their current."""

    def goal(self, counts: int) -> int:
        """Return a goal that can be reached the short way."""
        return counts

    def ping(self, servo: int) -> bool:
        """Tell whether a servo is there; a word that was lost is said again."""
        packet = self.packet(servo, PING, b'')
        return any(self._ask(packet, [servo], self.PING_SIZE) for _ in range(PINGS))

    def get(self, servo: int, register: Register) -> int:
        """Return what is in a register.

        Raises:
            BusError: No answer, or a refusal.
        """
        packet = self.packet(servo, READ, self._place(register))
        return self.to_number(register, self._sure(packet, servo, register.size))

    def put(self, servo: int, register: Register, number: int) -> None:
        """Write into a register.

        Raises:
            BusError: No answer, or a refusal.
        """
        packet = self.packet(servo, WRITE, register.address.to_bytes(self.WORD, 'little')
                             + self.to_data(register, number))
        self._sure(packet, servo, 0)

    def describe(self, servo: int) -> Servo:
        """Return what a servo says of itself.

        Raises:
            BusError: It does not answer.
        """
        return Servo(servo, *(self.get(servo, each)
                              for each in (self.MODEL, self.HOMING, self.DRIVE)))

    def scan(self) -> list[Servo]:
        """Return the servos that answer."""
        return [self.describe(servo) for servo in SCANNED if self.ping(servo)]

    def model_name(self, model: int) -> str:
        """Return a model for people."""
        return f'{model} ({self.models[model]})' if model in self.models else str(model)

    def read(self) -> Counts:
        """Return the positions of all; see `Bus`."""
        size = self.POSITION.size
        packet = self.packet(EVERYBODY, SYNC_READ, self._place(self.POSITION) + bytes(self.ids))
        found = self._ask(packet, self.ids, size)
        if missing := [servo for servo in self.ids if servo not in found]:
            raise BusError(f'{self.link.path}: no answer of servo {_listed(missing)}; check its '
                           'cable and power')
        return np.array([self._position(found[servo]) for servo in self.ids], dtype=np.int64)

    def write_goal(self, ids: Sequence[int], goals: Counts) -> None:
        """Send goal positions; see `Bus`."""
        self.spread(ids, self.GOAL, [self.goal(int(goal)) for goal in goals])

    def torque(self, ids: Sequence[int], on: bool) -> None:
        """Switch motors on or off; see `Bus`. All at once, since positions wait meanwhile."""
        self.spread(ids, self.TORQUE, [int(on)] * len(ids))
        if on:
            return
        asked = self.packet(EVERYBODY, SYNC_READ, self._place(self.TORQUE) + bytes(ids))
        found, failed = self._ask(asked, ids, self.TORQUE.size), list[str]()
        for servo in ids:
            if servo in found and not self.to_number(self.TORQUE, found[servo].data):
                continue
            try:
                self.put(servo, self.TORQUE, 0)
            except BusError as error:
                failed.append(str(error))
        if failed:
            raise BusError(f'{failed[0]}; its torque may be on')

    def spread(self, ids: Sequence[int], register: Register, numbers: Iterable[int]) -> None:
        """Write a register of several servos at once; none answers."""
        body = b''.join(bytes([servo]) + self.to_data(register, number)
                        for servo, number in zip(ids, numbers, strict=True))
        self.link.write(self.packet(EVERYBODY, SYNC_WRITE, self._place(register) + body))

    def close(self) -> None:
        """Give the port back; see `Bus`."""
        self.link.close()

    def _place(self, register: Register) -> bytes:
        return b''.join(number.to_bytes(self.WORD, 'little') for number in register)

    def _position(self, answer: Answer) -> int:
        if why := self.refusal(answer.error):
            raise BusError(f'{self.link.path}: servo {answer.id}: {why}')
        return self.to_number(self.POSITION, answer.data)

    def _sure(self, packet: bytes, servo: int, size: int) -> bytes:
        for _ in range(TRIES):
            if found := self._ask(packet, [servo], size):
                if why := self.refusal(found[servo].error):
                    raise BusError(f'{self.link.path}: servo {servo}: {why}')
                return found[servo].data
        raise BusError(f'{self.link.path}: no answer of servo {servo}; check its cable and power')

    def _ask(self, packet: bytes, ids: Sequence[int], size: int) -> dict[int, Answer]:
        """Return the answers of as many of the servos as gave one of that size in time."""
        self.link.write(packet)
        found: dict[int, Answer] = {}
        buffer = bytearray()
        until = time.monotonic() + self.answer_s + BITS / self.link.baud * (
            len(packet) + len(ids) * (size + 11))
        while len(found) < len(ids) and (left := until - time.monotonic()) > 0:
            buffer += self.link.read(left)
            found |= {answer.id: answer for answer in self.answers(buffer)
                      if answer.id in ids and len(answer.data) == size}
        return found


def _listed(ids: Sequence[int]) -> str:
    return ', '.join(map(str, ids))
