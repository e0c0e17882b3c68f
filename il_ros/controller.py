"""A setpoint that follows trajectories, as ros2_control's joint_trajectory_controller makes it."""
from __future__ import annotations

from il_ros.types import Floats
import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.int64]


class TrajectoryController:
    """Follows trajectories of joint positions, linear between points; holds the last point.

    A new trajectory replaces what is left of the present one from the new one's start on, and
    begins at the setpoint of that moment. Only a point due at that very moment makes it jump.

    Args:
        positions: Where the setpoint rests. Shape (J,).
    """

    def __init__(self, positions: Floats) -> None:
        self._times: Times = np.zeros(1, dtype=np.int64)
        self._points = np.array([positions], dtype=np.float64)

    def begin(self, positions: Floats) -> None:
        """Say where it rested before its first trajectory, if NaN stood for that. Shape (J,)."""
        self._points = np.where(np.isnan(self._points), positions, self._points)

    def follow(self, positions: Floats, due_ns: Times, start_ns: int, now_ns: int) -> int:
        """Take a trajectory; points that are already past are left out.

        Args:
            positions: Joint positions. Shape (K, J).
            due_ns: When each point is due, increasing [ns]. Shape (K,).
            start_ns: When the trajectory starts; the present one goes on until then [ns].
            now_ns: The present time [ns].

        Returns:
            How many points are still to come; with 0 nothing has changed.
        """
        start_ns = max(start_ns, now_ns)
        ahead = due_ns >= start_ns
        if not ahead.any():
            return 0
        due_ns, positions = due_ns[ahead], positions[ahead]
        count = len(due_ns)
        if due_ns[0] > start_ns:
            anchor = self.setpoints(np.array([start_ns]))
            due_ns = np.concatenate([[start_ns], due_ns])
            positions = np.concatenate([anchor, positions])
        # The newest point at or before now stays: it anchors the segment in progress.
        oldest = max(int(np.searchsorted(self._times, now_ns, side='right')) - 1, 0)
        kept = slice(oldest, int(np.searchsorted(self._times, start_ns)))
        self._times = np.concatenate([self._times[kept], due_ns])
        self._points = np.concatenate([self._points[kept], positions])
        return count

    def setpoints(self, times_ns: Times) -> Floats:
        """Return the setpoint at each time [ns]. Shape (n,) -> (n, J)."""
        return np.stack([np.interp(times_ns, self._times, column) for column in self._points.T],
                        axis=1)
