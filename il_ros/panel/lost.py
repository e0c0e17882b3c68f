"""Whether the page that let the policy drive is lost. A courtesy, no safety function."""
from __future__ import annotations

from il_ros.panel.seat import Seat
from il_ros.panel.state import Control
from il_ros.timing import SECOND, to_ns
from il_ros.types import Mode

AGAIN_NS = SECOND      # before the arbiter is asked to pause once more


class Lost:
    """Pure; the caller passes steady time and asks the arbiter to pause.

    The page stays responsible through corrections, until the arm is paused or held, or another
    page resumes. A device that drives goes on, as does the recording.

    Args:
        after_s: Of silence; 0 for never [s].
    """

    def __init__(self, after_s: float) -> None:
        self._after_ns = to_ns(after_s)
        self._page, self._epoch, self._asked_ns = '', 0, -AGAIN_NS

    def done(self, action: str, page: str, epoch: int) -> None:
        """Take in that a page's action was done, begun in an epoch of control."""
        if action in ('resume', 'hand_back'):
            self._page, self._epoch = page, epoch

    def look(self, control: Control | None, seat: Seat, now_ns: int) -> bool:
        """Tell whether to pause now."""
        if not (self._page and self._after_ns and control):
            return False
        ended = control.mode is Mode.HOLD or (control.mode is Mode.PAUSED
                                              and not control.returning)
        if ended and control.epoch > self._epoch:
            self._page = ''
            return False
        if not control.policy or seat.silent_ns(self._page, now_ns) <= self._after_ns:
            return False
        if now_ns - self._asked_ns < AGAIN_NS:
            return False
        self._asked_ns = now_ns
        return True
