"""How much robot time steps may use, however fast commands come."""
from __future__ import annotations

JITTER = 0.5      # share of a period by which a command may come early and still count in full
SHORTEST = 0.1    # share of a period; commands that come closer together are rejected


class Credit:
    """Robot time saved up for steps: grows with steady time, one and a half periods at most."""

    def __init__(self, period_ns: int, speed: float) -> None:
        self._period_ns, self._speed = period_ns, speed
        self._saved_ns, self._counted_ns = 0.0, 0

    def start(self, now_ns: int) -> None:
        """Begin with one period at this steady time."""
        self._saved_ns, self._counted_ns = float(self._period_ns), now_ns

    def take(self, now_ns: int) -> float | None:
        """Return the robot time that a step may use now [s], None when too little has passed."""
        elapsed = (now_ns - self._counted_ns) * self._speed
        self._saved_ns = min(self._saved_ns + elapsed, (1 + JITTER) * self._period_ns)
        self._counted_ns = now_ns
        used = min(self._saved_ns, self._period_ns)
        if used < SHORTEST * self._period_ns:
            return None
        self._saved_ns -= used
        return used * 1e-9
