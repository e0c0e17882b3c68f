"""The page's messages, as the page writes them; `page_socket` sends them over TLS."""
from __future__ import annotations

import asyncio
from contextlib import contextmanager, suppress
import json
from pathlib import Path
import ssl
import threading
import time

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


class PageSocket:
    """A websocket as a browser has it, in one thread.

    The client of `websockets.sync` reads and writes one TLS socket in two threads at once, which
    ends in an SSLError now and then.
    """

    def __init__(self, address, **options):
        from websockets.asyncio.client import connect

        async def opened():
            return await connect(address, compression=None, close_timeout=1, **options)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        try:
            self._page = self._do(opened())
        except BaseException:
            self._end()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._do(self._page.close())
        self._end()

    def _do(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(20)

    def _end(self):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def send(self, text):
        self._do(self._page.send(text))

    def recv(self, timeout):
        try:
            return self._do(asyncio.wait_for(self._page.recv(), max(timeout, 0.002)))
        except asyncio.TimeoutError:
            raise TimeoutError from None


@contextmanager
def page_socket(folder: Path, certificate: str = 'certificate.pem'):
    """Open the page's socket as a browser does that reads the address in a folder."""
    address, _, query = (folder / 'address').read_text().splitlines()[0].partition('?')
    trusts = ssl.create_default_context(cafile=str(folder / certificate))
    with PageSocket(f'{address.replace("http", "ws", 1)}socket?{query}', ssl=trusts,
                    origin=address.rstrip('/')) as page:
        yield page


class Page(Headset):
    """A headset that goes by the clock of this machine and sends over a socket."""

    def __init__(self, socket):
        self._socket = socket
        super().__init__(now_ns=time.monotonic_ns())

    def push(self, text, way_ns=0):
        self._socket.send(text)

    def picture(self):
        self.now_ns = time.monotonic_ns()
        self.send()

    def heard(self):
        """Return what came by now."""
        with suppress(TimeoutError):
            self.told.append(json.loads(self._socket.recv(timeout=0)))
        return self.told
