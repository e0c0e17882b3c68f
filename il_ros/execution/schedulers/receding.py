"""Receding horizon (Chi et al. 2023, arXiv:2303.04137, section 2.3)."""
from __future__ import annotations

from il_ros.errors import ConfigError
from il_ros.execution.schedulers.newest import NewestChunk
from il_ros.types import Floats


class RecedingHorizon(NewestChunk):
    """Executes some rows of a chunk, then goes over to the newest one.

    The policy is asked as early before that as its last chunks took: without a delay the chunk
    follows from the observation at which it takes over. With `execute_steps` 1 the newest chunk is
    always the one in use.
    """

    def __init__(self, period_ns: int, execute_steps: int = 1) -> None:
        """Raises ConfigError where `execute_steps` is less than 1."""
        if execute_steps < 1:
            raise ConfigError(f'execute_steps: expected 1 or more, got {execute_steps}')
        super().__init__(period_ns)
        self._execute_ns = execute_steps * period_ns
        self._until_ns = 0

    def due(self, start_ns: int) -> bool:
        """Tell whether a chunk that is asked for now comes when the present one has had its steps.

        Or when that one ends, where it is sooner.
        """
        late = self._late.rows
        return (self._left(start_ns) <= late
                or self._steps_are_over(start_ns + late * self._period_ns))

    def output(self, now_ns: int) -> Floats | None:
        """Return the rows from now on, or None when none is left. Shape (h, J)."""
        before = self._chunk
        rows = super().output(now_ns)
        if self._chunk is not before:
            self._until_ns = now_ns + self._execute_ns
        return rows

    def _may_change(self, now_ns: int) -> bool:
        return not self._left(now_ns) or self._steps_are_over(now_ns)

    def _steps_are_over(self, now_ns: int) -> bool:
        return now_ns + self._period_ns // 2 >= self._until_ns
