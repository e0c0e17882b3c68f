"""The arbiter: decides at every tick whose row goes to the gate.

    TELEOP       a device drives while it is engaged, else the arm is held
    AUTONOMOUS   the policy drives
    ALIGNING     a device took over and is brought together with the robot; or the arm rewinds
    CORRECTING   a device took over from the policy and drives
    PAUSED       held; also while control returns to the policy (`returning`)
    HOLD         held after a fault, until `resume` or until an operator engages anew

A gate that was disarmed, or that ended, while somebody drove leads to PAUSED: arming it does not
let the arm move on.

The human always wins: a device that begins to engage has control from the same tick on. Control
returns to the policy only through PAUSED, and only with a chunk of the new epoch whose observation
is not older than the hand-back. When the one in control falls silent, the arm is held; silence of
a device never gives control to the policy. Every change of who is in control starts a new epoch
and voids the chunk; the steps from ALIGNING to CORRECTING, and from PAUSED to AUTONOMOUS at the
end of a return, keep the epoch: the human has control already, and the return waits for that
epoch's chunk.

A device that names the joints of some parts of the robot only (one of two arms) takes over those
from the policy, which goes on with the others, by the same chunk and in the same epoch. What a
person took stays theirs until the correction ends: let go of, it is held. Where the policy did not
drive, or its chunk runs out, the others are held as well. All of the robot returns to the policy
at once.
"""
from __future__ import annotations

from il_ros.intervention.help import HelpRequest
from il_ros.intervention.machine import Machine
from il_ros.intervention.operators import Sample
from il_ros.intervention.policy_rows import Chunk
from il_ros.intervention.state import HUMAN_MODES, NOT_BY_ITSELF, Step
from il_ros.timing import Now, to_s
from il_ros.types import ControlSource, Floats, Mode, Request, Verdict
import numpy as np


class Arbiter(Machine):
    """Pure state machine; the caller passes both clocks and sends what comes out."""

    def measure(self, positions: Floats, now: Now) -> None:
        """Take in measured joint positions [rad] or [m], NaN where not said. Shape (J,)."""
        self._joints.take(positions, now.steady_ns)
        self._measured = self._joints.whole

    def teleop(self, sample: Sample, now: Now) -> None:
        """Take in a sample of a device; nobody drives before the robot's state is known.

        Raises:
            MessageError: It is malformed or not newer than the last one.
        """
        if self._measured is None:
            return
        watched = self._measured if self.control.mode is Mode.AUTONOMOUS else None
        who = sample.source_id
        if (begins := self._human.add(sample, now.steady_ns, watched)).any():
            self._give_to_human(f'{who} {"engaged" if sample.engaged else "was moved"}', who,
                                begins)
        if sample.request == Request.PAUSE:
            self.pause(now, who)
        elif sample.request == Request.TAKE_OVER and self.control.mode is Mode.AUTONOMOUS:
            self.take_over(now, who)
        elif sample.request == Request.REWIND and self._may_rewind():
            self.rewind(now, who)

    def chunk(self, chunk: Chunk, now: Now) -> None:
        """Take in a chunk of the policy.

        Raises:
            MessageError: It is malformed, not newer than the last one, or of another epoch.
        """
        self._policy.add(chunk, self.control.state.epoch, now.steady_ns)

    def ask_for_help(self, request: HelpRequest) -> None:
        """Take in what a watcher of the policy says."""
        self._waiting.hear(request)

    def gate(self, verdict: Verdict, rule: str) -> None:
        """Take in a decision of the gate; when the gate holds by itself, so does the arbiter."""
        disarmed = self._gate.hear(verdict, rule)
        if verdict is Verdict.HELD and not self._idle():
            self._fault(f'the gate holds: {rule}', 'gate')
        elif disarmed and (self.returning or self.control.mode in NOT_BY_ITSELF):
            self._enter(Mode.PAUSED, 'the gate was disarmed; gate/arm, then dagger/resume', 'gate')

    def take_over(self, now: Now, who: str = 'operator') -> str:
        """Take control from the policy; hold until a device engages. Returns what happens.

        Raises:
            TransitionError: A human is in control already.
        """
        self.control.require('take_over', self.control.mode not in HUMAN_MODES,
                             'AUTONOMOUS, PAUSED or HOLD', 'the operator is in control already')
        if self._human.engaged and not self._human.silent_ns(now.steady_ns):
            self._give_to_human(f'{who} took over', who)
            return f'{self._human.name} drives'
        if self.control.mode is Mode.AUTONOMOUS or self.returning:
            self._enter(Mode.PAUSED, f'{who} took over; waiting for a device to engage', who)
        return 'holding until a device engages'

    def hand_back(self, now: Now, who: str = 'operator') -> str:
        """End a correction. Returns what happens.

        Raises:
            TransitionError: No device is in control, or its dead-man switch is held.
        """
        self.control.require('hand_back', self.control.mode in (Mode.CORRECTING, Mode.ALIGNING),
                             'CORRECTING or ALIGNING', 'nothing to hand back' + (
                                 '; dagger/resume goes on'
                                 if self.control.mode in (Mode.PAUSED, Mode.HOLD) else ''))
        self._human.restart(keep_moved=False)
        self._require_released('hand_back', now)
        self._end_correction(now, f'{who} handed back', who)
        return self.control.state.reason

    def rewind(self, now: Now, who: str = 'operator') -> str:
        """Go back along the executed path, then hold. Returns what happens.

        Raises:
            TransitionError: A fault holds the arm, or it has not moved yet.
        """
        self.control.require('rewind', self._may_rewind(), 'an arm that moved and is not in HOLD',
                             'nothing to go back along')
        rows = self._rewind.reach(self._settings.rewind_rows(self._period_ns))
        reason = f'{who} rewinds {to_s(rows * self._period_ns):.1f} s of the way'
        held = self._human.engaged
        self._enter(Mode.ALIGNING, reason, who)
        self._rewind.start(rows, held)
        return reason

    def pause(self, now: Now, who: str = 'operator') -> str:
        """Hold the arm, whoever drives. Returns what happens."""
        if self._idle():
            return 'paused already'
        self._enter(Mode.PAUSED, f'{who} paused', who)
        return 'paused'

    def resume(self, now: Now, who: str = 'operator') -> str:
        """Go on after PAUSED or HOLD. Returns what happens.

        Raises:
            TransitionError: Nothing is held, or a device is engaged where the policy should drive.
        """
        self.control.require('resume', self.control.mode in (Mode.PAUSED, Mode.HOLD),
                             'PAUSED or HOLD', 'nothing to resume')
        armed = '; the gate is disarmed: call gate/arm' if self._gate.disarmed else ''
        if self._driven is Mode.TELEOP:
            if self._human.engaged and self._measured is not None:
                self._give_to_human(f'{who} resumed', who)   # the device was moved meanwhile
            else:
                self._enter(Mode.TELEOP, f'{who} resumed', who)
            return f'the operator drives{armed}'
        self._require_released('resume', now)
        if self.returning:
            return f'waiting for the policy already{armed}'
        self._return(now, f'{who} resumed', who)
        return f'the policy drives as soon as it has seen the present state{armed}'

    def stop_base(self, now: Now) -> Step | None:
        """Return, also between two ticks, a hold for a base whose driver missed one; else None.

        The arms stand where they were told to be until the next tick, and wait for longer.
        """
        if self._measured is None or self._told is None or not (
                self._told[self._base].any() and self._late(now)):
            return None
        self._told = np.where(self._base, 0.0, self._told)
        return Step(self._told, ControlSource.HOLD, self._measured, None, None, None)

    def tick(self, now: Now) -> Step | None:
        """Return the row for the gate, None before the first measured state."""
        if self._measured is None:
            return None
        self._look_for_silence(now)
        self._look_for_release(now)
        self._look_for_help(now)
        silent = self._policy.silent_ns(now.steady_ns)
        policy = None if silent else self._policy.row(now.ros_ns)
        if self._returned_ros_ns is not None and policy is not None and (
                self._policy.observed_after(self._returned_ros_ns)):
            self._returned_ros_ns = None
            self.control.change(Mode.AUTONOMOUS, 'the policy has seen the present state', 'policy')
        if stop := self.stop_base(now):
            return stop
        row, led, source = self._choose(policy)
        kept = self._kept(policy)
        sources = self._sources(source, kept)
        held = self._holding.hold(~(led | kept), self._measured, self._told, self._gate.rejects)
        positions = np.where(led, row, held if policy is None else np.where(kept, policy, held))
        if self._base.any() and self._late(now):
            positions = np.where(self._base, 0.0, positions)
        if self.control.mode in (Mode.AUTONOMOUS, self._driven):
            self._rewind.remember(self._measured)
        self._told = positions
        free = led & (source is ControlSource.HUMAN)
        human = np.where(free, positions, np.nan) if free.any() else None
        leads = self._human.haptic and not free.all()
        return Step(positions, source, self._measured, human, policy,
                    np.where(free, np.nan, self._measured) if leads else None, sources)
