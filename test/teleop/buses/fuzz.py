"""What may come over a servo bus, drawn at random: does a leader ever ask for what it should not?

    python -c 'from teleop.buses.fuzz import fuzz; print(fuzz("feetech", 500_000))'
"""
from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from unittest.mock import patch

from il_ros.teleop.buses import bus as bus_module
from il_ros.teleop.buses import device as device_module
from il_ros.teleop.buses.device import ServoLeader
from il_ros.teleop.buses.dynamixel import Dynamixel
from il_ros.teleop.buses.feetech import Feetech
from il_ros.teleop.buses.reader import Reader
from il_ros.teleop.buses.settings import BusSettings, ServoGripper, ServoJoint
from il_ros.teleop.device import DeviceContext
from il_ros.teleop.inputs import BURST_S, LONGEST_NS, TURNING
from il_ros.types import Mode
import numpy as np
from teleop.device_conformance import CONTRACT, ENVIRONMENT, STATE

FAMILIES = {'dynamixel': Dynamixel, 'feetech': Feetech}
TICK_NS = 33_333_333
JOINTS = len(CONTRACT.joints)
TO_RAD = 2 * np.pi / 4096
PULLED = 0.8    # how far the trigger goes [rad]
WRONG = 0.1     # [rad] from where the leader is, although a hand could have brought it there


class Clock:
    """Stands for `time` in the bus: waiting takes none."""

    now = 0.0

    def monotonic(self):
        return self.now


class Wire:
    """A cable: right answers, but for what happens to them on the way."""

    path, baud = '/dev/fuzz', 1_000_000

    def __init__(self, family, clock, draw):
        self.family, self.clock, self.draw = family, clock, draw
        self.counts, self.pending, self.before = [2048] * JOINTS, b'', b''
        self.fault = ''

    def write(self, packet):
        if packet[4 if self.family is Dynamixel else 2] == 0xFE:
            self.pending = self.spoilt([self.answer(servo + 1, count)
                                        for servo, count in enumerate(self.counts)])

    def answer(self, servo, count):
        made = self.family.__new__(self.family)
        data = made.to_data(made.POSITION, count)
        if self.family is Dynamixel:
            return made.packet(servo, 0x55, b'\0' + data)
        return made.packet(servo, 0, data)

    def spoilt(self, answers):
        draw, fault = self.draw, self.fault
        whole = b''.join(answers)
        noise = draw.bytes(int(draw.integers(1, 40)))
        if fault == 'bits':
            data = bytearray(whole)
            for at in draw.integers(0, len(data), int(draw.integers(1, 6))):
                data[at] ^= 1 << int(draw.integers(8))
            whole = bytes(data)
        elif fault == 'bytes':
            at = int(draw.integers(len(whole)))
            whole = whole[:at] + noise + whole[at + len(noise):]
        elif fault == 'cut':
            whole = whole[:int(draw.integers(len(whole)))]
        elif fault == 'begun late':
            whole = whole[int(draw.integers(1, len(whole))):]
        elif fault == 'inserted':
            at = int(draw.integers(len(whole)))
            whole = whole[:at] + noise + whole[at:]
        elif fault == 'one silent':
            del answers[int(draw.integers(len(answers)))]
            whole = b''.join(answers)
        elif fault == 'replay':
            whole = self.before or whole
        elif fault == 'flood':
            whole = whole * int(draw.integers(2, 6)) + noise
        elif fault == 'wrong ids':
            order = draw.integers(0, 256, len(answers))
            whole = b''.join(self.answer(int(servo) % 253, count)
                             for servo, count in zip(order, self.counts, strict=True))
        elif fault == 'headers':
            head = b'\xff\xff\xfd\x00' if draw.random() < 0.5 else b'\xff\xff'
            at = int(draw.integers(len(whole)))
            whole = whole[:at] + head * int(draw.integers(1, 4)) + whole[at:]
        elif fault == 'random':
            whole = draw.bytes(int(draw.integers(0, 200)))
        self.before = whole if not fault else self.before
        return whole

    def read(self, wait_s):
        data, self.pending = self.pending, b''
        if not data:
            self.clock.now += wait_s + 1e-6
        return data

    def close(self):
        pass


class Stepped(Reader):
    """A reader whose turns the test takes."""

    def _loop(self):
        pass


FAULTS = ('bits', 'bytes', 'cut', 'begun late', 'inserted', 'one silent', 'replay', 'flood',
          'wrong ids', 'headers', 'random', 'jump', 'half a turn', 'old', 'nothing')


@dataclass
class Found:
    """What came of it.

    Attributes:
        inputs: How many readings of the bus.
        engaged: After how many of them a person drove.
        unsafe: What should not have been, by its kind; empty is the aim.
        wrong: Drove while a joint was told elsewhere than it is, but where a hand could have it.
        faults: How often each was drawn.
    """

    inputs: int = 0
    engaged: int = 0
    unsafe: Counter = field(default_factory=Counter)
    wrong: Counter = field(default_factory=Counter)
    faults: Counter = field(default_factory=Counter)


def fuzz(family: str, number: int, seed: int = 0) -> Found:
    """Read a leader so many times over a spoilt cable, with a pedal that is pressed and released.

    Args:
        family: Of `FAMILIES`.
        number: Of readings.
        seed: Of the draw.
    """
    draw, found = np.random.default_rng(seed), Found()
    with opened(family, draw, lambda: device_age[0]) as (device, wire):
        run(device, wire, draw, number, found)
    return found


@contextmanager
def opened(family: str, draw: np.random.Generator, steady_ns: Callable[[], int]
           ) -> Iterator[tuple[ServoLeader, Wire]]:
    """Open a leader over a cable; who takes the turns of its reader asks the servos."""
    clock = Clock()
    wire, zero = Wire(FAMILIES[family], clock, draw), 2048 * TO_RAD
    settings = BusSettings(family, 'x', tuple(
        ServoJoint(name, number + 1, offset=zero - STATE[number])
        for number, name in enumerate(CONTRACT.arms[0].joints)),
        (ServoGripper('gripper', JOINTS, zero, zero - PULLED),))
    with patch.object(bus_module, 'time', clock), \
            patch.object(device_module, 'Reader', Stepped), \
            patch.object(device_module, 'connect', lambda _, servos: FAMILIES[family](
                wire, [servo.id for servo in servos])):
        yield ServoLeader(CONTRACT, settings, steady_ns=steady_ns), wire


def counts_at(positions: np.ndarray) -> list[float]:
    """Return the counts of the servos where the robot's joints would be. Shape (J,)."""
    gripper = CONTRACT.arms[0].gripper
    closed = (positions[-1] - gripper.open) / (gripper.closed - gripper.open)
    return [*(2048 + (positions - STATE)[:-1] / TO_RAD), 2048 - closed * PULLED / TO_RAD]


def strayed(fault: str, counts: Iterable[float], draw: np.random.Generator) -> list[int]:
    """Return counts of which one is elsewhere where that is the fault."""
    found = np.array([*counts])
    if fault == 'jump':
        found[draw.integers(JOINTS - 1)] = draw.integers(4096)
    elif fault == 'half a turn':
        found[draw.integers(JOINTS - 1)] += 2048
    return [int(count) % 4096 for count in found]


device_age = [0]


def run(device, wire, draw, number, found):
    at, velocity = np.full(JOINTS, 2048.0), np.zeros(JOINTS)
    now_ns, held, last, last_ns, good_ns, released = 10**12, False, None, 0, 0, True
    lower, upper = CONTRACT.lower, CONTRACT.upper
    ends = 2048 + (np.array([lower, upper]) - STATE) * 4096 / 2 / np.pi
    for _ in range(number):
        now_ns += TICK_NS
        velocity = np.clip(velocity + draw.normal(0, 5, JOINTS), -60, 60)
        at = np.clip(at + velocity, *ends)
        at[-1] = 1800
        wire.fault = str(draw.choice(FAULTS)) if draw.random() < 0.5 else ''
        found.faults[wire.fault] += 1
        wire.counts = strayed(wire.fault, at, draw)
        if wire.fault != 'nothing':
            device._reader.turn()
        sample = device._reader.newest
        old_ns = int(draw.integers(0, 3 * LONGEST_NS)) if wire.fault == 'old' else 0
        fresh = sample is not None and sample is not device._sample
        device_age[0] = (sample.steady_ns if sample else 0) + old_ns
        good_ns = now_ns - old_ns if fresh else good_ns
        held = held if draw.random() < 0.8 else not held
        intent = device.read(DeviceContext(STATE, ENVIRONMENT, now_ns, Mode.TELEOP, dead_man=held))
        found.inputs += 1
        released |= not held
        if intent is None:
            released, last = not held, None
            continue
        told = intent.positions
        if not np.isfinite(told).all() or (told < lower).any() or (told > upper).any():
            found.unsafe['not finite, or beyond a limit'] += 1
        if not intent.engaged:
            last = None
            continue
        found.engaged += 1
        if not held:
            found.unsafe['the pedal is released'] += 1
        if not released:
            found.unsafe['not pressed anew after silence'] += 1
        if now_ns - good_ns > LONGEST_NS:
            found.unsafe['too old'] += 1
        step_s = max((good_ns - last_ns) * 1e-9, BURST_S)
        if last is not None and np.abs(told - last)[:-1].max() > TURNING * step_s + 1e-6:
            found.unsafe['a leap'] += 1
        true = np.clip(STATE + (at - 2048) * 2 * np.pi / 4096, lower, upper)[:-1]
        if fresh and np.abs(told[:-1] - true).max() > WRONG:
            found.wrong[wire.fault] += 1
        last, last_ns = told, good_ns
