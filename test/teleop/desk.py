"""A person at a device before a robot: the real device, arbiter and gate in one loop, no ROS."""
from __future__ import annotations

import time

from il_ros.errors import MessageError
from il_ros.intervention.arbiter import Arbiter
from il_ros.intervention.operators import Sample
from il_ros.intervention.policy_rows import Chunk
from il_ros.intervention.settings import Settings
from il_ros.intervention.state import Step
from il_ros.safety.gate import Gate
from il_ros.safety.limits import Limits
from il_ros.safety.rules import Command
from il_ros.teleop.device import DeviceContext, Intent
from il_ros.timing import Now
from il_ros.types import Mode
import numpy as np
from safety.driver import Oracle, ROS_OFFSET_NS
from teleop.device_conformance import CONTRACT, ENVIRONMENT
from teleop.person import Person

LIMITS = Limits.of(CONTRACT)
NAMES, PERIOD_NS = CONTRACT.joint_names, CONTRACT.period_ns
STEP = CONTRACT.velocity * PERIOD_NS * 1e-9      # the longest that v_max allows
HORIZON = 5


class Desk:
    """Time passes by ticks; what the gate sends is checked by the oracle of its own tests.

    Attributes:
        measured: Where the robot is [rad] or [m]. Shape (J,).
        worst: The longest step that was sent, as a share of v_max dt.
        intent: What the device said last.
        read_ns: Processor time that it took to say it [ns].
    """

    def __init__(self, person: Person, rng: np.random.Generator, start: Mode = Mode.AUTONOMOUS,
                 **settings: object) -> None:
        self.person, self.rng, self.worst = person, rng, 0.0
        self._start, self._settings = start, Settings(**settings)
        self._steady_ns, self._seq = 5 * 10**9, 0
        self.measured, self.intent, self.read_ns = np.array(CONTRACT.start), None, 0

    def stand(self, positions: np.ndarray) -> None:
        """Begin anew with the robot there, at rest and armed."""
        self.measured = LIMITS.inside(positions)
        self.arbiter = Arbiter(CONTRACT, self._start, self._settings)
        self.gate = Gate(CONTRACT)
        self.person.device.reset(int(self.rng.integers(1000)))
        self._pass(PERIOD_NS)
        self.arm()

    def arm(self) -> None:
        self.oracle = Oracle(self.gate.arm(self.now), contract=CONTRACT)
        self._sent = self.oracle.position.copy()

    @property
    def now(self) -> Now:
        return Now(self._steady_ns, self._steady_ns + ROS_OFFSET_NS)

    @property
    def mode(self) -> Mode:
        return self.arbiter.control.mode

    def context(self) -> DeviceContext:
        return DeviceContext(self.measured, ENVIRONMENT, self.now.ros_ns, self.mode)

    def hear(self, context: DeviceContext, garbled: bool) -> DeviceContext:
        """Return what the device is told."""
        return self.person.garbled(context) if garbled else self.person.hear(context)

    def tick(self, garbled: bool = False, period_ns: int = PERIOD_NS) -> Step | None:
        """Let a period pass; return what the arbiter decided in it."""
        self._pass(period_ns)
        context = self.hear(self.context(), garbled)
        began_ns = time.thread_time_ns()
        self.intent = intent = self.person.device.read(context)
        self.read_ns = time.thread_time_ns() - began_ns
        if intent is not None:
            self._tell(intent)
        if self._start is Mode.AUTONOMOUS:
            self._plan()
        step = self.arbiter.tick(self.now)
        if step is not None:
            self._send(step)
        return step

    def _pass(self, period_ns: int) -> None:
        self._steady_ns += period_ns
        self.arbiter.measure(self.measured, self.now)
        self.gate.measure(self.measured, self.now.ros_ns, self.now)
        self._take(self.gate.watchdog(self.now))

    def _tell(self, intent: Intent) -> None:
        self._seq += 1
        assert intent.positions.shape == (len(NAMES),) and np.isfinite(intent.positions).all()
        self.arbiter.teleop(Sample(self.person.device.name, b'device', self._seq, intent.engaged,
                                   intent.request, NAMES, intent.positions), self.now)

    def _plan(self) -> None:
        """Let the policy want to go on somewhere."""
        self._seq += 1
        row = np.clip(self.measured + self.rng.uniform(-1, 1, len(NAMES)) * STEP, LIMITS.lower,
                      LIMITS.upper)
        try:
            self.arbiter.chunk(Chunk(
                b'policy', self._seq, self.arbiter.control.state.epoch, self.now.ros_ns,
                self.now.ros_ns, PERIOD_NS, HORIZON, NAMES, np.tile(row, HORIZON)), self.now)
        except MessageError:
            raise AssertionError('the policy is not heard') from None

    def _send(self, step: Step) -> None:
        self._seq += 1
        decision = self.gate.receive(Command(
            NAMES, step.positions, int(step.source), b'arbiter', self._seq,
            self.arbiter.control.state.epoch, self.now.ros_ns), self.now)
        self.arbiter.gate(decision.verdict, decision.rule)
        self._take(decision)

    def _take(self, decision) -> None:
        if decision is None or decision.sent is None:
            return
        self.oracle.check(decision, self.now)
        self.worst = max(self.worst, float((np.abs(decision.sent - self._sent) / STEP).max()))
        self._sent = self.measured = decision.sent.copy()
