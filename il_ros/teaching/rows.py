"""Whether an arm that is led by hand could do the same by itself."""
from __future__ import annotations

from il_ros.angles import Angles
from il_ros.contract import Contract
from il_ros.timing import SECOND, to_s
from il_ros.types import Floats
import numpy as np

MORE = 1.05     # of a velocity limit; a hand is not that steady
LEAST = 0.9     # of a period, between two rows


class Doable:
    """Looks at rows as they come; the gate would have the arm fall behind or stop short.

    Attributes:
        problem: The first row that the arm could not follow, '' for none.
    """

    def __init__(self, contract: Contract) -> None:
        """Take the limits of a contract."""
        self._contract, self._angles = contract, Angles.of(contract)
        self._before: tuple[int, Floats] | None = None
        self._began_ns = 0
        self.problem = ''

    def begin(self) -> None:
        """Forget the rows before."""
        self._before, self.problem = None, ''

    def add(self, positions: Floats, now_ns: int) -> None:
        """Look at measured positions [rad] or [m] of a time; more than one a period do not count.

        Shape (J,).
        """
        if self._before is None:
            self._before, self._began_ns = (now_ns, positions), now_ns
        passed_ns = now_ns - self._before[0]
        if self.problem or 0 < passed_ns < LEAST * self._contract.period_ns:
            return
        contract, at = self._contract, f'at {to_s(now_ns - self._began_ns):.1f} s joint '
        names = contract.joint_names
        inside = np.clip(self._angles.reachable(positions, positions),
                         contract.lower, contract.upper)
        slack = contract.velocity * contract.period_ns / SECOND
        if (outside := np.abs(inside - positions) > slack).any():
            i = int(outside.argmax())
            self.problem = (f'{at}{names[i]!r} is at {positions[i]:.3f}, expected '
                            f'{contract.lower[i]:g} to {contract.upper[i]:g}')
        elif passed_ns:
            speed = np.abs(self._angles.difference(positions, self._before[1])) / to_s(passed_ns)
            speed[contract.is_gripper] = 0.0
            if (fast := speed > MORE * contract.velocity).any():
                i = int(fast.argmax())
                self.problem = (f'{at}{names[i]!r} moves at {speed[i]:.2f}/s, expected at most '
                                f'{contract.velocity[i]:g}: show it slower')
        self._before = now_ns, positions


def problem_of(contract: Contract, rows: Floats) -> str:
    """Return why the arm could not do these rows, one a period; '' if it can. Shape (N, J)."""
    doable = Doable(contract)
    for number, row in enumerate(rows):
        doable.add(row, number * contract.period_ns)
    return doable.problem
