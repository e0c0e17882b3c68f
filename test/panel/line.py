"""A slow line: `slow(port, bits)` forwards to a port of this machine, so many bits a second."""
from __future__ import annotations

import asyncio
from contextlib import contextmanager, suppress
import socket
import threading
import time

PIECE = 1400       # bytes, as a network has them
WAITS = 16384      # bytes that wait in a modem before it


class _Line:
    def __init__(self, port: int, bits: float) -> None:
        self._port, self._second = port, bits / 8
        self._loop = asyncio.new_event_loop()
        self._free = 0.0
        self.port = 0

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._forward, '127.0.0.1', 0)
        self.port = server.sockets[0].getsockname()[1]
        await server.serve_forever()

    async def _forward(self, reader, writer) -> None:
        upstream = socket.socket()
        upstream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, WAITS)
        upstream.setblocking(False)
        await self._loop.sock_connect(upstream, ('127.0.0.1', self._port))
        there, back = await asyncio.open_connection(sock=upstream, limit=WAITS)
        with suppress(ConnectionError):
            await asyncio.gather(self._pass(reader, back, False), self._pass(there, writer, True))

    async def _pass(self, reader, writer, slow: bool) -> None:
        try:
            while data := await reader.read(PIECE):
                if slow:       # all pages share the line
                    self._free = max(self._free, time.monotonic()) + len(data) / self._second
                    await asyncio.sleep(self._free - time.monotonic())
                writer.write(data)
                await writer.drain()
        finally:
            writer.close()

    def run(self) -> None:
        asyncio.set_event_loop(self._loop)
        with suppress(RuntimeError):
            self._loop.run_until_complete(self._serve())

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)


@contextmanager
def slow(port: int, bits: float):
    """Yield the port of a line to a port."""
    line = _Line(port, bits)
    thread = threading.Thread(target=line.run, daemon=True)
    thread.start()
    while not line.port:
        time.sleep(0.01)
    try:
        yield line.port
    finally:
        line.stop()
        thread.join(5)
