"""One page: what it says becomes calls of the hub, what it is told waits in order of weight."""
from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
import contextlib
import json
import time
from typing import Any, TYPE_CHECKING

from aiohttp import web, WSMsgType
from il_ros.errors import MessageError
from il_ros.panel.actions import Asked, Budget, PICTURE_NS, SHOWN_NS
from il_ros.panel.frames import Flow
from il_ros.panel.messages import read
from il_ros.panel.seat import SeatError
from il_ros.timing import SECOND, to_s

if TYPE_CHECKING:
    from il_ros.panel.hub import Hub

PER_SECOND = 300         # messages, acknowledgements included
NONSENSE = 50            # messages that say nothing, after which a page is shut out
AHEAD = 10               # states that a page may not have seen yet
TEXTS = 64               # that may wait
KEPT = 50                # states whose time is known
HELLO_S = 5.0
NEVER_NS = 1 << 60


class Page:
    """One open socket.

    Attributes:
        id: A secret of the browser's tab; '' before it said hello.
        here: Whether its browser is on this machine.
        cameras: Which it shows, by number.
        arm: Whether it draws the robot.
        flows: Of its pictures, one per camera.
    """

    def __init__(self, hub: Hub, socket: web.WebSocketResponse, here: bool) -> None:
        self._hub, self._socket, self.here = hub, socket, here
        self.id, self.cameras, self.arm = '', frozenset[int](), False
        self.visible, self.flows = False, [Flow() for _ in hub.robot.cameras]
        self._texts: deque[str] = deque(maxlen=TEXTS)
        self._state, self._pictures = '', dict[int, bytes]()
        self._stuff = asyncio.Event()
        self._number, self._seen = 0, 0
        self._told: deque[tuple[int, int]] = deque(maxlen=KEPT)   # state's number, when
        self._press: tuple[str, str, int] | None = None
        self._stops, self._others = Budget(), Budget()
        self._closing: asyncio.Task[bool] | None = None
        self._second, self._count, self._nonsense = 0, 0, 0

    async def serve(self) -> None:
        """Hear the page until it goes."""
        sender = asyncio.create_task(self._send())
        silent = asyncio.get_running_loop().call_later(HELLO_S, self._shut_unless_known)
        try:
            async for message in self._socket:
                if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                    break
                await self._pace()
                try:
                    self._hear(read(message.data))
                except MessageError as error:
                    self._nonsense += 1
                    self.tell({'kind': 'error', 'text': str(error)})
                    if self._nonsense > NONSENSE:
                        await self._socket.close(code=1008, message=b'nonsense')
                        break
        finally:
            silent.cancel()
            sender.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await sender

    def shut(self, code: int, why: str) -> None:
        """Close the socket, soon."""
        self._closing = asyncio.create_task(self._socket.close(code=code, message=why.encode()))

    def _shut_unless_known(self) -> None:
        if not self.id:
            self.shut(1008, 'no hello')

    def tell(self, message: Mapping[str, Any]) -> None:
        """Tell the page something, in order; the oldest is left out where it takes nothing."""
        self._texts.append(json.dumps(message))
        self._stuff.set()

    def show(self, state: Mapping[str, Any], now_ns: int) -> None:
        """Tell the page how things are; only the newest counts, and none if it is behind."""
        if self._number - self._seen >= AHEAD:
            return
        self._number += 1
        self._told.append((self._number, now_ns))
        self._state = json.dumps({'kind': 'state', 'n': self._number, **state})
        self._stuff.set()

    def picture(self, camera: int, came_ns: int, jpeg: bytes, now_ns: int) -> None:
        """Show the page a picture."""
        self._pictures[camera] = self.flows[camera].send(camera, came_ns, jpeg, now_ns)
        self._stuff.set()

    async def _send(self) -> None:
        with contextlib.suppress(ConnectionError, RuntimeError):
            while True:
                await self._stuff.wait()
                self._stuff.clear()
                while self._texts or self._state or self._pictures:
                    if self._texts:
                        await self._socket.send_str(self._texts.popleft())
                    elif self._state:
                        state, self._state = self._state, ''
                        await self._socket.send_str(state)
                    else:
                        camera = next(iter(self._pictures))
                        await self._socket.send_bytes(self._pictures.pop(camera))

    async def _pace(self) -> None:
        """Take `PER_SECOND` messages a second; what is beyond waits."""
        now_ns = time.monotonic_ns()
        if now_ns // SECOND != self._second:
            self._second, self._count = now_ns // SECOND, 0
        self._count += 1
        if self._count > PER_SECOND:
            await asyncio.sleep((SECOND - now_ns % SECOND) / SECOND)

    def _hear(self, said: Mapping[str, Any]) -> None:
        now_ns, kind = time.monotonic_ns(), said['kind']
        if kind == 'hello':
            if self.id:
                raise MessageError('expected one hello')
            self.id, self.visible = said['page'], said['visible']
            self._hub.came(self, now_ns)
        elif not self.id:
            raise MessageError('expected hello first')
        else:
            getattr(self, f'_on_{kind}')(said, now_ns)

    def _on_beat(self, said: Mapping[str, Any], now_ns: int) -> None:
        self._hub.seat.heard(self.id, now_ns)
        self.visible = said['visible']
        self._seen = min(max(said['n'], self._seen), self._number)

    def _on_watch(self, said: Mapping[str, Any], _: int) -> None:
        known = range(len(self.flows))
        self.cameras, self.arm = frozenset(said['cameras']) & frozenset(known), said['arm']
        self._hub.watch()

    def _on_ack(self, said: Mapping[str, Any], now_ns: int) -> None:
        if said['camera'] in range(len(self.flows)):
            self.flows[said['camera']].acknowledge(said['number'], now_ns)

    def _on_press(self, said: Mapping[str, Any], now_ns: int) -> None:
        self._press = said['id'], said['action'], now_ns

    def _on_release(self, said: Mapping[str, Any], now_ns: int) -> None:
        press, self._press = self._press, None
        if press and press[0] == said['id']:
            self.answer(press[0], press[1], False, f'held for {to_s(now_ns - press[2]):.1f} s; '
                                                   'hold until the ring is full')

    def _on_seat(self, said: Mapping[str, Any], now_ns: int) -> None:
        seat, what = self._hub.seat, said['what']
        try:
            if what == 'ask':
                text = seat.ask(self.id, now_ns)
            elif what in ('give', 'keep'):
                text = seat.answer(self.id, what == 'give', now_ns)
            elif what == 'leave':
                seat.leave(self.id)
                text = 'the seat is free'
            else:
                raise MessageError('seat: expected ask, give, keep or leave')
        except SeatError as error:
            text = str(error)
        self.answer('', 'seat', True, text)
        self._hub.look_soon()

    def _on_doctor(self, _: Mapping[str, Any], now_ns: int) -> None:
        if self._hub.seat.holder(now_ns) != self.id:     # it costs the machine something
            self.answer('', 'doctor', False, 'the seat looks; take or ask for it first')
            return
        self._hub.doctor.start()
        self._hub.tell_doctor()

    def _on_act(self, said: Mapping[str, Any], now_ns: int) -> None:
        press, self._press = self._press, None
        name, seen = said['action'], said['seen']
        held_ns = now_ns - press[2] if press and press[:2] == (said['id'], name) else 0
        told = dict(self._told)
        asked = Asked(
            said['id'], name, self.id, seen['epoch'], seen['episode'], seen['fault'],
            now_ns - told[seen['n']] if seen['n'] in told else NEVER_NS, held_ns,
            said['visible'] and self.visible, self.here, self._blind(now_ns))
        budget = self._stops if name in ('pause', 'disarm') else self._others
        if not budget.spend(now_ns):
            self.answer(asked.id, name, False, 'too many at once')
            return
        self._hub.act(self, asked, now_ns)

    def answer(self, name: str, action: str, success: bool, text: str) -> None:
        """Tell the page what came of what it asked for."""
        self.tell({'kind': 'answer', 'id': name, 'action': action, 'ok': success, 'text': text})

    def _blind(self, now_ns: int) -> str:
        """Return which camera this page does not show as it is now, '' for none."""
        for number, (camera, flow) in enumerate(zip(self._hub.robot.cameras, self.flows,
                                                    strict=True)):
            came_ns = self._hub.robot.came_ns(number)
            if number not in self.cameras or now_ns - flow.shown_ns > SHOWN_NS:
                return f'camera {camera.name!r} is not on this page; open Run and look at it'
            if came_ns is None or now_ns - came_ns > PICTURE_NS:
                age = 'nothing came' if came_ns is None else (
                    f'its picture is {to_s(now_ns - came_ns):.1f} s old')
                return f'camera {camera.name!r}: {age}; look at its driver'
        return ''

