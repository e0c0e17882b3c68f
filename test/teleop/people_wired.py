"""People whose devices are real to the last byte, in real time: a pty of servos, a page over TLS.

Slower than those of `people`, which stand for them where there are many of them.
"""
from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
import time
from unittest.mock import patch

from il_ros.teleop.buses.bus import ServoBus
from il_ros.teleop.device import Device
from il_ros.teleop.xr.device import XrHand
from il_ros.teleop.xr.frames import SQUEEZE, TRIGGER
from il_ros.teleop.xr.settings import XrSettings
import numpy as np
from teleop.buses.test_device import leader, settings_of, show
from teleop.device_conformance import CONTRACT
from teleop.people import Leading, PEOPLE
from teleop.person import Clutch, Person
from teleop.servo_bus import Servos
from teleop.xr.page_messages import Page, page_socket

BUSY_S = 0.3      # on a busy machine the servos' thread may have to wait
LONG_S = 20.0
NAP_S = 0.0005


def await_(condition, what: str) -> None:
    """Wait until a condition holds, which is soon."""
    end = time.monotonic() + LONG_S
    while not condition():
        assert time.monotonic() < end, f'not within {LONG_S} s: {what}'
        time.sleep(NAP_S)


class AtPort(Leading):
    """A leader arm at a serial port."""

    family = ''

    def leader(self) -> Device:
        self._stack = ExitStack()
        self._stack.enter_context(patch.object(ServoBus, 'answer_s', BUSY_S))
        folder = Path(self._stack.enter_context(TemporaryDirectory()))
        self._servos = Servos(self.family, range(1, len(CONTRACT.joints) + 1), folder / 'port')
        self._stack.callback(self._servos.unplug)
        show(self._servos, self._arm)
        self._leader = leader(settings_of(self._servos))
        return self._leader

    def say(self):
        return {'pedal': super().say()['pedal']}

    def hear(self, context):
        show(self._servos, self._arm)
        shown_ns, reader = time.monotonic_ns(), self._leader._reader
        await_(lambda: reader.newest and reader.newest.steady_ns > shown_ns, 'a newer reading')
        return super().hear(context)

    def close(self):
        super().close()
        self._stack.close()


class AtDynamixelPort(AtPort):
    """With servos of the X series."""

    family = 'dynamixel'


class AtFeetechPort(AtPort):
    """With STS servos."""

    family = 'feetech'


class AtPage(Person):
    """A controller of a headset whose browser has the page's socket."""

    def __init__(self, rng: np.random.Generator) -> None:
        from il_ros.teleop.xr.server import PageServer  # wants websockets

        self._stack, settings = ExitStack(), XrSettings()
        folder = Path(self._stack.enter_context(TemporaryDirectory()))
        self._server = PageServer('127.0.0.1', 0, True, settings.hand, folder)
        self.device = XrHand(CONTRACT, CONTRACT.arms[0], settings.hand, settings, self._server)
        self._page = Page(self._stack.enter_context(page_socket(folder)))
        self._hand = self._page.hands[settings.hand]
        self._clutch = Clutch(settings.following.to_robot())

    def engage(self, on):
        self.held = on
        self._hand['buttons'][SQUEEZE] = int(on)
        self._clutch.engage()

    def begin(self, state):
        super().begin(state)
        self._hand['buttons'][TRIGGER] = 0

    def steer(self, wish):
        at, turned = self._clutch.move(wish, np.array(self._hand['position']),
                                       np.array(self._hand['quaternion']))
        self._hand['position'], self._hand['quaternion'] = at.tolist(), turned.tolist()
        self._hand['buttons'][TRIGGER] = int(wish.grip)

    def hear(self, context):
        before = self._server.said
        self._page.picture()
        await_(lambda: self._server.said is not before, 'the picture')
        return context

    def close(self):
        super().close()
        self._stack.close()


SHOWING = {**PEOPLE, 'dynamixel+pedal': AtDynamixelPort, 'feetech+pedal': AtFeetechPort,
           'xr': AtPage}
