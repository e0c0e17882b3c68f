"""One oracle over the simulated robot's command log; it knows the contract and what the gate says.

sim_robot logs every command that reached it. The gate reports what it sent and why; a command in
the log that is none of those came from somebody else.
"""
from __future__ import annotations

from collections.abc import Sequence
import json
from pathlib import Path
import time
from typing import NamedTuple

from il_ros.contract import Contract
from il_ros.msg import Command, CommandReport
from il_ros.timing import SECOND
import numpy as np

CLOSE = 1e-9
ON_THE_WAY_NS = SECOND // 2   # a report comes after its command
CREDIT = 3.0     # periods: how early a step may be, how late its report, and one for each arming


class Sent(NamedTuple):
    """A command that reached the robot, or one part of it."""

    monotonic_ns: int             # at the robot
    positions: np.ndarray         # [rad] or [m]. Shape (n,), of the part's columns
    report: CommandReport | None  # the gate's of it

    @property
    def holds(self) -> bool:
        """Whether it holds the arm: by the gate itself, or asked for by the arbiter."""
        return self.report is not None and (
            self.report.verdict == CommandReport.HELD or self.source == Command.HOLD)

    @property
    def source(self) -> int | None:
        """Who asked for it; None for the gate itself and where nobody knows."""
        return self.report.asked.source if self.report and self.report.asked.joint_names else None


class RobotLog:
    """The robot's log as it grows, each command of one part with the gate's report of it.

    Args:
        path: Of the log.
        columns: Of the contract, those of the part.

    Attributes:
        sent: Every command of the log so far. Without a report is what somebody else sent, or
            what the gate sent while its report was lost on the way here.
    """

    def __init__(self, path: Path, columns: Sequence[int]) -> None:
        self._path, self.columns = path, list(columns)
        self.sent: list[Sent] = []
        self._offset = self._reports = 0
        self._ros_ns = time.time_ns() - time.monotonic_ns()

    def read(self, reports: Sequence[CommandReport]) -> None:
        """Take in what is new in the log.

        Args:
            reports: All that were heard, in order.
        """
        if not self._path.exists():
            return
        with self._path.open('rb') as log:
            log.seek(self._offset)
            lines = log.read().splitlines(keepends=True)
        for line in lines:
            if not line.endswith(b'\n'):
                return   # it is being written
            entry = json.loads(line)
            if entry['columns'] != self.columns:
                self._offset += len(line)
                continue
            row, = np.array(entry['positions'])
            report = self._find(reports, row, entry['monotonic_ns'] + self._ros_ns)
            if report is None and time.monotonic_ns() - entry['monotonic_ns'] < ON_THE_WAY_NS:
                return
            self.sent.append(Sent(entry['monotonic_ns'], row, report))
            self._offset += len(line)

    def _find(self, reports: Sequence[CommandReport], row: np.ndarray,
              at_ns: int) -> CommandReport | None:
        for i in range(self._reports, len(reports)):
            if _stamp_s(reports[i]) > (at_ns + ON_THE_WAY_NS) / SECOND:
                return None   # a standing arm is told the same again and again
            if reports[i].sent and np.array_equal(np.array(reports[i].sent)[self.columns], row):
                self._reports = i + 1
                return reports[i]
        return None


def lost(reports: Sequence[CommandReport]) -> int:
    """Return how many reports were lost on the way, by the commands that they answer.

    Those of the gate's own holds, as many again, answer none.
    """
    gaps, newest = 0, {}
    for asked in (r.asked for r in reports if r.asked.joint_names):
        session = bytes(asked.session)
        gaps += max(asked.seq - newest.get(session, asked.seq - 1) - 1, 0)
        newest[session] = asked.seq
    return gaps


def check(sent: Sequence[Sent], reports: Sequence[CommandReport], contract: Contract,
          columns: Sequence[int] | None = None) -> None:
    """Assert that everything is finite, within the limits, in small steps and from the gate alone.

    Each step is at most v * period, and the way between any two commands within a second at most
    v * (the time between them at the gate, and its credit).

    Args:
        sent: All that reached the robot, or one part of it.
        reports: Of the gate.
        contract: The robot.
        columns: Of the part; None: the whole.
    """
    part = slice(None) if columns is None else list(columns)
    lower, upper, velocity = (limit[part] for limit in (
        contract.lower, contract.upper, contract.velocity))
    unknown = [s for s in sent if s.report is None]
    assert len(unknown) <= 2 * lost(reports), f'the gate did not send {unknown[-1].positions}'
    q = np.array([s.positions for s in sent])
    t = np.array([_stamp_s(s.report) if s.report else np.nan for s in sent])
    margin = contract.position_margin * (upper - lower)
    period_s = contract.period_ns / SECOND
    assert np.isfinite(q).all()
    assert (q >= lower + margin - CLOSE).all()
    assert (q <= upper - margin + CLOSE).all()
    for apart in range(1, min(len(q), 30)):
        way = np.abs(q[apart:] - q[:-apart])
        time_s = np.fmin(t[apart:] - t[:-apart] + CREDIT * period_s, apart * period_s)
        share = way / (velocity * time_s[:, None])
        assert (share <= 1 + CLOSE).all(), f'{share.max():.3f} of the way that is allowed'


def _stamp_s(report: CommandReport) -> float:
    return report.header.stamp.sec + report.header.stamp.nanosec / SECOND


def check_held(sent: Sequence[Sent], contract: Contract,
               columns: Sequence[int] | None = None) -> None:
    """Assert that an arm under hold brakes and then stands.

    Args:
        sent: From the first command after the fault on; without one that goes on after arming.
        contract: The robot.
        columns: Of the part; None: the whole.
    """
    part = slice(None) if columns is None else list(columns)
    assert len(sent) > 10
    assert all(s.holds or s.report is None for s in sent), [s.source for s in sent]
    q = np.array([s.positions for s in sent])
    # To rest, and back to where the arm was measured, which lags behind by what it still moves.
    braking = contract.velocity ** 2 / contract.acceleration + contract.velocity * 0.2
    assert (np.abs(q - q[0]) <= braking[part]).all()
    assert (np.abs(q[-5:] - q[-1]) <= 1e-6).all(), 'it stands'
