"""A sender of commands and an oracle, for the tests of the gate."""
from __future__ import annotations

import math

from il_ros.contract import Contract
from il_ros.safety.gate import Gate
from il_ros.safety.limits import Limits
from il_ros.safety.rules import Command, Decision
from il_ros.timing import MILLISECOND, Now
from il_ros.types import ControlSource
import numpy as np

CONTRACT = Contract.load('sim_arm')
LIMITS = Limits.of(CONTRACT)
PERIOD_NS = CONTRACT.period_ns
MEASURED = np.array([0.0, -0.4, 1.2, 0.0, 0.77, 0.0, 0.02])
ROS_OFFSET_NS = 1_700_000_000_000_000_000


class Driver:
    """Drives one gate by hand: time passes only through `wait`."""

    def __init__(self, gate: Gate | None = None, contract: Contract = CONTRACT,
                 measured: np.ndarray = MEASURED) -> None:
        self.gate, self.names = gate or Gate(contract), contract.joint_names
        self.steady_ns, self.ros_offset_ns = 1_000_000_000, ROS_OFFSET_NS
        self.seq, self.session, self.epoch = -1, b'A' * 16, 0
        self.measured = measured.copy()

    @property
    def now(self) -> Now:
        return Now(self.steady_ns, self.steady_ns + self.ros_offset_ns)

    def wait(self, duration_ns: int = PERIOD_NS, measure: bool = True) -> None:
        self.steady_ns += duration_ns
        if measure:
            self.measure(self.measured)

    def measure(self, positions: np.ndarray) -> None:
        self.gate.measure(positions, self.now.ros_ns, self.now)

    def armed(self) -> Driver:
        self.wait()
        self.gate.arm(self.now)
        self.wait()
        return self

    def command(self, positions=None, source=ControlSource.HUMAN, **changes) -> Command:
        self.seq += 1
        fields = {'joint_names': self.names, 'source': int(source), 'epoch': self.epoch,
                  'positions': self.measured if positions is None else positions,
                  'session': self.session, 'seq': self.seq, 'stamp_ns': self.now.ros_ns}
        return Command(**(fields | changes))

    def send(self, positions=None, source=ControlSource.HUMAN, **changes) -> Decision:
        return self.gate.receive(self.command(positions, source, **changes), self.now)

    def hold(self) -> Decision:
        """Return the next hold, within 40 ms."""
        for _ in range(40):
            if decision := self.gate.watchdog(self.now):
                return decision
            self.wait(MILLISECOND)
        raise AssertionError('no hold')


def moved(**by: float) -> np.ndarray:
    """Return the measured position with some joints moved."""
    target = MEASURED.copy()
    for name, change in by.items():
        target[CONTRACT.joint_names.index(name)] += change
    return target


class Oracle:
    """Knows only the contract, what was sent and when; checks the promise of the gate."""

    def __init__(self, start: np.ndarray, speed: float = 1.0,
                 contract: Contract = CONTRACT) -> None:
        margin = contract.position_margin * contract.span
        self.lower, self.upper = contract.lower + margin, contract.upper - margin
        self.contract, self.speed = contract, speed
        self.soft = np.isfinite(contract.jerk)
        self.base, self.turns = contract.is_velocity, contract.continuous
        self.sent = 0
        self.restart(start)

    def check(self, decision: Decision | None, now: Now) -> None:
        if decision is None or decision.sent is None:
            return
        self.sent += 1
        q, dt, contract = decision.sent, decision.dt_s, self.contract
        assert np.isfinite(q).all()
        assert (q >= self.lower).all() and (q <= self.upper).all()
        step = q - self.position
        step[self.turns] -= 2 * np.pi * np.round(step[self.turns] / (2 * np.pi))
        if self.base.any() and not q[self.base].any():   # a base may stand at any time
            self.velocity[self.base] = self.rate[self.base] = step[self.base] = 0.0
        if decision.rule == 'base':
            assert not step.any(), 'the base alone is told anything'
            self.position = q.copy()
            return
        assert 0 < dt <= contract.period_ns * 1e-9
        assert (np.abs(step) <= contract.velocity * dt + 1e-9).all()
        velocity = step / dt
        rate = (velocity - self.velocity) / dt
        assert (np.abs(rate) <= contract.acceleration + 1e-6 / dt).all()
        change = np.abs(rate - self.rate)[self.soft]
        assert (change <= contract.jerk[self.soft] * dt * 1.001 + 1e-3).all()
        room = np.where(velocity > 0, self.upper - q, q - self.lower)
        assert (velocity**2 <= 2 * contract.acceleration * room + 1e-6).all(), 'cannot stop'
        self.used = [*self.used[-20:], (now.steady_ns, dt)]
        for i, (since, _) in enumerate(self.used):
            elapsed = (now.steady_ns - since) * 1e-9 * self.speed
            total = math.fsum(d for _, d in self.used[i:])
            assert total <= elapsed + 1.5 * contract.period_ns * 1e-9 + 1e-9
        self.position, self.velocity, self.rate = q.copy(), velocity, rate

    def restart(self, position: np.ndarray) -> None:
        """A newly armed gate starts from where the robot stands."""
        self.position, self.velocity = position.copy(), np.zeros(len(position))
        self.rate = np.zeros(len(position))
        self.used: list[tuple[int, float]] = []
