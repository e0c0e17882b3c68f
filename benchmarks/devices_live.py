"""Take-overs and hand-backs over DDS with each device, as fast as the arbiter lets them.

A policy drives sim_robot through arbiter and gate, with watchdogs as on a robot; a person takes
over from it with the device that `teleop` has open, by its own bytes or messages, moves it, and
hands back.

    PYTHONPATH=test python -m benchmarks.devices_live gamepad --number 1000

All devices without a name. Exit status 1 where a promise does not hold.
"""
from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
import random
import tempfile
import time
from typing import Annotated

from faults.cell import Cell
from faults.oracle import Sent
from il_ros.msg import Command, ControlMode, TeleopCommand
from il_ros.nodes import shell
from il_ros.scheduling import run_first
from il_ros.timing import MILLISECOND, SECOND
from nodes.harness import running
import numpy as np
from teleop.live import LIVE, Live
import typer

from benchmarks.common import DOMAIN
from benchmarks.faults.promise import Promise, safe

NUMBER = 20
ROWS = (1, 4)        # of policy and of person, before control changes
QUIET = 5            # rows of others, and the person does not drive any more
SOON = 6             # commands around a change of control
SLACK = 0.15         # of a tick: what the way over DDS takes
START_S = 300.0      # for all nodes, also beside much else
PATIENCE_S = 5.0     # for one change of control


class Desk(Cell):
    """A cell with a policy, and a person at the device of its teleop.

    Attributes:
        starts: Stamps of the first sample that was engaged, of each time [ns].
        starved: How often the arm was held, as by a machine that is busy.
    """

    def __init__(self, folder: Path, live: Live) -> None:
        """Start the nodes but teleop; see `cell`."""
        super().__init__(folder, DOMAIN, impatient=True, is_pad=False)
        run_first(children=False)      # here is what teleop listens to
        self.live, self._draw, self.starved = live, random.Random(0), 0
        self.starts: list[int] = []
        self._was = False
        self._subscribe(TeleopCommand, 'teleop/command', self._on_sample)

    def _on_sample(self, sample: TeleopCommand) -> None:
        if sample.engaged and not self._was:
            self.starts.append(shell.stamp_ns(sample.header.stamp))
        self._was = sample.engaged

    def __call__(self) -> None:
        """Say what the device says, and see to it that somebody drives."""
        self.live.speak(self.measured)
        super().__call__()

    def hears(self) -> None:
        """Wait until teleop hears the device."""
        self.wait(lambda: self.live.ready(self.node), lambda: (
            f'teleop hears it: {(self.folder / "teleop.txt").read_text()[-500:]}'), START_S)

    def once(self) -> float | None:
        """Take over and hand back; return after how many ticks the person's first row was sent.

        None where the arm was held.
        """
        number = len(self.starts)
        if (log := self._take_over()) is None or not self._hand_back(log):
            return None
        first = shell.stamp_ns(self._rows_of(Command.HUMAN, log)[0].header.stamp)
        return (first - self.starts[number]) / self.contract.period_ns

    def lose(self) -> float | None:
        """Take over and lose the device; return when the person's last row reached the robot [ms].

        None where the arm was held before.
        """
        if self._take_over() is None:
            return None
        since_ns = time.monotonic_ns()
        self.live.lose()
        self.wait(lambda: len(self.sent()) > QUIET and all(
            s.source != Command.HUMAN for s in self.sent()[-QUIET:]), 'it lets go')
        last_ns = max(s.monotonic_ns for s in self.sent() if s.source == Command.HUMAN)
        self.live.find()
        self.live.engage(False)
        return max(last_ns - since_ns, 0) / MILLISECOND

    def _take_over(self) -> int | None:
        """Have policy, then person drive for some rows; return where the log began.

        None where the arm was held.
        """
        self.live.engage(False)
        if not self._policy_drives():
            self.drive(Command.POLICY)
            self.keep_nothing()
        log, wanted = len(self.log), self._draw.randint(*ROWS)
        if not self._soon(log, lambda: len(self._rows_of(Command.POLICY, log)) >= wanted):
            return None
        self.live.engage(True)
        done = self._soon(log, lambda: len(self._rows_of(Command.HUMAN, log)) >= wanted)
        return log if done else None

    def _hand_back(self, log: int) -> bool:
        self.live.engage(False)
        return self._soon(log, self._policy_drives)

    def _policy_drives(self) -> bool:
        row, mode = (next((m for m in reversed(self.log) if isinstance(m, kind)), None)
                     for kind in (Command, ControlMode))
        return (row is not None and row.source == Command.POLICY
                and mode is not None and mode.mode == ControlMode.AUTONOMOUS)

    def _rows_of(self, source: int, since: int) -> list[Command]:
        return [m for m in self.log[since:] if isinstance(m, Command) and m.source == source]

    def _soon(self, since: int, condition: Callable[[], bool]) -> bool:
        """Wait until it holds; False where the arm is held, or nobody drives."""
        end = time.monotonic() + PATIENCE_S
        while not condition():
            self.spin()
            self()
            if time.monotonic() > end or any(
                    isinstance(m, ControlMode) and m.mode == ControlMode.HOLD
                    for m in self.log[since:]):
                self.starved += 1
                return False
        return True


@contextmanager
def desk_with(live: Live, folder: Path) -> Iterator[Desk]:
    """Run the nodes, with teleop at the device of a person, in an empty folder."""
    with Desk(folder, live) as desk, live.opened(desk.node), running(
            'teleop', DOMAIN, folder / 'teleop.txt', stdin=live.stdin, env=live.env,
            parameters={'robot': folder / 'robot.yaml', 'sounds': False, **live.parameters}):
        yield desk


def measure(name: str, number: int) -> list[Promise]:
    """Take over so often with a device; return what came of it."""
    ticks: list[float] = []
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        with desk_with(LIVE[name](folder), folder) as desk:
            desk.hears()
            began = time.monotonic()
            while len(ticks) < number:
                taken = desk.once()
                ticks += [] if taken is None else [taken]
            per_s = number / (time.monotonic() - began)
            step = desk.contract.velocity * desk.contract.period_ns / SECOND
            shares, safety = _shares(desk.sent(), step), safe(desk, name)
    over = sum(tick > 1 + SLACK for tick in ticks)
    p50, p99, most = np.percentile(ticks, (50, 99, 100))
    return [Promise(f'{name}: engaged -> first row of the person', '<= 1 tick',
                    f'p50 {p50:.2f}, p99 {p99:.2f}, most {most:.2f} of {number}', not over),
            Promise(f'{name}: steps at changes of control', '<= v_max dt, always',
                    f'max {max(shares):.3f} at {len(shares)} changes, {per_s:.1f} take-overs a '
                    f'second, {desk.starved} times held', max(shares) <= 1 + 1e-9),
            safety]


def _shares(sent: list[Sent], step: np.ndarray) -> list[float]:
    """Return the largest step around each change of who drives, as a share of what is allowed."""
    found, sources = [], [s.source for s in sent]
    for k in range(1, len(sent)):
        if sources[k - 1] != sources[k] and {Command.POLICY, Command.HUMAN} & {
                sources[k - 1], sources[k]}:
            near = np.array([s.positions for s in sent[max(k - 2, 0):k + SOON]])
            found.append(float((np.abs(np.diff(near, axis=0)) / step).max()))
    return found


def main(name: Annotated[str, typer.Argument(help='A device; all without.')] = '',
         number: Annotated[int, typer.Option(min=1, help='Take-overs of each.')] = NUMBER) -> None:
    """Measure and print; what breaks a promise ends it with 1."""
    if name and name not in LIVE:
        raise typer.BadParameter(f'expected one of {", ".join(LIVE)}, got {name!r}')
    failed = 0
    for each in [name] if name else LIVE:
        for what, promised, measured, holds in measure(each, number):
            typer.echo(f'{"yes" if holds else "NO":4}{what}   {promised}   {measured}')
            failed += not holds
    raise typer.Exit(1 if failed else 0)


if __name__ == '__main__':
    typer.run(main)
