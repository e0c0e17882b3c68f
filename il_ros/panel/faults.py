"""What went wrong of late, with what it means and what to do; which of it stands."""
from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
import time
from typing import Any

from il_ros.safety.advice import Advice, GATE_HOLDS, of_reason, of_rule
from il_ros.timing import SECOND

KEPT = 50
AGAIN_NS = 5 * SECOND    # a refusal by the same rule is news only after that
SILENT = {
    'control': Advice('The arbiter says nothing any more: nobody hands commands to the gate.',
                      'See that dagger_intervention runs (il_ros doctor).'),
    'gate': Advice('The gate says nothing any more: nothing reaches the robot.',
                   'It starts again by itself under ros2 launch; else start it, then arm.'),
    'recorder': Advice('The recorder says nothing any more.',
                       'See that teleop_capture runs, and that the disk is not full.'),
}
NAMES = {'control': 'arbiter', 'gate': 'gate', 'recorder': 'recorder'}


@dataclass(frozen=True)
class Fault:
    """One line of the list.

    Attributes:
        number: Counts up.
        at: When [s since 1970].
        source: 'gate', 'arbiter' or 'recorder'.
        rule: Its short name.
        detail: What was expected and what came.
        meaning: For a person.
        cure: What to do.
    """

    number: int
    at: float
    source: str
    rule: str
    detail: str
    meaning: str
    cure: str


class Faults:
    """Keeps the last `KEPT`.

    Args:
        clock: Time of day [s since 1970], for people to read.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock, self.newest = clock, 0
        self._kept: deque[Fault] = deque(maxlen=KEPT)
        self._standing: dict[str, Fault] = {}
        self._refused: tuple[str, int] = ('', -AGAIN_NS)

    def gate(self, rule: str, detail: str) -> None:
        """Take in the fault that holds the arm; '' for none."""
        self._standing.pop('gate', None)
        if rule:
            self._standing['gate'] = self._add('gate', rule, detail, of_rule(rule))

    def refused(self, rule: str, detail: str, now_ns: int) -> None:
        """Take in that the gate refused a command."""
        before, at_ns = self._refused
        if rule != before or now_ns - at_ns > AGAIN_NS:
            self._add('gate', rule, detail, of_rule(rule))
        self._refused = rule, now_ns

    def arbiter(self, reason: str, *, held: bool, paused: bool) -> None:
        """Take in a change of the mode: a HOLD stands until the next one."""
        self._standing.pop('arbiter', None)
        advice = of_reason(reason)
        if held:
            advice = advice or Advice('The arbiter holds the arm.', 'Resume when it is safe.')
            follows = reason.startswith(GATE_HOLDS) and 'gate' in self._standing
            fault = self._add('arbiter', 'hold', reason, advice, kept=not follows)
            if not follows:
                self._standing['arbiter'] = fault
        elif paused and advice:
            self._standing['arbiter'] = self._add('arbiter', 'pause', reason, advice)

    def silent(self, who: str) -> None:
        """Take in that a node has fallen silent."""
        self._standing[f'silent {who}'] = self._add(
            NAMES[who], 'silent', f'nothing was heard of the {NAMES[who]} for 2.5 s', SILENT[who])

    def heard(self, who: str) -> None:
        """Take in that it is back."""
        self._standing.pop(f'silent {who}', None)

    def standing(self) -> list[dict[str, Any]]:
        """Return what still stands, the newest first, ready for JSON."""
        return [asdict(fault) for fault in sorted(self._standing.values(),
                                                  key=lambda fault: -fault.number)]

    def listed(self) -> list[dict[str, Any]]:
        """Return the last ones, the newest first, ready for JSON."""
        return [asdict(fault) for fault in reversed(self._kept)]

    def _add(self, source: str, rule: str, detail: str, advice: Advice, *,
             kept: bool = True) -> Fault:
        if kept:
            self.newest += 1
        fault = Fault(self.newest, self._clock(), source, rule, detail, *advice)
        if kept:
            self._kept.append(fault)
        return fault
