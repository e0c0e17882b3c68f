"""A thread that reads a bus, so that nobody waits for it; again after it was unplugged."""
from __future__ import annotations

from collections.abc import Callable, Sequence
import threading
import time
from typing import NamedTuple

from il_ros.teleop.buses.bus import Bus, Counts
from il_ros.teleop.buses.port import BusError, PortGoneError
from il_ros.timing import MILLISECOND

FAILURES = 3                        # reads in a row that fail, and nothing is known any more
AGAIN_S = 0.5                       # between two tries to have the port back
WANTED_NS = 200 * MILLISECOND       # a goal that nobody renews for that long ends the torque
JOIN_S = 2.0


class Sample(NamedTuple):
    """What the servos said, at a steady time [ns]; `run` counts the times the bus was lost."""

    counts: Counts
    steady_ns: int
    run: int


class Reader:
    """Keeps the newest sample of a bus, and is the only one that talks to it.

    Attributes:
        newest: Whole, or None while three reads in a row failed or the port is gone.
        problem: Why there is none; '' where there is.
    """

    def __init__(self, connect: Callable[[], Bus], rate_hz: float, ids: Sequence[int] = (),
                 driven: Sequence[int] = ()) -> None:
        """Open the bus, and begin to read.

        Args:
            connect: Opens it, with the torque off; also after it was unplugged.
            rate_hz: How often to read.
            ids: Of all servos, which are free of torque.
            driven: Of those that goals are for.

        Raises:
            BusError: It cannot be opened.
        """
        self.newest: Sample | None = None
        self.problem = ''
        self._connect, self._period_s = connect, 1 / rate_hz
        self._ids, self._driven = list(ids), list(driven)
        self._bus: Bus | None = connect()
        self._torque = False
        self._wanted: tuple[Counts, int] | None = None
        self._failed = self._run = 0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._loop, name='servos', daemon=True)
        self._thread.start()

    def drive(self, goals: Counts | None) -> None:
        """Let the driven servos go to goals, None: free; to be repeated within 0.2 s.

        Shape (D,), as `Bus.read` counts them.
        """
        self._wanted = None if goals is None else (goals, time.monotonic_ns())

    def close(self) -> None:
        """End the thread, with the torque off; a second call does nothing."""
        self._end.set()
        self._thread.join(JOIN_S)

    def turn(self) -> float:
        """Ask the servos once; return how long to wait at least [s]. Of the thread alone."""
        try:
            if self._bus is None:
                self._bus = self._connect()
                self._torque = False
            self._steer(self._bus)
            began_ns = time.monotonic_ns()
            counts = self._bus.read()
        except PortGoneError as error:
            self._lose(str(error))
            return AGAIN_S
        except BusError as error:
            return self._fail(str(error))
        self._failed, self.problem = 0, ''
        self.newest = Sample(counts, began_ns, self._run)
        return 0.0

    def _loop(self) -> None:
        due = time.monotonic()
        try:
            while not self._end.wait(max(due - time.monotonic(), 0.0)):
                due = max(due + self._period_s, time.monotonic())
                due += self.turn()
        finally:
            self.newest, self.problem = None, self.problem or 'the servos are not read any more'
            if self._bus is not None:
                self._free()
                self._bus.close()

    def _steer(self, bus: Bus) -> None:
        wanted = self._wanted
        if wanted is None or time.monotonic_ns() - wanted[1] > WANTED_NS:
            if self._torque:
                bus.torque(self._ids, False)
                self._torque = False
            return
        if not self._torque:
            self._torque = True       # also where only some came on
            bus.write_goal(self._driven, wanted[0])
            bus.torque(self._driven, True)
        bus.write_goal(self._driven, wanted[0])

    def _fail(self, text: str) -> float:
        self._failed += 1
        if self._failed >= FAILURES or self._bus is None:
            self._forget(text)
        return 0.0 if self._bus else AGAIN_S    # there again, but as it should not be

    def _forget(self, why: str) -> None:
        self._run += self.newest is not None
        self.newest, self.problem, self._wanted = None, why, None

    def _lose(self, text: str) -> None:
        self._forget(text)
        if self._bus is not None:
            self._bus.close()
            self._bus = None

    def _free(self) -> None:
        for _ in range(FAILURES):
            try:
                if self._bus is not None:
                    self._bus.torque(self._ids, False)
                return
            except BusError as error:
                self.problem = str(error)
