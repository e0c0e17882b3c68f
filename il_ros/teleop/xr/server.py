"""Serves the page and its socket on one port, from a thread of its own; one page at a time."""
from __future__ import annotations

import asyncio
from collections.abc import Mapping
import contextlib
from http import HTTPStatus
from importlib.resources import files
import json
import logging
from pathlib import Path
import ssl
import threading
import time
from urllib.parse import parse_qs, urlsplit

from il_ros.teleop.xr.frames import MAX_BYTES
from il_ros.teleop.xr.tracking import Said, Tracking
from il_ros.timing import SECOND
from il_ros.web import guard
from il_ros.web.certificate import read_token, tls_context, write_private
from il_ros.web.guard import Guard
from websockets.asyncio.server import serve, ServerConnection
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode
from websockets.http11 import Request, Response

PER_SECOND = 200       # messages
PING_S, GONE_S = 1.0, 2.0   # a page that does not answer so long after a ping is gone
OPEN_S = 3.0           # for a browser to ask
QUEUE = 16             # messages to the page that may wait
SECOND_PAGE = 4001     # close code: another page drives
QUIET = logging.getLogger('il_ros.xr')   # whoever knocks with rubbish shall not fill the log
QUIET.setLevel(logging.CRITICAL)
HEADERS = {
    **guard.HEADERS, 'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': "default-src 'none'; script-src 'unsafe-inline'; style-src "
    "'unsafe-inline'; img-src data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'"}


class PageServer:
    """Serves the page; `said` is what it says now.

    Attributes:
        port: That it listens at.
        addresses: What to open in the headset.
    """

    def __init__(self, listen: str, port: int, tls: bool, hand: str, folder: Path) -> None:
        """Listen from now on.

        Args:
            listen: Address; 0.0.0.0 for all of this machine.
            port: Any free one when 0.
            tls: Whether encrypted.
            hand: Which one a phone stands for.
            folder: Of certificate, token, and the file `address` that says what to open.

        Raises:
            ConfigError: It cannot.
        """
        self._hand = hand
        self._guard = Guard('https' if tls else 'http', guard.known_hosts(listen),
                            read_token(folder))
        context = tls_context(folder, self._guard.hosts) if tls else None
        self._socket = guard.listen(
            'xr', listen, port, 'set listen and port in the settings of the device')
        self.port = self._socket.getsockname()[1]
        self.addresses = [
            f'{self._guard.scheme}://{name}:{self.port}/?token={self._guard.token}'
            for name in guard.reached_by(listen)]
        write_private(folder / 'address', '\n'.join([*self.addresses, '']))
        self._tracking = Tracking(f'no page is open; its address is in {folder / "address"}')
        self._page: ServerConnection | None = None
        self._loop = asyncio.new_event_loop()
        self._queue: asyncio.Queue[str] = asyncio.Queue(QUEUE)
        self._end = asyncio.Event()
        self._thread = threading.Thread(target=self._run, args=(context,), name='xr', daemon=True)
        self._thread.start()

    @property
    def said(self) -> Said:
        """What the page says now."""
        return self._tracking.said

    def tell(self, message: Mapping[str, object]) -> None:
        """Send the page something, soon; left out while no page takes it. Never blocks."""
        with contextlib.suppress(RuntimeError):    # closed
            self._loop.call_soon_threadsafe(self._put, json.dumps(message))

    def close(self) -> None:
        """Stop listening; may be called twice."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._end.set)
            self._thread.join()

    def _run(self, context: ssl.SSLContext | None) -> None:
        try:
            self._loop.run_until_complete(self._serve(context))
        finally:
            self._loop.close()

    async def _serve(self, context: ssl.SSLContext | None) -> None:
        async with serve(self._drive, sock=self._socket, ssl=context, compression=None,
                         max_size=MAX_BYTES, process_request=self._admit, open_timeout=OPEN_S,
                         ping_interval=PING_S, ping_timeout=GONE_S, close_timeout=GONE_S,
                         logger=QUIET):
            await self._end.wait()

    def _admit(self, connection: ServerConnection, request: Request) -> Response | None:
        """Answer with the page, let its socket through, refuse the rest."""
        url = urlsplit(request.path)
        given = parse_qs(url.query).get('token', [''])[0]
        host, origin = (guard.only(request.headers.get_all(name)) for name in ('Host', 'Origin'))
        if not self._guard.holds_token(given):
            return connection.respond(HTTPStatus.FORBIDDEN, 'wrong or missing token\n')
        if not self._guard.names_us(host):
            return connection.respond(HTTPStatus.FORBIDDEN, 'not an address of this machine\n')
        if url.path == '/':
            response = connection.respond(HTTPStatus.OK, _page())
            for name, value in HEADERS.items():
                response.headers.pop(name, None)
                response.headers[name] = value
            return response
        if url.path != '/socket':
            return connection.respond(HTTPStatus.NOT_FOUND, 'nothing is here\n')
        if not self._guard.is_ours(origin, host):
            return connection.respond(HTTPStatus.FORBIDDEN, 'not from the page\n')
        return None

    async def _drive(self, page: ServerConnection) -> None:
        """Hear one page until it goes; another one meanwhile is refused."""
        if self._page is not None:
            who = page.remote_address[0]
            self._tracking.tell(f'a second page, at {who}, was refused: close the first one')
            await page.close(SECOND_PAGE, 'another page drives: close it first')
            return
        self._page = page
        self._tracking.opened()
        self._put(json.dumps({'hand': self._hand}))
        sender = asyncio.create_task(self._send(page))
        try:
            await self._hear(page)
        except ConnectionClosed as error:
            if error.sent and error.sent.code == CloseCode.MESSAGE_TOO_BIG:
                self._tracking.tell(f'a message of more than {MAX_BYTES} bytes: the page was '
                                    'shut out')
        finally:
            sender.cancel()
            while not self._queue.empty():
                self._queue.get_nowait()
            self._page = None
            self._tracking.closed()

    async def _hear(self, page: ServerConnection) -> None:
        """Take `PER_SECOND` messages; what is beyond waits, grows old and counts no more."""
        second, count = 0, 0
        while True:
            text = await page.recv()
            now_ns = time.monotonic_ns()
            self._tracking.push(text, now_ns)
            if now_ns // SECOND != second:
                second, count = now_ns // SECOND, 0
            count += 1
            if count >= PER_SECOND:
                self._tracking.tell(f'more than {PER_SECOND} messages a second')
                await asyncio.sleep((SECOND - now_ns % SECOND) / SECOND)

    async def _send(self, page: ServerConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                await page.send(await self._queue.get())

    def _put(self, text: str) -> None:
        if self._page is not None and not self._queue.full():
            self._queue.put_nowait(text)


def _page() -> str:
    return files('il_ros.teleop.xr').joinpath('page.html').read_text()
