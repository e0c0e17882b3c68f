"""Serves a policy over openpi's websocket protocol, for whoever has the GPU and the libraries.

The server speaks first and sends its metadata; then each observation is answered by a mapping with
'actions'. An error is answered in words (a text message), then the connection ends. One request at
a time: a policy has one state. Imports nothing of il_ros but the wire format and the errors, so
that it runs in environments where the rest does not install.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping
import contextlib
import hmac
from http import HTTPStatus
import logging
import signal
import sys
import threading
import time
from typing import Any

from il_ros.errors import RemoteError
from il_ros.policies.remote.wire import pack, unpack
from websockets.exceptions import ConnectionClosed
from websockets.frames import CloseCode
from websockets.http11 import Request, Response
from websockets.sync.server import serve as listen
from websockets.sync.server import ServerConnection

Answer = Callable[[dict[str, Any]], Mapping[str, Any]]
MAX_REQUEST = 64_000_000  # bytes: eight images of 1080p
PORT = 8000               # as openpi
CLOSE_S = 1.0             # for a client to agree to the end

log = logging.getLogger(__name__)


def serve(answer: Answer, metadata: Mapping[str, Any], *, host: str = '127.0.0.1',
          port: int = PORT, api_key: str = '') -> None:
    """Answer until SIGINT or SIGTERM.

    Args:
        answer: Returns 'actions' (H, A) and whatever else for an observation; one call at a time.
            What it raises is told to the client.
        metadata: What clients are told at once.
        host: Address to listen at; anything but the loopback lets others drive the policy.
        port: Any free one when 0; the log says which.
        api_key: What clients have to know, '' for nothing.
    """
    lock = threading.Lock()

    def admit(connection: ServerConnection, request: Request) -> Response | None:
        if request.path == '/healthz':
            return connection.respond(HTTPStatus.OK, 'OK\n')
        given = request.headers.get('Authorization', '')
        if api_key and not hmac.compare_digest(given.encode(), f'Api-Key {api_key}'.encode()):
            return connection.respond(HTTPStatus.UNAUTHORIZED, 'wrong or missing API key\n')
        return None

    def handle(connection: ServerConnection) -> None:
        log.info('%s: connected', connection.remote_address)
        try:
            connection.send(pack(dict(metadata)))
            while True:
                connection.send(_answered(answer, connection.recv(), lock))
        except ConnectionClosed:
            log.info('%s: gone', connection.remote_address)
        except Exception as error:  # the policy's own: the client shall know, the server lives on
            log.exception('%s: failed', connection.remote_address)
            with contextlib.suppress(ConnectionClosed):
                connection.send(f'{type(error).__name__}: {error}')
            connection.close(CloseCode.INTERNAL_ERROR, 'the message before says why')

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with listen(handle, host, port, compression=None, max_size=MAX_REQUEST,
                close_timeout=CLOSE_S, process_request=admit) as server:
        log.info('listening on ws://%s:%d', *server.socket.getsockname()[:2])
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()


def _answered(answer: Answer, message: str | bytes, lock: threading.Lock) -> bytes:
    if isinstance(message, str):
        raise RemoteError('expected an observation in msgpack, got text')
    observation = unpack(message)
    with lock:
        began = time.monotonic()
        found = dict(answer(observation))
        found['server_timing'] = {'infer_ms': (time.monotonic() - began) * 1000}
    return pack(found)
