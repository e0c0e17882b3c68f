"""What every chunk scheduler does."""
from __future__ import annotations

from typing import Protocol

from il_ros.policies.policy import Continuation
from il_ros.types import Floats


class ChunkScheduler(Protocol):
    """Takes chunks as they are inferred and says what to execute now.

    `start_ns` is when row 0 of a chunk that is asked for now will be due.
    """

    def due(self, start_ns: int) -> bool:
        """Tell whether to ask the policy for a chunk now."""
        ...

    def previous(self, start_ns: int) -> Continuation | None:
        """Return what such a chunk has to go on from; None where it is free."""
        ...

    def add(self, positions: Floats, start_ns: int, now_ns: int) -> None:
        """Take a chunk.

        Args:
            positions: Joint targets, one row per period. Shape (H, J).
            start_ns: When row 0 is due.
            now_ns: The present.
        """
        ...

    def output(self, now_ns: int) -> Floats | None:
        """Return the rows from now on, one per period, or None when none is left. Shape (h, J)."""
        ...

    def reset(self) -> None:
        """Forget every chunk."""
        ...
