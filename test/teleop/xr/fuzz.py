"""Random pages: what a broken, late or hostile one sends, judged by a witness of its own.

The witness knows what was sent, not how it is judged: since the last thing that has to let go, was
there a picture that shows the hand with its squeeze released, and after it one with it held?
"""
from __future__ import annotations

from collections.abc import Mapping
import json
import math
import random

from il_ros.contract import Contract
from il_ros.teleop.device import DeviceContext
from il_ros.teleop.inputs import LONGEST_NS
from il_ros.teleop.xr.device import XrHand
from il_ros.teleop.xr.frames import LOST
from il_ros.teleop.xr.settings import XrSettings
from il_ros.teleop.xr.tracking import Said, Tracking
from il_ros.types import Mode
import numpy as np

MESS = ('truncated', 'bytes', 'text', 'nan', 'huge', 'null', 'types', 'deep')   # dropped
HARM = ('replay', 'leap', 'spin', 'hidden', 'lost', 'absent', 'emulated', 'no pose', 'gap',
        'reopened')                                                           # lets go
OTHER = ('late', 'wrong id', 'flood', 'closed')
RUBBISH = ('', '[]', '{}', 'null', 'nope', '{"seq":', '"x"', '[' * 2000, '{"seq":1e999}', '\x00',
           '{"seq": true, "t": 1}', '{"seq": -1, "t": 1}', '\ud800', '9' * 4000)


class Page:
    """What is sent, the device that hears it, and what its witness knows."""

    def __init__(self, contract: Contract, seed: int) -> None:
        self.random = random.Random(seed)
        self.tracking, self.now_ns = Tracking(), 10_000_000_000
        self.tracking.opened()
        self.seq = self.heard = 0    # the newest number sent, and that of a good picture
        self.position, self.quaternion = [0.3, 1.0, -0.4], [0.0, 0.0, 0.0, 1.0]
        self.buttons, self.squeezed = [0.0] * 6, False
        self.contract, self.state = contract, np.array(contract.start)
        self.device = XrHand(contract, contract.arms[0], 'right', XrSettings(), self,
                             clock=lambda: self.now_ns)
        self.may_drive, self.released, self.fresh_ns = False, False, -1
        self.told: np.ndarray | None = None
        self.drove = self.sent = 0

    @property
    def said(self) -> Said:
        return self.tracking.said

    def tell(self, message: Mapping[str, object]) -> None:
        json.dumps(message)

    def close(self) -> None:
        """Nothing is open."""

    def push(self, text: str | bytes, way_ns: int = 0) -> None:
        self.tracking.push(text, self.now_ns + way_ns)
        self.sent += 1

    def picture(self, **more) -> dict:
        self.seq += 1
        return {'seq': self.seq, 't': self.now_ns / 1e6, 'visibility': 'visible', 'hands': {
            'right': {'position': self.position, 'quaternion': self.quaternion,
                      'emulated': False, 'buttons': self.buttons, 'axes': [0, 0, 0, 0]}}} | more

    def hand(self, **more) -> dict:
        picture = self.picture()
        picture['hands']['right'] |= more
        return picture

    def let_go(self) -> None:
        self.may_drive = self.released = False

    def good(self) -> None:
        """Send a picture that a headset sends."""
        for k in range(3):
            self.position[k] = float(np.clip(self.position[k] + self.random.uniform(-.01, .01),
                                             -2, 2))
        if self.random.random() < 0.1:
            self.squeezed = not self.squeezed
        self.buttons = [self.random.random(), float(self.squeezed), 0, 0,
                        float(self.random.random() < 0.05), float(self.random.random() < 0.01)]
        if self.fresh_ns >= 0 and self.now_ns - self.fresh_ns > LONGEST_NS:
            self.let_go()
        self.push(json.dumps(self.picture()))
        self.fresh_ns, self.heard = self.now_ns, self.seq
        if not self.squeezed:
            self.let_go()
            self.released = True
        elif self.released:
            self.may_drive = True

    def mess(self) -> None:
        """Send what is no picture; what was good before goes on until it is too old."""
        kind, text = self.random.choice(MESS), json.dumps(self.picture())
        number = self.random.choice((math.nan, math.inf, -math.inf, 1e300))
        if kind == 'truncated':
            text = text[:self.random.randrange(len(text))]
        elif kind == 'nan':
            text = json.dumps(self.hand(position=[number, 0, 0]))
        elif kind == 'huge':
            text = json.dumps(self.hand(quaternion=[0, 0, 0, self.random.choice((0.0, 5.0))]))
        elif kind == 'null':
            text = json.dumps(self.picture(t=None))
        elif kind == 'types':
            text = json.dumps(self.hand(**{self.random.choice(
                ('position', 'quaternion', 'buttons', 'axes', 'emulated')): self.random.choice(
                (1, 'x', {}, [1] * 40, [[1]], True and [True] * 3))}))
            if self.random.random() < 0.5:
                text = json.dumps(self.picture(hands=self.random.choice((1, [], 'x'))))
        elif kind == 'deep':
            text = '{"seq":' + '[' * 4000
        elif kind == 'text':
            text = self.random.choice(RUBBISH)
        self.push(text.encode('utf-8', 'replace') if kind == 'bytes' else text)

    def harm(self) -> None:
        """Send or do what has to let go."""
        kind = self.random.choice(HARM if self.heard else HARM[1:])
        if kind == 'replay':
            self.push(json.dumps(self.picture(seq=self.random.randrange(self.heard + 1))))
        elif kind == 'leap':
            self.position[self.random.randrange(3)] += self.random.choice((-1, 1)) * 2.0
            self.push(json.dumps(self.picture()))
        elif kind == 'spin':
            self.quaternion = [self.quaternion[3], 0.0, 0.0, -self.quaternion[0]]
            self.push(json.dumps(self.picture()))
        elif kind == 'hidden':
            self.push(json.dumps(self.picture(visibility='visible-blurred')))
        elif kind == 'lost':
            self.push(json.dumps(self.picture(lost=self.random.choice(list(LOST)))))
        elif kind == 'absent':
            self.push(json.dumps(self.picture(hands={})))
        elif kind == 'emulated':
            self.push(json.dumps(self.hand(emulated=True)))
        elif kind == 'no pose':
            self.push(json.dumps(self.hand(position=None)))
        elif kind == 'gap':
            self.now_ns += LONGEST_NS + self.random.randrange(1, 10**9)
        else:
            self.tracking.closed()
            self.tracking.opened()
            self.seq = self.heard = 0
        self.let_go()
        self.released = kind in ('leap', 'spin') and not self.squeezed

    def other(self) -> None:
        """Send what is late, of nobody, or too much."""
        kind = self.random.choice(OTHER)
        if not self.heard:       # the first of a page tells how its clock differs
            self.good()
        if kind == 'late':
            self.push(json.dumps(self.picture(t=self.now_ns / 1e6 - 500)))
        elif kind == 'wrong id':
            self.push(json.dumps(self.picture(hands={'third': {}, 'right': {}})))
        elif kind == 'flood':
            for _ in range(20):
                self.good()
        else:
            self.tracking.closed()
            self.let_go()
            self.read()
            self.tracking.opened()
            self.seq = self.heard = 0

    def step(self) -> None:
        """Let a random time go by and send something."""
        self.now_ns += self.random.randrange(4_000_000, 20_000_000)
        self.random.choices((self.good, self.mess, self.harm, self.other),
                            (0.88, 0.06, 0.03, 0.03))[0]()

    def read(self) -> None:
        """Read the device and hold what it says against the witness."""
        contract = self.contract
        intent = self.device.read(DeviceContext(self.state, np.empty(0), self.now_ns,
                                                Mode.TELEOP))
        fresh = 0 <= self.now_ns - self.fresh_ns <= LONGEST_NS
        if intent is None or not intent.engaged:
            self.told = None
            return
        assert self.may_drive and fresh, f'drives: {self.may_drive=} {fresh=}'
        assert np.isfinite(intent.positions).all()
        before = self.state if self.told is None else self.told
        arm = ~contract.is_gripper
        step = np.abs(intent.positions - before)[arm]
        assert (step <= contract.velocity[arm] * 0.1 + 1e-9).all(), step
        assert (contract.lower - 1e-9 <= intent.positions).all()
        assert (intent.positions <= contract.upper + 1e-9).all()
        self.told, self.state, self.drove = intent.positions, intent.positions, self.drove + 1


def fuzz(contract: Contract, size: int, seed: int) -> Page:
    """Send so many messages, reading after about every third; return who sent them.

    Raises:
        AssertionError: The device drove when it may not, or said what no robot may be told.
    """
    page = Page(contract, seed)
    while page.sent < size:
        page.step()
        if page.random.random() < 0.35:
            page.read()
        elif page.random.random() < 0.001:
            page.device.reset(0)
            page.let_go()
            page.released = not page.squeezed
    return page
