"""Asynchronous inference: the next chunk is fetched while the present one runs."""
from __future__ import annotations

from il_ros.errors import ConfigError
from il_ros.execution.schedulers.newest import NewestChunk
from il_ros.timing import to_ns


class Asynchronous(NewestChunk):
    """Asks for a chunk when little time is left of the present one; a chunk is used as it comes.

    After the asynchronous inference of SmolVLA (Shukor et al. 2025, arXiv:2506.01844, algorithm
    1), but the threshold is on the time that is left, not on the share of the queue, and nothing
    depends on how alike two observations are: a robot that waits for the world to change needs new
    chunks, too.
    """

    def __init__(self, period_ns: int, refill_s: float = 0.3) -> None:
        """Make one.

        Args:
            period_ns: Time between rows.
            refill_s: Time left at which the next chunk is asked for; earlier where the last chunks
                took longer [s].

        Raises:
            ConfigError: `refill_s` is negative or not a number.
        """
        if not 0 <= refill_s < float('inf'):
            raise ConfigError(f'refill_s: expected 0 or more, got {refill_s}')
        super().__init__(period_ns)
        self._refill_ns = to_ns(refill_s)

    def due(self, start_ns: int) -> bool:
        """Tell whether so little time is left that the next chunk has to be asked for."""
        left = self._left(start_ns)
        return left <= self._late.rows or left * self._period_ns <= self._refill_ns
