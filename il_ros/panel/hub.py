"""Where pages and robot meet: who is told what, who looks at what, what is asked of whom."""
from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
import contextlib
import time
from typing import Any

from il_ros.panel.actions import Action, ACTIONS, Asked, Desk, Refused
from il_ros.panel.doctor import Doctor
from il_ros.panel.lost import Lost
from il_ros.panel.page import Page
from il_ros.panel.robot import Answer, Robot
from il_ros.panel.seat import Seat
from il_ros.panel.state import Board
from il_ros.timing import MILLISECOND, SECOND, to_s

STATE_NS = SECOND // 10
PICTURES_HZ = 15
UNWATCHED_S = 0.25      # between two looks while no page is open
STREAMS_NS = SECOND
SAME_TAB = 4001         # close code: the tab was duplicated, the older one is another page now


class Hub:
    """All pages of one robot.

    Attributes:
        robot: The graph.
        board: What is known of it.
        seat: Who may act.
        doctor: Looks at machine and graph.
    """

    def __init__(self, robot: Robot, board: Board, motion_from_lan: bool = False,
                 lost_s: float = 2.0, goal: int = 20, about: tuple[str, ...] = ()) -> None:
        """Begin without a page.

        Args:
            robot: The graph.
            board: What is known of it; somebody else writes it.
            motion_from_lan: Whether a page on another machine may move the robot.
            lost_s: After which silence of the page that resumed the policy it is paused; 0 never.
            goal: Episodes to record.
            about: Arguments of `il_ros doctor`: which robot.
        """
        self.robot, self.board, self.seat = robot, board, Seat()
        self._desk = Desk(board, self.seat, motion_from_lan)
        self._lost, self._goal = Lost(lost_s), goal
        self._from_lan = motion_from_lan
        self.doctor = Doctor(about, self.tell_doctor)
        self._pages: set[Page] = set()
        self._wake, self._pool = asyncio.Event(), ThreadPoolExecutor(1, 'panel')
        self._tally = {'success': 0, 'failure': 0, 'unlabelled': 0, 'discard': 0}
        self._acts: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Serve all pages until cancelled."""
        try:
            await asyncio.gather(self._pump(), self._tell())
        finally:
            await self.doctor.close()
            self._pool.shutdown(wait=False, cancel_futures=True)

    def wake(self) -> None:
        """Look at the board now: something has changed on it. Called in the loop's thread."""
        self._wake.set()

    look_soon = wake

    def opened(self, page: Page) -> None:
        """Take in that a socket is open."""
        self._pages.add(page)

    def came(self, page: Page, now_ns: int) -> None:
        """Let a page in that has said hello."""
        for other in [other for other in self._pages if other.id == page.id and other is not page]:
            other.shut(SAME_TAB, 'this tab was opened twice')
            self._pages.discard(other)
        name = self.seat.came(page.id, now_ns)
        robot = self.robot
        page.tell({
            'kind': 'about', 'robot': robot.title, 'task': robot.task, 'page': name,
            'cameras': [camera.__dict__ for camera in robot.cameras], 'body': robot.body,
            'goal': self._goal, 'motion': page.here or self._from_lan,
            'kinds': {key: action.kind.value for key, action in ACTIONS.items()}})
        page.tell({'kind': 'faults', 'list': self.board.faults.listed()})
        page.tell({'kind': 'streams', 'list': self.board.streams()})
        page.tell(self._doctor())
        self.wake()

    def closed(self, page: Page) -> None:
        """Take in that a page is gone; whether it is lost, time tells."""
        self._pages.discard(page)
        self.watch()

    def watch(self) -> None:
        """Listen to what some page shows, and to nothing else."""
        cameras = frozenset[int]().union(*(page.cameras for page in self._pages))
        self.robot.watch(cameras, any(page.arm for page in self._pages))

    def tell_doctor(self) -> None:
        """Tell all pages what the doctor found so far."""
        for page in self._pages:
            page.tell(self._doctor())

    def act(self, page: Page, asked: Asked, now_ns: int) -> None:
        """Do what a page asks for, or tell it why not; returns at once."""
        try:
            action = self._desk.admit(asked, now_ns)
        except Refused as refused:
            page.answer(asked.id, asked.name, False, str(refused))
            return
        self._later(self._act(page, asked, action))

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._acts.add(task)
        task.add_done_callback(self._acts.discard)

    async def _act(self, page: Page, asked: Asked, action: Action) -> None:
        epoch = self.board.control.epoch if self.board.control else 0
        answer = Answer(False, '')
        try:
            answer = await self.robot.call(action)
        finally:
            self._desk.done(asked, answer.success)
        if answer.success:
            if asked.name in self._tally:
                self._tally[asked.name] += 1
            self._lost.done(asked.name, page.id, epoch)
        self.robot.log(f'{self.seat.name(page.id)}: {asked.name}: {answer.text}')
        page.answer(asked.id, asked.name, answer.success, answer.text)
        self.wake()

    async def _tell(self) -> None:
        """Tell pages how things are: ten times a second, and at once what changed."""
        newest, told_ns, streams_ns = -1, 0, 0
        while True:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._wake.wait(), UNWATCHED_S if not self._pages else max(
                    (told_ns + STATE_NS - time.monotonic_ns()) / SECOND, 0.001))
            self._wake.clear()
            now_ns = time.monotonic_ns()
            self.board.look(now_ns)
            if self._lost.look(self.board.control, self.seat, now_ns):
                self._later(self._pause())
            if not self._pages:
                continue
            if newest != (newest := self.board.faults.newest):
                self._all({'kind': 'faults', 'list': self.board.faults.listed()})
            if now_ns - streams_ns >= STREAMS_NS:
                streams_ns = now_ns
                self._all({'kind': 'streams', 'list': self.board.streams()})
            told_ns = now_ns
            self._show(now_ns)

    def _show(self, now_ns: int) -> None:
        state = self.board.snapshot(now_ns) | {
            'ms': now_ns / MILLISECOND, 'cams': [self._age_s(i, now_ns) for i in range(
                len(self.robot.cameras))], 'tally': self._tally, 'pages': len(self._pages)}
        holder, asking = self.seat.holder(now_ns), self.seat.asking(now_ns)
        pose = self.robot.pose(now_ns) if any(page.arm for page in self._pages) else None
        for page in self._pages:
            if page.id:
                page.show(state | {
                    'seat': {'who': self.seat.name(holder), 'yours': holder == page.id,
                             'asks': self.seat.name(asking), 'asked': asking == page.id},
                    **({'pose': pose} if page.arm else {})}, now_ns)

    def _age_s(self, camera: int, now_ns: int) -> float | None:
        came_ns = self.robot.came_ns(camera)
        return None if came_ns is None else round(max(to_s(now_ns - came_ns), 0.0), 2)

    async def _pause(self) -> None:
        self.robot.log('the page that resumed the policy is lost')
        answer = await self.robot.call(ACTIONS['pause'])
        self.robot.log(f'dagger/pause: {answer.text}')

    async def _pump(self) -> None:
        """Send pictures: each camera's newest, encoded once per size, to pages that are ready."""
        period_s = 1 / PICTURES_HZ
        due = time.monotonic()
        while True:
            due = max(due + period_s, time.monotonic())
            await asyncio.sleep(max(due - time.monotonic(), 0.0))
            for camera in sorted(frozenset[int]().union(*(p.cameras for p in self._pages))):
                await self._pump_one(camera)

    async def _pump_one(self, camera: int) -> None:
        now_ns, came_ns = time.monotonic_ns(), self.robot.came_ns(camera)
        if came_ns is None:
            return
        ready = [page for page in self._pages if camera in page.cameras
                 and page.flows[camera].ready(came_ns, now_ns)]
        loop = asyncio.get_running_loop()
        for scale in sorted({page.flows[camera].scale for page in ready}):
            found = await loop.run_in_executor(self._pool, self.robot.jpeg, camera, scale)
            if found is None:
                continue
            for page in ready:
                flow = page.flows[camera]
                if flow.scale == scale and flow.ready(found[0], time.monotonic_ns()):
                    page.picture(camera, *found, time.monotonic_ns())

    def _doctor(self) -> dict[str, Any]:
        return {'kind': 'doctor', 'runs': self.doctor.runs, 'lines': self.doctor.lines,
                'problem': self.doctor.problem}

    def _all(self, message: dict[str, Any]) -> None:
        for page in self._pages:
            if page.id:
                page.tell(message)
