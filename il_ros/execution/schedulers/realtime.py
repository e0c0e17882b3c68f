"""Real-time chunking (Black et al. 2025, arXiv:2506.07339): each chunk goes on from the last."""
from __future__ import annotations

from il_ros.errors import ConfigError
from il_ros.execution.schedulers.newest import NewestChunk
from il_ros.policies.policy import Continuation


class RealTimeChunking(NewestChunk):
    """Hands the rows that run meanwhile to the policy, and takes its chunk as it comes.

    Section 3 and algorithm 1 of the paper; the inpainting is that of
    `policies.networks.realtime_chunking`. The delay d is the largest of the last chunks', and the
    policy is asked once max(d, `execute_steps`) rows have run (the paper's s).
    """

    def __init__(self, period_ns: int, execute_steps: int = 1) -> None:
        """Raises ConfigError where `execute_steps` is less than 1."""
        if execute_steps < 1:
            raise ConfigError(f'execute_steps: expected 1 or more, got {execute_steps}')
        super().__init__(period_ns)
        self._execute_steps = execute_steps

    def due(self, start_ns: int) -> bool:
        """Tell whether enough rows have run, or too few are left to wait for that."""
        late, left = self._late.rows, self._left(start_ns)
        return (self._chunk is None or left <= late
                or self._chunk.row_at(start_ns) >= max(late, self._execute_steps))

    def previous(self, start_ns: int) -> Continuation | None:
        """Return the present chunk's rows from then on, and how many run before the next chunk."""
        if not self._left(start_ns):
            return None
        assert self._chunk is not None
        return Continuation(self._chunk.rows_from(start_ns), self._late.rows)
