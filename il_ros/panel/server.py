"""HTTP and the socket on one port: the page's files, its cookie, its reports."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
import ipaddress
import json
import logging
import ssl
from typing import Any

from aiohttp import hdrs, web
from aiohttp.http_exceptions import HttpProcessingError
from il_ros.errors import ConfigError
from il_ros.panel.guard import cookie_name, door, harden, REPORT
from il_ros.panel.hub import Hub
from il_ros.panel.messages import MAX_BYTES
from il_ros.panel.page import Page
from il_ros.panel.reports import Reports
from il_ros.web import guard
from il_ros.web.guard import Guard

TYPES = {'html': 'text/html', 'js': 'text/javascript', 'css': 'text/css',
         'svg': 'image/svg+xml'}
MOST_PAGES = 16
LOG = logging.getLogger('il_ros.panel')   # whoever knocks with rubbish shall not fill it
LOG.addFilter(lambda record: not (record.exc_info and isinstance(
    record.exc_info[1], HttpProcessingError)))
CLOSE_S, PING_S = 1.0, 5.0


@dataclass(frozen=True)
class Place:
    """Where to serve.

    Attributes:
        host: Address to listen at.
        port: Any free one when 0.
        context: To encrypt with; None: plain.
    """

    host: str = '127.0.0.1'
    port: int = 0
    context: ssl.SSLContext | None = None


class Server:
    """Serves one hub.

    Args:
        hub: Of the robot.
        reports: That are listed.
        token: Whoever has it may see and act.
    """

    def __init__(self, hub: Hub, reports: Reports, token: str) -> None:
        self._hub, self._reports, self._token = hub, reports, token
        self._files = static_files()
        self._runner: web.AppRunner | None = None
        self._guard = Guard('http', frozenset(), token)
        self._cookie = ''
        self._open = 0

    async def start(self, place: Place) -> list[str]:
        """Listen from now on; return the addresses to open, with the token.

        Raises:
            ConfigError: It cannot.
        """
        listener = guard.listen('panel', place.host, place.port, 'name another --port')
        port = listener.getsockname()[1]
        scheme = 'https' if place.context else 'http'
        self._guard = Guard(scheme, guard.known_hosts(place.host), self._token)
        self._cookie = cookie_name(port)
        app = web.Application(middlewares=[door(self._guard, self._cookie)],
                              client_max_size=MAX_BYTES)
        app.on_response_prepare.append(harden)
        app.add_routes([
            web.get('/', self._file), web.get('/static/{name:.+}', self._file),
            web.post('/login', self._login), web.get('/s/socket', self._socket),
            web.get('/s/reports', self._list), web.get('/s/reports/{id}', self._report)])
        self._runner = web.AppRunner(app, access_log=None, handle_signals=False, logger=LOG,
                                     shutdown_timeout=CLOSE_S)
        await self._runner.setup()
        await web.SockSite(self._runner, listener, ssl_context=place.context).start()
        return [f'{scheme}://{name}:{port}/#{self._token}'
                for name in guard.reached_by(place.host)]

    async def close(self) -> None:
        """Stop listening, close all pages."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _file(self, request: web.Request) -> web.Response:
        name = request.match_info.get('name', 'index.html')
        if name not in self._files:
            raise web.HTTPNotFound
        return web.Response(body=self._files[name], charset='utf-8',
                            content_type=TYPES[name.rpartition('.')[2]])

    async def _login(self, request: web.Request) -> web.Response:
        try:
            given = json.loads(await request.text())
        except (ValueError, RecursionError):
            given = None
        if not isinstance(given, dict) or not isinstance(token := given.get('token'), str) or (
                not self._guard.holds_token(token)):
            return web.Response(status=403, text='wrong token\n')
        response = web.json_response({})
        response.set_cookie(self._cookie, self._token, path='/s', httponly=True,
                            samesite='Strict', secure=self._guard.scheme == 'https')
        return response

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        if hdrs.UPGRADE not in request.headers:
            return web.Response(status=426, text='expected a WebSocket\n')
        if self._open >= MOST_PAGES:
            return web.Response(status=503, text=f'{MOST_PAGES} pages are open already\n')
        socket = web.WebSocketResponse(max_msg_size=MAX_BYTES, compress=False, timeout=CLOSE_S,
                                       heartbeat=PING_S)
        await socket.prepare(request)
        page = Page(self._hub, socket, _is_here(request))
        self._open += 1
        self._hub.opened(page)
        try:
            await page.serve()
        finally:
            self._open -= 1
            self._hub.closed(page)
        return socket

    async def _list(self, _: web.Request) -> web.Response:
        return web.json_response(self._reports.listed())

    async def _report(self, request: web.Request) -> web.Response:
        if (body := self._reports.read(request.match_info['id'])) is None:
            raise web.HTTPNotFound
        return web.Response(body=body, content_type='text/html', charset='utf-8',
                            headers={'Content-Security-Policy': REPORT})


def static_files() -> Mapping[str, bytes]:
    """Return everything that the page is made of, by its path below `static`.

    Raises:
        ConfigError: They were not installed.
    """
    found = dict(_below(files('il_ros.panel').joinpath('static'), ''))
    if 'index.html' not in found:
        raise ConfigError("the panel's page was not installed with il_ros; install it anew")
    return found


def _below(folder: Any, prefix: str) -> list[tuple[str, bytes]]:
    found = []
    for entry in folder.iterdir():
        if entry.is_dir():
            found += _below(entry, f'{prefix}{entry.name}/')
        elif entry.name.rpartition('.')[2] in TYPES:
            found.append((f'{prefix}{entry.name}', entry.read_bytes()))
    return found


def _is_here(request: web.Request) -> bool:
    try:
        return ipaddress.ip_address(request.remote or '').is_loopback
    except ValueError:
        return False
