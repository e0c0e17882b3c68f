"""The rules by which control changes hands; `arbiter.Arbiter` is what others talk to."""
from __future__ import annotations

from il_ros.contract import Contract
from il_ros.intervention.gate_watch import GateWatch
from il_ros.intervention.help import Waiting
from il_ros.intervention.holding import Holding
from il_ros.intervention.human import Human
from il_ros.intervention.policy_rows import PolicyRows
from il_ros.intervention.rewind import Rewind
from il_ros.intervention.settings import Settings
from il_ros.intervention.shares import Mask
from il_ros.intervention.state import Control, HUMAN_MODES, NOT_BY_ITSELF, TransitionError
from il_ros.joints import NewestJoints
from il_ros.timing import Now, to_ns
from il_ros.types import ControlSource, Floats, Mode
import numpy as np
from numpy.typing import NDArray

ROBOT = 'robot'   # who is to blame for silent joint states
MISSED = 1.5      # periods without a word of whoever drives a base, after which it stands


class Machine:
    """Both sides, what the arm does without them, and the transitions that come by themselves.

    Attributes:
        control: Who is in control, and what changed since the caller last looked.
    """

    def __init__(self, contract: Contract, start: Mode, settings: Settings | None = None,
                 speed: float = 1.0) -> None:
        """Begin in TELEOP, PAUSED or AUTONOMOUS (that is: returning to the policy).

        After TELEOP, `resume` leads back to TELEOP; otherwise to the policy.

        Args:
            contract: The robot.
            start: First mode.
            settings: The defaults when None.
            speed: Robot time per steady time.
        """
        self._settings = settings = settings or Settings()
        self._driven = Mode.TELEOP if start is Mode.TELEOP else Mode.CORRECTING
        self._human = Human(contract, settings)
        self._all = ~self._human.shares.none
        self._keeps = False     # the policy goes on with what a person did not take
        self._keeps_after_ros_ns: int | None = None     # or will, once it has seen that time
        self._policy = PolicyRows(contract.joint_names, settings.silent_ns)
        self._holding, self._rewind = Holding(contract), Rewind(contract)
        self._waiting = Waiting(to_ns(settings.answer_s))
        self._period_ns = contract.period_ns
        self._base, self._late_ns = contract.is_velocity, round(
            MISSED * contract.period_ns / speed)
        self._joints = NewestJoints(contract.joint_names)
        self._joint_age_ns = np.array([max(settings.silent_ns, to_ns(state.max_age_s))
                                       for state in contract.joint_states])
        self._measured: Floats | None = None
        self._told: Floats | None = None
        self._gate = GateWatch()
        self._cause = ''
        self._returned_ros_ns: int | None = 0 if start is Mode.AUTONOMOUS else None
        self.control = Control(Mode.TELEOP if start is Mode.TELEOP else Mode.PAUSED)

    @property
    def returning(self) -> bool:
        """Whether control returns to the policy as soon as a new chunk is there."""
        return self._returned_ros_ns is not None

    def _choose(self, policy: Floats | None) -> tuple[Floats, Mask, ControlSource]:
        """Return a row for the robot, which joints it moves, and who says so."""
        if self._rewind.left:
            row = self._rewind.back(self._told)
            if not self._rewind.left:
                self._enter(Mode.PAUSED, 'rewound; engage to correct, or resume',
                            self.control.state.who)
            return row, self._all, ControlSource.ARBITER
        if self.control.mode in HUMAN_MODES and (led := self._human.follow()):
            if led.aligned and self.control.mode is Mode.ALIGNING:
                self.control.change(self._driven, f'{self._cause}; aligned', self._human.name)
            if led.columns.any():
                return led.positions, led.columns, (ControlSource.HUMAN if led.aligned
                                                    else ControlSource.ARBITER)
        elif self.control.mode is Mode.AUTONOMOUS and policy is not None:
            return policy, self._all, ControlSource.POLICY
        elif self.control.mode is Mode.AUTONOMOUS:
            self._fault('the chunk of the policy has run out', 'policy')
        return np.zeros(len(self._all)), ~self._all, ControlSource.HOLD

    def _kept(self, policy: Floats | None) -> Mask:
        """Return which joints the policy goes on with while a person corrects others. (J,)."""
        if self._keeps_after_ros_ns is not None and policy is not None and (
                self._policy.observed_after(self._keeps_after_ros_ns)):
            self._keeps, self._keeps_after_ros_ns = True, None
        if self._keeps and policy is None:
            self._keeps = False
            if rest := self._human.shares.text(~self._human.taken):
                self.control.change(self.control.mode, f'{self._cause}; the chunk of the policy '
                                    f'has run out: {rest} held until the hand-back', 'policy')
        return ~self._human.taken & self._keeps

    def _sources(self, source: ControlSource, kept: Mask) -> NDArray[np.uint8] | None:
        """Return whose each position is; None where all are `source`'s. Shape (J,)."""
        taken = self._human.taken
        if self.control.mode not in (Mode.CORRECTING, Mode.ALIGNING) or self._rewind.left or (
                taken.all()):
            return None
        rest = np.where(kept, ControlSource.POLICY, ControlSource.HOLD)
        return np.where(taken, source, rest).astype(np.uint8)

    def _late(self, now: Now) -> bool:
        """Tell whether whoever drives missed a tick; a base does not wait for more."""
        by_person = self.control.mode in HUMAN_MODES and not (
            self._keeps and not self._human.taken[self._base].any())
        age_ns = (self._human if by_person else self._policy).age_ns(now.steady_ns)
        return age_ns > self._late_ns

    def _look_for_silence(self, now: Now) -> None:
        mode, now_ns = self.control.mode, now.steady_ns
        drives = mode in HUMAN_MODES and self._human.engaged
        silent = self._silent_joints(now_ns)
        # Nothing can move yet, and arming asks for joint states: their silence is no fault then.
        starts = self._driven is Mode.TELEOP and self._gate.disarmed and not self._gate.moved
        if self._gate.lost(now_ns) and (drives or self.returning or mode in NOT_BY_ITSELF):
            self._enter(Mode.PAUSED, 'the gate is silent; gate/arm, then dagger/resume', 'gate')
        elif silent and not starts and (drives or mode in NOT_BY_ITSELF):
            self._fault(silent, ROBOT)
        elif not silent and starts and mode is Mode.HOLD and self.control.state.who == ROBOT:
            self._enter(Mode.TELEOP, 'joint states are back; nothing has moved yet', ROBOT)
        elif drives and (silent_ns := self._human.silent_ns(now_ns)):
            name = self._human.give_up()
            self._fault(f'{name} silent for {silent_ns / 1e6:.0f} ms while it drove', name)
        elif mode is Mode.AUTONOMOUS and (silent_ns := self._policy.silent_ns(now_ns)):
            self._fault(f'policy silent for {silent_ns / 1e6:.0f} ms', 'policy')

    def _silent_joints(self, now_ns: int) -> str:
        newest_ns = now_ns - int(self._joints.came_ns.max())
        if newest_ns > self._settings.silent_ns:
            return f'joint states silent for {newest_ns / 1e6:.0f} ms'
        silence = self._joints.silence(now_ns, self._joint_age_ns)
        return (f'joint {silence.joint!r} silent for {silence.age_ns / 1e6:.0f} ms' if silence
                else '')

    def _look_for_release(self, now: Now) -> None:
        if self._rewind.left and self._gate.rejects:
            self._enter(Mode.PAUSED, 'not rewound: the gate lets nothing through', 'gate')
        elif self._rewind.left and self._rewind.held and not self._human.engaged:
            self._enter(Mode.PAUSED, f'not rewound further: {self._human.name} released',
                        self._human.name)
        elif not self._rewind.left and self.control.mode in (Mode.CORRECTING, Mode.ALIGNING) and (
                how := self._human.let_go(now.steady_ns)):
            self._end_correction(now, how, self._human.name)

    def _look_for_help(self, now: Now) -> None:
        asked = self._waiting.present()
        if self.control.mode is not Mode.AUTONOMOUS:
            self._waiting.restart()
        elif asked and self._waiting.overdue(now.steady_ns):
            self._enter(Mode.PAUSED, f'{asked.text}; nobody came within '
                        f'{self._settings.answer_s:g} s', asked.source_id)
        elif self._waiting.news():
            self.control.change(Mode.AUTONOMOUS, asked.text if asked else 'no help is wanted now',
                                asked.source_id if asked else 'policy')

    def _idle(self) -> bool:
        return self.control.mode is Mode.PAUSED and not self.returning

    def _may_rewind(self) -> bool:
        return self.control.mode is not Mode.HOLD and self._rewind.reach(1) > 0

    def _require_released(self, name: str, now: Now) -> None:
        if held := self._human.held(now.steady_ns):
            raise TransitionError(f'{name}: {held} is engaged; release it first')
        # Whoever holds the switch of a device that comes back later has control.
        self._human.forget_silent(now.steady_ns)

    def _give_to_human(self, reason: str, who: str, begins: Mask | None = None) -> None:
        """Hand joints to the engaged device: all that it drives, where `begins` is None."""
        assert self._measured is not None
        if asked := self._waiting.present():
            reason = f'{reason}; {asked.text}'
        anew = self.control.mode not in HUMAN_MODES or bool(self._rewind.left)
        wait = self._human.join(self._measured, self._told, begins, anew)
        rest = self._human.shares.text(~self._human.taken)
        keeps = bool(rest) and (self._keeps or self.control.mode is Mode.AUTONOMOUS)
        returned_ros_ns = self._returned_ros_ns if rest else None
        if anew and (keeps or returned_ros_ns is not None):
            reason = f'{reason}; the policy goes on with {rest}'
        self._cause = reason
        text = f'{reason}; {wait}' if wait else reason
        mode = Mode.ALIGNING if wait else self._driven
        if keeps or self._keeps:    # its chunk goes on: no new epoch
            self._keeps = True
            self._human.restart()
            if self.control.mode is not mode or wait:
                self.control.change(mode, text, who)
        elif wait or self.control.mode is not mode:
            self._enter(mode, text, who)
            self._keeps_after_ros_ns = returned_ros_ns

    def _end_correction(self, now: Now, reason: str, who: str) -> None:
        if self._driven is Mode.TELEOP:
            self._enter(Mode.TELEOP, reason, who)
        elif self._settings.after == 'pause':
            self._enter(Mode.PAUSED, f'{reason}; the episode ends here', who)
        else:
            self._return(now, reason, who)

    def _return(self, now: Now, reason: str, who: str) -> None:
        self._enter(Mode.PAUSED, f'{reason}; waiting for the policy to see the present state', who)
        self._returned_ros_ns = now.ros_ns

    def _fault(self, reason: str, who: str) -> None:
        if self.control.mode is not Mode.HOLD:
            self._enter(Mode.HOLD, reason, who)

    def _enter(self, mode: Mode, reason: str, who: str) -> None:
        self._returned_ros_ns = self._keeps_after_ros_ns = None
        self._rewind.left, self._keeps = 0, False
        self._human.restart(mode in HUMAN_MODES)
        self._holding.release()
        self._policy.void()
        self.control.enter(mode, reason, who)
