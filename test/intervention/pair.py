"""Two arms, a policy and devices before the real arbiter and gate, tick by tick, no ROS."""
from __future__ import annotations

from collections.abc import Sequence

from il_ros.contract import Contract
from il_ros.intervention.arbiter import Arbiter
from il_ros.intervention.operators import Sample
from il_ros.intervention.policy_rows import Chunk
from il_ros.intervention.settings import Settings
from il_ros.intervention.state import Step
from il_ros.safety.gate import Gate
from il_ros.safety.rules import Command, Decision
from il_ros.timing import Now
from il_ros.types import Mode, Request
import numpy as np
from safety.driver import Oracle, ROS_OFFSET_NS

CONTRACT = Contract.load('sim_two_arms')
NAMES, PERIOD_NS = CONTRACT.joint_names, CONTRACT.period_ns
START = np.array(CONTRACT.start)
LEFT, RIGHT = np.arange(14) < 7, np.arange(14) >= 7
PARTS = {'left': LEFT, 'right': RIGHT}
STEP = CONTRACT.velocity * PERIOD_NS * 1e-9      # the longest that v_max allows
HORIZON = 5


NEAR = 0.1      # no policy asks for more at once


def wanted(tick: int) -> np.ndarray:
    """Return where the policy wants the arms to be at a tick."""
    return START + np.where(CONTRACT.is_gripper, -0.01, 0.4) * np.sin(
        tick * np.linspace(0.02, 0.05, 14))


class Cell:
    """Time passes by ticks; what the gate sends is checked by the oracle of its own tests.

    Attributes:
        contract: The robot.
        measured: Where it is: where it was sent [rad] or [m]. Shape (J,).
        speaks: Whether the policy does.
    """

    def __init__(self, start: Mode = Mode.AUTONOMOUS, contract: Contract = CONTRACT,
                 **settings: object) -> None:
        self.contract, self.measured = contract, np.array(contract.start)
        self.arbiter = Arbiter(contract, start, Settings(**settings))
        self.gate, self.speaks, self.ticks, self._seq = Gate(contract), True, 0, 0
        self._pass()
        self.oracle = Oracle(self.gate.arm(self.now), contract=contract)

    @property
    def now(self) -> Now:
        steady_ns = 5 * 10**9 + self.ticks * PERIOD_NS
        return Now(steady_ns, steady_ns + ROS_OFFSET_NS)

    @property
    def mode(self) -> Mode:
        return self.arbiter.control.mode

    def device(self, engaged: bool, columns: np.ndarray, positions: np.ndarray,
               request: Request = Request.NONE, name: str = 'leader') -> None:
        self._seq += 1
        names = [n for n, told in zip(self.contract.joint_names, columns, strict=True) if told]
        self.arbiter.teleop(Sample(name, name.encode(), self._seq, engaged, request, names,
                                   positions[columns]), self.now)

    def tick(self, said: Sequence[object] = ()) -> tuple[Step, Decision]:
        """Let a period pass, with what a device says in it; return what was decided."""
        self._pass()
        if said:
            self.device(*said)
        if self.speaks:
            self._seq += 1
            rows = [self.policy(self.ticks + k) for k in range(HORIZON)]
            self.arbiter.chunk(Chunk(
                b'policy', self._seq, self.arbiter.control.state.epoch, self.now.ros_ns,
                self.now.ros_ns, PERIOD_NS, HORIZON, self.contract.joint_names,
                np.concatenate(rows)), self.now)
        step = self.arbiter.tick(self.now)
        assert step is not None
        self._seq += 1
        decision = self.gate.receive(Command(
            self.contract.joint_names, step.positions, int(step.source), b'arbiter', self._seq,
            self.arbiter.control.state.epoch, self.now.ros_ns,
            () if step.sources is None else step.sources.tolist()), self.now)
        self.oracle.check(decision, self.now)
        assert decision.sent is not None, decision
        self.arbiter.gate(decision.verdict, decision.rule)
        self.measured = decision.sent.copy()
        return step, decision

    def policy(self, tick: int) -> np.ndarray:
        """Return its row for a tick: from where it sees the robot, joint by joint."""
        return self.measured + np.clip(wanted(tick) - self.measured, -NEAR, NEAR)

    def run(self, ticks: int, *said: object) -> tuple[Step, Decision]:
        for _ in range(ticks):
            found = self.tick(said)
        return found

    def changes(self) -> list[tuple[Mode, str]]:
        """Return and forget the changes of mode since the last call."""
        found = [(c.mode, c.reason) for c in self.arbiter.control.changes]
        self.arbiter.control.changes.clear()
        return found

    def _pass(self) -> None:
        self.ticks += 1
        self.arbiter.measure(self.measured, self.now)
        self.gate.measure(self.measured, self.now.ros_ns, self.now)


def autonomous(**settings: object) -> Cell:
    """Return a cell in which the policy drives both arms."""
    cell = Cell(**settings)
    cell.run(5)
    assert cell.mode is Mode.AUTONOMOUS
    cell.changes()
    return cell
