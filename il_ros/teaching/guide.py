"""Leading an arm by hand, from disarmed to armed again."""
from __future__ import annotations

from collections import deque
from enum import Enum

from il_ros.contract import Contract
from il_ros.errors import IlRosError
from il_ros.timing import SECOND, to_s
from il_ros.types import Floats
import numpy as np

REST_NS = SECOND // 2           # so long does the arm stand still before it is held again
REST = 0.005                    # and moves by less than that meanwhile [rad] or [m]
SILENT_NS = SECOND // 5         # without a state, which is no rest
SETTLE_NS = 10 * SECOND         # longest wait for that
FRESH_NS = 2 * SECOND           # longest wait for new states


class GuideError(IlRosError):
    """The arm cannot be led, or not be armed again, as asked."""


class Stage(Enum):
    """Where it stands."""

    DISARMED = 'disarmed'
    SWITCHING = 'switching to hand guiding'
    GUIDED = 'led by hand'
    SETTLING = 'waiting until the arm stands still'
    RETURNING = 'switching back'
    FRESH = 'waiting for fresh states'
    ARMING = 'arming'
    ARMED = 'armed'


class Want(Enum):
    """What the caller has to do now, and to report with `done` or `failed`."""

    SWITCH = 'switch'
    RETURN = 'return'
    ARM = 'arm'


ASKED = {Stage.SWITCHING: Want.SWITCH, Stage.RETURNING: Want.RETURN, Stage.ARMING: Want.ARM}


class Guide:
    """Pure state machine: DISARMED, SWITCHING, GUIDED, SETTLING, RETURNING, FRESH, ARMING, ARMED.

    The arm is armed again only if every topic that measures it said something else while it was
    led than before: a driver that repeats what it knew at its start, or zeros, would send the arm
    there.

    Attributes:
        stage: Where it stands.
    """

    def __init__(self, contract: Contract) -> None:
        """Begin disarmed.

        Args:
            contract: Names joints and the topics that measure them.
        """
        self.stage = Stage.DISARMED
        self._arm = ~(contract.is_gripper | contract.is_velocity)
        self._topics = {state.topic: contract.indices(state.joints) for state in contract.states}
        self._newest = np.full(len(contract.joints), np.nan)
        self._came = np.full(len(contract.joints), -1, np.int64)
        self._first = self._newest
        self._changed = np.zeros(len(contract.joints), bool)
        self._past: deque[tuple[int, Floats]] = deque()
        self._since_ns = 0

    def begin(self) -> None:
        """Ask for guiding.

        Raises:
            GuideError: The arm is led already, or on its way.
        """
        if self.stage not in (Stage.DISARMED, Stage.ARMED):
            raise GuideError(f'{self.stage.value}: wait, or end it first')
        self.stage = Stage.SWITCHING

    def end(self, now_ns: int) -> None:
        """Ask for the end: once the arm stands still it is held, and armed.

        Raises:
            GuideError: The arm is not led.
        """
        if self.stage is not Stage.GUIDED:
            raise GuideError(f'{self.stage.value}: the arm is not led by hand')
        self.stage, self._since_ns = Stage.SETTLING, now_ns

    def measure(self, positions: Floats, now_ns: int) -> None:
        """Take in measured positions [rad] or [m], NaN where not measured. Shape (J,)."""
        heard = np.isfinite(positions)
        self._newest = np.where(heard, positions, self._newest)
        self._came[heard] = now_ns
        if self.stage in (Stage.GUIDED, Stage.SETTLING):
            self._changed |= heard & (positions != self._first)
            if self._past and now_ns - self._past[-1][0] > SILENT_NS:
                self._past.clear()      # nobody knows what it did meanwhile
            self._past.append((now_ns, self._newest))
            while len(self._past) > 1 and self._past[1][0] <= now_ns - REST_NS:
                self._past.popleft()

    def tick(self, now_ns: int) -> Want | None:
        """Go on; return what has to be done, the same until it is reported.

        Raises:
            GuideError: The arm does not come to rest: it is still led. Or no fresh states came,
                or states that never changed: it is held and stays disarmed.
        """
        if self.stage is Stage.SETTLING:
            if self._rests(now_ns):
                self.stage = Stage.RETURNING
            elif now_ns - self._since_ns > SETTLE_NS:
                self.stage = Stage.GUIDED
                raise GuideError(f'the arm did not stand still within {to_s(SETTLE_NS):g} s, and '
                                 'is still led by hand: hold it, or tell the robot its payload')
        elif self.stage is Stage.FRESH:
            late = [topic for topic, columns in self._topics.items()
                    if (self._came[columns] <= self._since_ns).any()]
            if not late:
                self._check_changed()
                self.stage = Stage.ARMING
            elif now_ns - self._since_ns > FRESH_NS:
                self.stage = Stage.DISARMED
                raise GuideError(f'no fresh state on {late[0]} within {to_s(FRESH_NS):g} s after '
                                 'switching back: not armed; look at the robot driver')
        return ASKED.get(self.stage)

    def done(self, now_ns: int) -> None:
        """Report that what was wanted is done."""
        if self.stage is Stage.SWITCHING:
            self.stage, self._first = Stage.GUIDED, self._newest
            self._changed[:] = False
            self._past.clear()
        elif self.stage is Stage.RETURNING:
            self.stage, self._since_ns = Stage.FRESH, now_ns
        elif self.stage is Stage.ARMING:
            self.stage = Stage.ARMED

    def failed(self) -> None:
        """Report that what was wanted failed and was undone."""
        self.stage = Stage.GUIDED if self.stage is Stage.RETURNING else Stage.DISARMED

    def _rests(self, now_ns: int) -> bool:
        if not self._past or self._past[0][0] > now_ns - REST_NS:
            return False
        if now_ns - self._past[-1][0] > SILENT_NS:
            return False
        way = np.ptp([row[self._arm] for _, row in self._past], axis=0)
        return bool((way < REST).all())

    def _check_changed(self) -> None:
        for topic, columns in self._topics.items():
            arm = [column for column in columns if self._arm[column]]
            if arm and not self._changed[arm].any():
                self.stage = Stage.DISARMED
                raise GuideError(f'{topic}: no position changed while the arm was led, so nobody '
                                 'knows where it is: not armed; move it, or look at its driver')
