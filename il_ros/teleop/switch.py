"""Whether a person drives with a device that has no switch of its own."""
from __future__ import annotations

PEDAL, ALWAYS, MOVED = 'pedal', 'always', 'moved'
NO_PEDAL = 'no pedal says who drives: add +pedal to the device, or set engage in its settings'


class Switch:
    """A pedal beside the device, or its being heard at all.

    Letting go, by a leap, silence or a reset, wants the pedal pressed anew; what is engaged always
    lets go for one reading, so that the robot is brought to the device slowly again.
    """

    def __init__(self, engage: str) -> None:
        """Take `PEDAL`, `ALWAYS` or `MOVED`; the last never engages: the arbiter sees it move."""
        self._engage, self._let_go = engage, engage != ALWAYS

    def let_go(self) -> None:
        """Let go at the next reading."""
        self._let_go = True

    def read(self, dead_man: bool | None) -> bool:
        """Return whether a person drives, given a pedal's state, None without a pedal."""
        if self._engage == ALWAYS and dead_man is None:
            let_go, self._let_go = self._let_go, False
            return not let_go
        self._let_go &= bool(dead_man)
        return self._engage != MOVED and bool(dead_man) and not self._let_go

    def problem(self, dead_man: bool | None) -> str:
        """Return why nobody can drive, '' where somebody can."""
        return NO_PEDAL if self._engage == PEDAL and dead_man is None else ''
