"""A motion as a device drives it: wait for the robot, plan the way to a pose, drive, let go."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from il_ros.angles import Angles
from il_ros.contract import Contract
from il_ros.errors import PlanningError
from il_ros.planning.planner import Planner
from il_ros.timing import SECOND, to_s
from il_ros.types import Floats, Mode, Request
import numpy as np

ARRIVED = 0.02      # largest distance of an arm joint from the start pose [rad] or [m]
SETTLE_NS = 3 * SECOND
LAST_WORDS = 3      # samples that say that nobody drives any more


class Wish(NamedTuple):
    """One sample of the homing device."""

    positions: Floats
    engaged: bool
    request: Request


@dataclass
class Homing:
    """Pure state machine; the caller passes measured joints, mode and steady time.

    Attributes:
        timeout_ns: Longest wait for joint states and the arbiter's mode.
        goal: Where to go; the contract's start pose when None. Shape (J,).
        then: Rows to drive after the arrival, one per control period. Shape (N, J).
        done: The arm was there and nobody drives it any more.
        repeated: Rows of `then` that were sent.
    """

    contract: Contract
    planner: Planner
    timeout_ns: int
    goal: Floats | None = None
    then: Floats | None = None
    done: bool = field(default=False, init=False)
    repeated: int = field(default=0, init=False)
    _rows: Floats | None = field(default=None, init=False)
    _since_ns: int | None = field(default=None, init=False)
    _sent: int = field(default=0, init=False)
    _parting: int = field(default=0, init=False)
    _led: bool = field(default=False, init=False)
    _stays: bool = field(default=False, init=False)    # where it is asked to go: no way to plan

    def __post_init__(self) -> None:
        self._goal = np.array(self.contract.start) if self.goal is None else self.goal
        self._then = np.empty((0, len(self._goal))) if self.then is None else self.then

    def tick(self, measured: Floats | None, mode: Mode | None, now_ns: int,
             passes: bool | None = True) -> Wish | None:
        """Return what to send now, None while there is nothing to send.

        Args:
            measured: Newest joint positions [rad] or [m]. Shape (J,). None if none came.
            mode: The arbiter's, None if it was not heard.
            now_ns: Steady time.
            passes: Whether the gate let the newest command through; None if it was not heard.

        Raises:
            PlanningError: The robot is absent, may not or cannot go, did not arrive, or was
                stopped on its way.
        """
        if self._since_ns is None:
            self._since_ns = now_ns
        if measured is None or mode is None:
            self._wait(measured, now_ns - self._since_ns)
            return None
        if self._rows is None:
            self._rows = self._plan(measured, mode)
        self._check_leading(passes is True and mode is not Mode.HOLD)
        if self._sent < len(self._rows):
            self._sent, self._since_ns = self._sent + 1, now_ns
            return Wish(self._rows[self._sent - 1], True, Request.NONE)
        if not self._parting and not self.repeated and not self._arrived(
                measured, now_ns - self._since_ns):
            self._stays = True
            return Wish(self._goal, True, Request.NONE)
        if self.repeated < len(self._then):
            self.repeated += 1
            return Wish(self._then[self.repeated - 1], True, Request.NONE)
        self._parting += 1
        self.done = self._parting >= LAST_WORDS
        # Whoever paused the robot finds it paused again.
        pause = self._parting == 1 and mode is not Mode.TELEOP
        return Wish(measured, False, Request.PAUSE if pause else Request.NONE)

    def _wait(self, measured: Floats | None, waited_ns: int) -> None:
        if waited_ns > self.timeout_ns:
            topics = ', '.join(state.topic for state in self.contract.states)
            what = (f'joint states on {topics}; is the robot running?'
                    if measured is None else 'control/mode; is dagger_intervention running?')
            raise PlanningError(f'within {to_s(self.timeout_ns):g} s came no {what}')

    def _plan(self, measured: Floats, mode: Mode) -> Floats:
        if mode in (Mode.AUTONOMOUS, Mode.CORRECTING):
            raise PlanningError(f'a motion while the mode is {mode.name} would count as a '
                                'correction of the policy; call dagger/pause first')
        return self.planner.home(measured, self._goal)

    def _check_leading(self, leads: bool) -> None:
        if self._led and not leads and not self._parting:
            raise PlanningError('the arm was stopped on its way (control/mode or control/report '
                                'says why); arm the gate (service gate/arm) and start again')
        self._led = leads and (self._sent > 0 or self._stays)

    def _arrived(self, measured: Floats, waited_ns: int) -> bool:
        distance = np.abs(Angles.of(self.contract).difference(measured, self._goal))
        distance[self.contract.is_gripper] = 0.0  # it may hold something
        distance[self.contract.is_velocity] = 0.0  # a base has no pose to go to
        far = int(np.argmax(distance))
        if distance[far] > ARRIVED and waited_ns > SETTLE_NS:
            raise PlanningError(
                f'the arm did not arrive: joint {self.contract.joint_names[far]!r} is at '
                f'{measured[far]:.3f}, expected {self._goal[far]:.3f}; is the gate armed '
                '(service gate/arm)?')
        if not self._led and waited_ns > SETTLE_NS:
            raise PlanningError('the gate lets nothing through; is it armed (service gate/arm)?')
        return bool(distance[far] <= ARRIVED and self._led)
