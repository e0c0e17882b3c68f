"""What the arbiter knows of the gate from its reports."""
from __future__ import annotations

from il_ros.timing import MILLISECOND, SECOND
from il_ros.types import Verdict

NOT_MOVING = ('disarmed', 'latched', 'arming', 'guided')   # rules that reject everything
LET_THROUGH = (Verdict.PASSED, Verdict.CLAMPED)
SILENT_NS = SECOND // 2       # shorter than the start of any process, longer than a late report
STEP_NS = 100 * MILLISECOND   # a tick counts for so much at most: the arbiter itself may be late


class GateWatch:
    """Whether the gate lets rows through; it answers every row.

    Attributes:
        rejects: Whether it rejects everything, as far as it was heard.
        disarmed: Whether somebody has to call gate/arm.
        moved: Whether it has let a row through since the arbiter began.
    """

    def __init__(self) -> None:
        self.rejects = self.disarmed = self.moved = False
        self._open = self._heard = False
        self._unanswered_ns = self._ticked_ns = 0

    def hear(self, verdict: Verdict, rule: str) -> bool:
        """Take in a decision; return whether the gate was disarmed since it let a row through."""
        self._heard, self._unanswered_ns = True, 0
        self.rejects = verdict is Verdict.REJECTED and rule in NOT_MOVING
        self.disarmed = self.rejects and rule == 'disarmed'
        closed = self._open and self.disarmed
        self._open = verdict in LET_THROUGH or (self._open and not self.rejects)
        self.moved |= self._open
        return closed

    def lost(self, now_ns: int) -> bool:
        """Return, at every tick and once, whether a gate that was heard answers no more."""
        if self._heard and self._ticked_ns:
            self._unanswered_ns += min(now_ns - self._ticked_ns, STEP_NS)
        self._ticked_ns = now_ns
        if self._unanswered_ns < SILENT_NS:
            return False
        self._heard = self._open = False
        self._unanswered_ns, self.rejects = 0, True
        return True
