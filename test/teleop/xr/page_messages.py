"""The page's messages, as the page writes them."""
from __future__ import annotations

import json

from il_ros.teleop.xr.tracking import Tracking

PERIOD_NS = 10_000_000
HOME = {'left': [-0.3, 1.0, -0.4], 'right': [0.3, 1.0, -0.4]}


class Headset:
    """Says what a headset would; hands not in `hands` are not in view.

    `link` is what the device gets: what the page was told lies in `told`.
    """

    def __init__(self, names=('right',), now_ns=1_000_000_000):
        self.now_ns, self.seq = now_ns, 0
        self.hands = {name: {'position': list(HOME[name]), 'quaternion': [0, 0, 0, 1],
                             'emulated': False, 'buttons': [0, 0, None, 0, 0, 0],
                             'axes': [None, None, 0, 0]} for name in names}
        self.tracking, self.told, self.closed = Tracking(), [], 0
        self.tracking.opened()
        self.send()

    @property
    def said(self):
        return self.tracking.said

    def tell(self, message):
        self.told.append(json.loads(json.dumps(message)))

    def close(self):
        self.closed += 1

    def message(self, **more):
        self.seq += 1
        return json.dumps({'seq': self.seq, 't': self.now_ns / 1e6 - 500, **(
            {'visibility': 'visible', 'hands': self.hands} | more)})

    def push(self, text, way_ns=0):
        self.tracking.push(text, self.now_ns + way_ns)

    def send(self, **more):
        self.push(self.message(**more))

    def wait(self, ns=PERIOD_NS):
        self.now_ns += ns

    def go(self, pictures=1, **more):
        for _ in range(pictures):
            self.wait()
            self.send(**more)

    def press(self, button, value, name='right'):
        self.hands[name]['buttons'][button] = value
