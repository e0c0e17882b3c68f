"""Drives one arbiter by hand, for the tests."""
from __future__ import annotations

from il_ros.contract import Contract
from il_ros.intervention.arbiter import Arbiter
from il_ros.intervention.operators import Sample
from il_ros.intervention.policy_rows import Chunk
from il_ros.intervention.settings import Settings
from il_ros.timing import MILLISECOND, Now
from il_ros.types import Mode, Request
import numpy as np

CONTRACT = Contract.load('sim_arm')
NAMES = CONTRACT.joint_names
PERIOD_NS = CONTRACT.period_ns
STATE = np.array([0.0, -0.4, 1.2, 0.0, 0.77, 0.0, 0.02])
HUMAN, POLICY = STATE + 0.001, STATE + 0.002
ROS_OFFSET_NS = 1_700_000_000_000_000_000


class Driver:
    """Time passes only through `wait`; by default the robot reports its state all the time."""

    def __init__(self, start: Mode = Mode.TELEOP, **settings) -> None:
        self.arbiter = Arbiter(CONTRACT, start, Settings(**settings))
        self.steady_ns = 5_000_000_000
        self.seq = 0
        self.state = STATE.copy()
        self.wait(0)

    @property
    def now(self) -> Now:
        return Now(self.steady_ns, self.steady_ns + ROS_OFFSET_NS)

    @property
    def mode(self) -> Mode:
        return self.arbiter.control.mode

    def wait(self, ms: float, measure: bool = True) -> None:
        self.steady_ns += round(ms * MILLISECOND)
        if measure:
            self.arbiter.measure(self.state, self.now)

    def device(self, engaged: bool, request: Request = Request.NONE, name: str = 'pad',
               positions=None) -> None:
        self.seq += 1
        self.arbiter.teleop(Sample(name, name.encode(), self.seq, engaged, request, NAMES,
                                   HUMAN if positions is None else positions), self.now)

    def chunk(self, **changes) -> None:
        self.seq += 1
        fields = {'session': b'policy', 'seq': self.seq, 'epoch': self.arbiter.control.state.epoch,
                  'stamp_ns': self.now.ros_ns, 'observation_ns': self.now.ros_ns,
                  'dt_ns': PERIOD_NS, 'horizon': 20, 'joint_names': NAMES,
                  'positions': np.tile(POLICY, 20)}
        self.arbiter.chunk(Chunk(**(fields | changes)), self.now)

    def tick(self):
        return self.arbiter.tick(self.now)

    def run(self, ticks: int, policy: bool = False, engaged: bool | None = None):
        """Pass some ticks with live sources; return the steps."""
        steps = []
        for _ in range(ticks):
            self.wait(PERIOD_NS / MILLISECOND)
            if policy:
                self.chunk()
            if engaged is not None:
                self.device(engaged)
            steps.append(self.tick())
        return steps

    def changes(self) -> list[tuple[Mode, str]]:
        """Return and forget the changes of mode since the last call."""
        found = [(c.mode, c.reason) for c in self.arbiter.control.changes]
        self.arbiter.control.changes.clear()
        return found


def autonomous(**settings) -> Driver:
    """Return a driver with the policy in control and a device at hand."""
    driver = Driver(Mode.AUTONOMOUS, **settings)
    driver.run(2, policy=True, engaged=False)
    assert driver.mode is Mode.AUTONOMOUS
    driver.changes()
    return driver


def correcting(**settings) -> Driver:
    """Return a driver with the human in control after a take-over."""
    driver = autonomous(**settings)
    driver.run(2, policy=True, engaged=True)
    assert driver.mode is Mode.CORRECTING
    driver.changes()
    return driver


def at(mode: Mode) -> Driver:
    """Return a driver in a mode of a system that was started for autonomy."""
    if mode is Mode.AUTONOMOUS:
        return autonomous()
    if mode is Mode.CORRECTING:
        return correcting()
    driver = Driver(Mode.PAUSED if mode in (Mode.PAUSED, Mode.HOLD) else Mode.TELEOP)
    driver.run(1, engaged=False)
    if mode is Mode.HOLD:
        driver = autonomous()
        driver.wait(151)
        driver.device(False)
        driver.tick()
    assert driver.mode is mode
    driver.changes()
    return driver
