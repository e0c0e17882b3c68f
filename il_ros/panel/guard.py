"""The door of the panel's server: nothing behind it sees a request that it did not let in."""
from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from aiohttp import hdrs, web
from il_ros.web import guard
from il_ros.web.guard import Guard

if TYPE_CHECKING:
    from aiohttp.typedefs import Middleware

INSIDE = '/s/'           # what wants the cookie; its path, so that no other path is sent it
OPEN = ('GET', 'HEAD')
POLICY = "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
# A report is a page that somebody's data made: no scripts, no origin, nothing from elsewhere.
REPORT = ("sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; "
          "media-src data:; frame-ancestors 'none'")
HEADERS = {**guard.HEADERS, 'Content-Security-Policy': POLICY, 'X-Frame-Options': 'DENY',
           'Cross-Origin-Opener-Policy': 'same-origin',
           'Cross-Origin-Resource-Policy': 'same-origin'}

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def cookie_name(port: int) -> str:
    """Return the name of the cookie; of several panels on one machine each has its own."""
    return f'il_ros_panel_{port}'


def door(known: Guard, cookie: str) -> Middleware:
    """Return the middleware that lets in who may come in."""
    @web.middleware
    async def look(request: web.Request, handler: Handler) -> web.StreamResponse:
        if refused := _refusal(request, known, cookie):
            status, text = refused
            return web.Response(status=status, text=f'{text}\n')
        try:
            return await handler(request)
        except web.HTTPException as error:
            return web.Response(status=error.status, text=f'{error.reason}\n')
    return look


async def harden(_: web.Request, response: web.StreamResponse) -> None:
    """Give every answer the headers that keep browsers strict; a signal of aiohttp."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.pop(hdrs.SERVER, None)


def _refusal(request: web.Request, known: Guard, cookie: str) -> tuple[int, str] | None:
    host = guard.only(request.headers.getall(hdrs.HOST, []))
    origins = request.headers.getall(hdrs.ORIGIN, [])
    changes = request.method not in OPEN
    upgrades = hdrs.UPGRADE in request.headers
    if not known.names_us(host):
        return 421, 'this name is none of this machine'
    if (origins or changes or upgrades) and not known.is_ours(guard.only(origins), host):
        return 403, 'not from the panel'
    if changes and request.method != 'POST':
        return 405, 'expected GET or POST'
    if changes and request.headers.get(hdrs.CONTENT_TYPE, '') != 'application/json':
        return 415, 'expected application/json'
    if request.path.startswith(INSIDE) and not known.holds_token(request.cookies.get(cookie, '')):
        return 403, 'wrong or missing token: open the address that il_ros panel printed'
    return None
