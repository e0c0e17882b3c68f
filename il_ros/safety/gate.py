"""The gate: decides what of every command reaches the robot, and holds it when things go wrong."""
from __future__ import annotations

from collections.abc import Callable, Sequence

from il_ros.contract import Contract
from il_ros.planning.collision import CollisionChecker
from il_ros.safety.arming import ArmingError, foreign_text, starting_point
from il_ros.safety.clock import ClockWatch
from il_ros.safety.credit import Credit
from il_ros.safety.guard import Guard
from il_ros.safety.leaps import Leap
from il_ros.safety.limiter import Setpoint
from il_ros.safety.limits import Limits
from il_ros.safety.measured import Measured
from il_ros.safety.rules import (
    check_jump,
    check_stamp,
    clamp_positions,
    Command,
    Decision,
    Order,
    read_positions,
    read_sources,
    Refusal,
)
from il_ros.safety.workspace import Workspace
from il_ros.timing import MILLISECOND, Now
from il_ros.types import ControlSource, Floats, Verdict
import numpy as np

WATCHDOG_NS = 100 * MILLISECOND
NONFINITE_IN_A_ROW = 3
MISSED = 1.5    # periods without a command after which a base is stopped


class Gate:
    """The only way to the robot. Pure: the caller passes both clocks with every call.

    Everything sent is finite and within the position limits, keeps the tool in the workspace and
    the arm from touching anything; each step keeps |dq| <= v dt and |dv| <= a dt, and every joint
    can always stop before its limit. The dt of a step is at most one period, and those of any row
    of steps add up to at most the time between the first and the last plus one and a half periods,
    however fast commands come. Nothing is sent while disarmed. A joint that turns without end goes
    the short way, and is sent a position within half a turn of the measured one.

    A fault (no command for the watchdog's time, no joint states or such as no motion explains,
    non-finite commands in a row, a foreign publisher, a jump of ROS time) is latched: the gate
    brings the arm to rest where it was measured, rejects every command and needs `arm` to go on.
    The gripper is held where it was told to be, so that it does not drop what it holds. A base is
    told zero at once, as by any HOLD.
    """

    def __init__(self, contract: Contract, watchdog_ns: int = WATCHDOG_NS,
                 speed: float = 1.0, workspace: Workspace | None = None,
                 collisions: CollisionChecker | None = None,
                 publishers: Callable[[str], Sequence[str]] = lambda topic: ()) -> None:
        """Make a disarmed gate.

        Args:
            contract: Limits and the joint state stream.
            watchdog_ns: Longest steady time without an accepted command [ns].
            speed: Robot time per steady time (a simulation may run faster).
            workspace: Where the tool may be; everywhere when None.
            collisions: Knows what the arm could touch; unchecked when None.
            publishers: Names who publishes a topic.
        """
        self.limits = Limits.of(contract)
        self.armed, self.measured = False, Measured(contract, speed, publishers)
        self.fault: tuple[str, str] | None = None
        self._guard = Guard(self.limits, workspace, collisions)
        self._clock = ClockWatch(speed)
        self._gripper, self._base = contract.is_gripper, contract.is_velocity
        self._watchdog_ns, self._speed = watchdog_ns, speed
        self._order = Order()
        self._setpoint = Setpoint.at_rest(np.array(contract.start))
        self._hold = self._setpoint.positions
        self._armed_ns = 0
        self._fed_ns: int | None = None
        self._held_ns = 0
        self._credit = Credit(self.limits.period_ns, speed)
        self._nonfinite = 0
        self._foreign: tuple[str, ...] = ()

    def measure(self, positions: Floats, stamp_ns: int, now: Now) -> None:
        """Take in measured positions [rad] or [m], shape (J,), of a ROS time [ns].

        NaN stands for a joint that the message does not name: each has an age of its own. A
        message with a joint that cannot have come from where it just was does not count, and is
        a fault.

        Raises:
            MessageError: None is finite, or one infinite, stale, or of the future; none counts.
        """
        try:
            self.measured.take(positions, stamp_ns, now)
        except Leap as leap:
            self._latch('leap', str(leap), now)
            return
        if self._fed_ns is None and not self.fault and (whole := self.measured.whole) is not None:
            self._setpoint = Setpoint.at_rest(self.limits.inside(whole)).stopped(self._base)

    def foresee(self, rows: Floats, epoch: int) -> None:
        """Look at a chunk of the policy; see `Guard.look_ahead`."""
        self._guard.look_ahead(rows, epoch)

    def arm(self, now: Now) -> Floats:
        """Let commands through from the measured position at rest, which it returns.

        A fault is cleared. Shape (J,) [rad] or [m].

        Raises:
            ArmingError: The robot's position is unknown or outside its limits, the arm touches
                something or still brakes, somebody else publishes, or ROS time stands still.
        """
        if self.armed and not self.fault:
            return self._setpoint.positions
        if problem := self.measured.problem(now) or self._clock.look(now):
            raise ArmingError(f'arming refused: {problem}')
        if self._foreign:
            raise ArmingError(f'arming refused: {foreign_text(self._foreign)}')
        if self.fault and not self._setpoint.rests(self.limits):
            raise ArmingError('arming refused: the arm is not at rest yet; call again')
        assert (measured := self.measured.whole) is not None
        start = starting_point(measured, self.limits, self._guard)
        start[self._base] = 0.0
        self.armed, self.fault, self._nonfinite = True, None, 0
        self._setpoint, self._fed_ns, self._armed_ns = Setpoint.at_rest(start), None, now.steady_ns
        self._credit.start(now.steady_ns)
        return start

    def disarm(self) -> None:
        """Send nothing any more; clears a fault."""
        self.armed, self.fault = False, None

    def receive(self, command: Command, now: Now) -> Decision:
        """Decide about one command."""
        self._trip(now)
        try:
            return self._judge(command, now)
        except Refusal as refusal:
            return Decision(Verdict.REJECTED, refusal.rule, refusal.detail)

    def watchdog(self, now: Now) -> Decision | None:
        """Look for faults; return the next hold once per period while one is latched."""
        self._trip(now)
        if self._base_runs_on(now):
            self._setpoint = self._setpoint.stopped(self._base)
            return Decision(Verdict.HELD, 'base', 'no command for the base in this period',
                            self.counted(self._setpoint.positions))
        if not self.fault or (now.steady_ns - self._held_ns) * self._speed < self.limits.period_ns:
            return None
        dt_s = self._credit.take(now.steady_ns)
        if dt_s is None:
            return None
        self._held_ns = now.steady_ns
        self._setpoint = self._guard.approach(self._setpoint, self._hold, dt_s)
        return Decision(Verdict.HELD, *self.fault, self.counted(self._setpoint.positions), dt_s)

    def counted(self, positions: Floats) -> Floats:
        """Return positions with the turns that the robot's driver counts. Shape (J,)."""
        measured = self.measured.whole
        return positions if measured is None else self.limits.angles.near(positions, measured)

    def foreign(self, publishers: Sequence[str], now: Now) -> None:
        """Name the other publishers on the robot's command topics; any is a fault."""
        self._foreign = tuple(publishers)
        if publishers:
            self._latch('foreign publisher', foreign_text(publishers), now)

    def leaps(self, topic: str, problem: str, now: Now) -> None:
        """Take in that what a topic measures leaps: a fault, and nothing to arm with."""
        self._latch('leap', self.measured.doubt(topic, problem, now), now)

    def fail(self, part: str, problem: str, now: Now) -> None:
        """Take in that a part of the robot does not follow: a fault."""
        self._latch(part, problem, now)

    def _judge(self, command: Command, now: Now) -> Decision:
        if not self.armed:
            raise Refusal('disarmed', 'the gate is disarmed; call gate/arm')
        if self.fault:
            raise Refusal('latched', f'the gate holds ({self.fault[1]}); call gate/arm')
        if topic := self.measured.unheard(self._armed_ns):
            raise Refusal('arming', f'waiting for {topic} after arming')
        positions = self._read(command, now)
        sources = read_sources(command, self.limits.names)
        check_stamp(command.stamp_ns, now.ros_ns, round(self._watchdog_ns * self._speed))
        self._order.admit(command)
        positions = self.limits.angles.reachable(positions, self._setpoint.positions)
        target = clamp_positions(positions, sources, self.limits)
        check_jump(target, self._setpoint.positions, sources, self.limits)
        self._guard.check_ahead(command.source, command.epoch)
        dt_s = self._credit.take(now.steady_ns)
        if dt_s is None:
            raise Refusal('rate', 'commands come faster than the robot can use them; '
                                  f'expected one each {self.limits.period_ns / 1e6:.0f} ms')
        before = self._setpoint
        if (standing := self._base & (sources == ControlSource.HOLD)).any():
            before, target = before.stopped(standing), np.where(standing, 0.0, target)
        self._setpoint, limit = self._guard.step(before, target, dt_s, command.source)
        self._fed_ns, self._nonfinite = now.steady_ns, 0
        rule = 'position' if (target != positions).any() else limit
        return Decision(Verdict.CLAMPED if rule else Verdict.PASSED, rule,
                        f'limited by {rule}' if rule else '', self.counted(
                            self._setpoint.positions), dt_s)

    def _read(self, command: Command, now: Now) -> Floats:
        try:
            return read_positions(command, self.limits.names)
        except Refusal as refusal:
            if refusal.rule == 'nonfinite':
                self._nonfinite += 1
                if self._nonfinite >= NONFINITE_IN_A_ROW:
                    self._latch('nonfinite', f'{self._nonfinite} commands in a row: '
                                             f'{refusal.detail}', now)
            raise

    def _trip(self, now: Now) -> None:
        problem = self._clock.look(now)
        if not self.armed or self.fault:
            return
        if problem:
            self._latch('clock', problem, now)
        elif silence := self.measured.silence(now):
            self._latch(silence.topic, silence.text(), now)
        elif self._fed_ns is not None and now.steady_ns - self._fed_ns > self._watchdog_ns:
            self._latch('watchdog', 'no accepted command for '
                        f'{(now.steady_ns - self._fed_ns) / 1e6:.0f} ms', now)

    def _base_runs_on(self, now: Now) -> bool:
        """Tell whether a base moves although its sender missed a tick."""
        return (self.armed and not self.fault and self._fed_ns is not None
                and bool(self._setpoint.positions[self._base].any())
                and (now.steady_ns - self._fed_ns) * self._speed > MISSED * self.limits.period_ns)

    def _latch(self, rule: str, detail: str, now: Now) -> None:
        if not self.armed or self.fault:
            return
        self.fault = (rule, detail)
        self._held_ns = 0
        self._setpoint = self._setpoint.stopped(self._base)
        self._hold = self._setpoint.positions.copy()
        known = self.measured.believed(now) & ~(self._gripper | self._base)
        measured = np.where(known, self.measured.positions, self._hold)
        self._hold[known] = self.limits.inside(measured, self._hold)[known]
