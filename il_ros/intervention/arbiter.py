"""The arbiter: decides at every tick whose row goes to the gate.

    TELEOP       a device drives while it is engaged, else the arm is held
    AUTONOMOUS   the policy drives
    CORRECTING   a device took over from the policy
    PAUSED       held; also while control returns to the policy (`returning`)
    HOLD         held after a fault, until `resume` or until an operator engages anew

The human always wins: a device that begins to engage drives from the same tick on. Control returns
to the policy only through PAUSED, and only with a chunk of the new epoch whose observation is not
older than the hand-back. When the one in control falls silent, the arm is held; silence of a
device never gives control to the policy. Every change of who is in control starts a new epoch and
voids the chunk; the step from PAUSED to AUTONOMOUS at the end of a return keeps the epoch, because
it is that epoch's chunk which it waits for.
"""
from __future__ import annotations

from il_ros.contract import Contract
from il_ros.errors import IlRosError
from il_ros.intervention.operators import Operators, Sample
from il_ros.intervention.policy_rows import Chunk, PolicyRows
from il_ros.intervention.state import ControlState, Step
from il_ros.safety.limits import Limits
from il_ros.timing import MILLISECOND, Now
from il_ros.types import ControlSource, Floats, Mode, Request, Verdict
import numpy as np

SILENT_NS = 150 * MILLISECOND    # device, policy or joint states, while they are needed
RELEASE_NS = 100 * MILLISECOND   # a dead-man that is let go for less than that was not let go
NOT_MOVING = ('disarmed', 'latched', 'arming')   # rules with which the gate rejects everything


class TransitionError(IlRosError):
    """The mode does not allow what was asked for."""


class Arbiter:
    """Pure state machine; the caller passes both clocks and sends what comes out."""

    def __init__(self, contract: Contract, start: Mode, silent_ns: int = SILENT_NS) -> None:
        """Begin in TELEOP, PAUSED or AUTONOMOUS (that is: returning to the policy).

        After TELEOP, `resume` leads back to TELEOP; otherwise to the policy.

        Args:
            contract: The robot.
            start: First mode.
            silent_ns: Longest accepted silence of whoever drives [ns of steady time].
        """
        self._silent_ns = silent_ns
        self._names = contract.joint_names
        self._limits = Limits.of(contract)
        self._gripper = contract.gripper_index
        self._teleop = start is Mode.TELEOP
        self._operators = Operators(self._names, silent_ns)
        self._policy = PolicyRows(self._names, silent_ns)
        self._measured: Floats | None = None
        self._measured_ns = 0
        self._held: Floats | None = None
        self._told: Floats | None = None
        self._gate_rejects = False
        self._released_ns: int | None = None
        self._returned_ros_ns: int | None = 0 if start is Mode.AUTONOMOUS else None
        self.state = ControlState(Mode.TELEOP if self._teleop else Mode.PAUSED, 1, 'started',
                                  'operator')
        self.changes = [self.state]

    @property
    def returning(self) -> bool:
        """Whether control returns to the policy as soon as a new chunk is there."""
        return self._returned_ros_ns is not None

    def measure(self, positions: Floats, now: Now) -> None:
        """Take in measured joint positions [rad] or [m]. Shape (J,)."""
        self._measured, self._measured_ns = positions, now.steady_ns

    def teleop(self, sample: Sample, now: Now) -> None:
        """Take in a sample of a device.

        Raises:
            MessageError: It is malformed or not newer than the last one.
        """
        begins = self._operators.add(sample, now.steady_ns)
        who = sample.source_id
        if begins and self.state.mode not in (Mode.TELEOP, Mode.CORRECTING):
            self._give_to_human(f'{who} engaged', who)
        if sample.request == Request.PAUSE:
            self.pause(now, who)
        elif sample.request == Request.HAND_BACK and self.state.mode is Mode.CORRECTING:
            self._return(now, f'{who} handed back', who)
        elif sample.request == Request.TAKE_OVER and self.state.mode is Mode.AUTONOMOUS:
            self.take_over(now, who)

    def chunk(self, chunk: Chunk, now: Now) -> None:
        """Take in a chunk of the policy.

        Raises:
            MessageError: It is malformed, not newer than the last one, or of another epoch.
        """
        self._policy.add(chunk, self.state.epoch, now.steady_ns)

    def gate(self, verdict: Verdict, rule: str) -> None:
        """Take in a decision of the gate; when the gate holds by itself, so does the arbiter."""
        self._gate_rejects = verdict is Verdict.REJECTED and rule in NOT_MOVING
        idle = self.state.mode is Mode.PAUSED and not self.returning
        if verdict is Verdict.HELD and not idle:
            self._fault(f'the gate holds: {rule}', 'gate')

    def take_over(self, now: Now, who: str = 'operator') -> str:
        """Take control from the policy; hold until a device engages. Returns what happens.

        Raises:
            TransitionError: A human is in control already.
        """
        if self.state.mode in (Mode.TELEOP, Mode.CORRECTING):
            raise TransitionError('take_over: expected AUTONOMOUS, PAUSED or HOLD, the mode is '
                                  f'{self.state.mode.name}: the operator is in control already')
        if self._operators.engaged and not self._operators.silent_ns(now.steady_ns):
            self._give_to_human(f'{who} took over', who)
            return f'{self._operators.name} drives'
        if self.state.mode is Mode.AUTONOMOUS or self.returning:
            self._enter(Mode.PAUSED, f'{who} took over; waiting for a device to engage', who)
        return 'holding until a device engages'

    def pause(self, now: Now, who: str = 'operator') -> str:
        """Hold the arm, whoever drives. Returns what happens."""
        if self.state.mode is Mode.PAUSED and not self.returning:
            return 'paused already'
        self._enter(Mode.PAUSED, f'{who} paused', who)
        return 'paused'

    def resume(self, now: Now, who: str = 'operator') -> str:
        """Go on after PAUSED or HOLD. Returns what happens.

        Raises:
            TransitionError: Nothing is held, or a device is engaged where the policy should drive.
        """
        if self.state.mode not in (Mode.PAUSED, Mode.HOLD):
            raise TransitionError('resume: expected PAUSED or HOLD, the mode is '
                                  f'{self.state.mode.name}: nothing to resume')
        if self._teleop:
            self._enter(Mode.TELEOP, f'{who} resumed', who)
            return 'the operator drives'
        if self._operators.engaged and not self._operators.silent_ns(now.steady_ns):
            raise TransitionError(f'resume: {self._operators.name} is engaged; release it first')
        if self.returning:
            return 'waiting for the policy already'
        self._return(now, f'{who} resumed', who)
        return 'the policy drives as soon as it has seen the present state'

    def tick(self, now: Now) -> Step | None:
        """Return the row for the gate, None before the first measured state."""
        if self._measured is None:
            return None
        self._look_for_silence(now)
        self._look_for_release(now)
        silent = self._policy.silent_ns(now.steady_ns)
        policy = None if silent else self._policy.row(now.ros_ns)
        if self._returned_ros_ns is not None and policy is not None and (
                self._policy.observed_after(self._returned_ros_ns)):
            self._returned_ros_ns = None
            self._change(ControlState(Mode.AUTONOMOUS, self.state.epoch, 'the policy has seen the '
                                      'present state', 'policy'))
        human = self._operators.positions()
        positions, source = self._choose(human, policy)
        if source is ControlSource.HOLD:
            positions = self._hold()
        else:
            self._held = None
        self._told = positions
        return Step(positions, source, self._measured, human, policy)

    def _choose(self, human: Floats | None,
                policy: Floats | None) -> tuple[Floats, ControlSource]:
        if self.state.mode in (Mode.TELEOP, Mode.CORRECTING) and human is not None:
            return human, ControlSource.HUMAN
        if self.state.mode is Mode.AUTONOMOUS and policy is not None:
            return policy, ControlSource.POLICY
        if self.state.mode is Mode.AUTONOMOUS:
            self._fault('the chunk of the policy has run out', 'policy')
        return self._hold(), ControlSource.HOLD

    def _hold(self) -> Floats:
        assert self._measured is not None
        if self._held is None or self._gate_rejects:
            self._held = np.clip(self._measured, self._limits.lower, self._limits.upper)
            if self._gripper is not None and self._told is not None and not self._gate_rejects:
                # Where it was told to be: an opened gripper would drop what it holds.
                self._held[self._gripper] = self._told[self._gripper]
        return self._held

    def _look_for_silence(self, now: Now) -> None:
        mode, drives = self.state.mode, self._operators.engaged
        age_ns = now.steady_ns - self._measured_ns
        if age_ns > self._silent_ns and (mode in (Mode.AUTONOMOUS, Mode.CORRECTING) or (
                mode is Mode.TELEOP and drives)):
            self._fault(f'joint states silent for {age_ns / 1e6:.0f} ms', 'robot')
        elif mode in (Mode.TELEOP, Mode.CORRECTING) and drives and (
                silent_ns := self._operators.silent_ns(now.steady_ns)):
            name = self._operators.name
            self._operators.give_up()
            self._fault(f'{name} silent for {silent_ns / 1e6:.0f} ms while it drove', name)
        elif mode is Mode.AUTONOMOUS and (silent_ns := self._policy.silent_ns(now.steady_ns)):
            self._fault(f'policy silent for {silent_ns / 1e6:.0f} ms', 'policy')

    def _look_for_release(self, now: Now) -> None:
        if self.state.mode is not Mode.CORRECTING or self._operators.engaged:
            self._released_ns = None
        elif self._released_ns is None:
            self._released_ns = now.steady_ns
        elif now.steady_ns - self._released_ns >= RELEASE_NS:
            name = self._operators.name or 'operator'
            self._return(now, f'{name} released', name)

    def _give_to_human(self, reason: str, who: str) -> None:
        self._enter(Mode.TELEOP if self._teleop else Mode.CORRECTING, reason, who)

    def _return(self, now: Now, reason: str, who: str) -> None:
        self._enter(Mode.PAUSED, f'{reason}; waiting for the policy to see the present state', who)
        self._returned_ros_ns = now.ros_ns

    def _fault(self, reason: str, who: str) -> None:
        if self.state.mode is not Mode.HOLD:
            self._enter(Mode.HOLD, reason, who)

    def _enter(self, mode: Mode, reason: str, who: str) -> None:
        self._returned_ros_ns = self._released_ns = self._held = None
        self._policy.void()
        self._change(ControlState(mode, self.state.epoch + 1, reason, who))

    def _change(self, state: ControlState) -> None:
        self.state = state
        self.changes.append(state)
