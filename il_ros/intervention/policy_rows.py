"""What the policy wants now, from the newest chunk of the present epoch."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from il_ros.errors import MessageError
from il_ros.joints import indices
from il_ros.timing import MILLISECOND
from il_ros.types import Floats
import numpy as np

SILENT_NS = 100 * MILLISECOND


@dataclass(frozen=True)
class Chunk:
    """A chunk of future rows as it came.

    Attributes:
        session: Names the run of the sender.
        seq: Counts up within a session.
        epoch: Control epoch of its observation.
        stamp_ns: ROS time when row 0 is due [ns].
        observation_ns: ROS time of its observation [ns].
        dt_ns: Time between rows [ns].
        horizon: Number of rows.
        joint_names: In any order.
        positions: Row major. Shape (horizon * len(joint_names),).
    """

    session: bytes
    seq: int
    epoch: int
    stamp_ns: int
    observation_ns: int
    dt_ns: int
    horizon: int
    joint_names: Sequence[str]
    positions: Sequence[float] | Floats


class PolicyRows:
    """Keeps the newest chunk that is valid; all others are refused with the reason."""

    def __init__(self, joint_names: Sequence[str], silent_ns: int = SILENT_NS) -> None:
        self._silent_ns = silent_ns
        self._names = list(joint_names)
        self._chunk: Chunk | None = None
        self._rows: Floats = np.empty((0, len(self._names)))
        self._heard_ns = 0
        self._session, self._seq = b'', -1

    def add(self, chunk: Chunk, epoch: int, now_ns: int) -> None:
        """Take in a chunk that came at the steady time `now_ns` in control epoch `epoch`.

        Raises:
            MessageError: It is malformed, not newer than the last one, or of another epoch.
        """
        rows = rows_of(chunk, self._names)
        if chunk.session == self._session and chunk.seq <= self._seq:
            raise MessageError(f'chunk: expected seq above {self._seq}, got {chunk.seq}')
        self._session, self._seq = chunk.session, chunk.seq
        if chunk.epoch != epoch:
            raise MessageError(f'chunk: expected epoch {epoch}, got {chunk.epoch}')
        self._chunk, self._rows, self._heard_ns = chunk, rows, now_ns

    def void(self) -> None:
        """Forget the chunk."""
        self._chunk = None

    def observed_after(self, ros_ns: int) -> bool:
        """Return whether there is a chunk whose observation is not older than `ros_ns`."""
        return self._chunk is not None and self._chunk.observation_ns >= ros_ns

    def age_ns(self, now_ns: int) -> int:
        """Return how long ago the newest valid chunk came."""
        return now_ns - self._heard_ns

    def silent_ns(self, now_ns: int) -> int:
        """Return for how long no valid chunk came; 0 within the accepted time."""
        age = self.age_ns(now_ns)
        return age if age > self._silent_ns else 0

    def row(self, ros_ns: int) -> Floats | None:
        """Return the row due at a ROS time, None when the chunk has none. Shape (J,)."""
        if self._chunk is None:
            return None
        index = round((ros_ns - self._chunk.stamp_ns) / self._chunk.dt_ns)
        if not -1 <= index < len(self._rows):  # -1: clocks of two processes, one tick apart
            return None
        row: Floats = self._rows[max(index, 0)]
        return row


def rows_of(chunk: Chunk, names: Sequence[str]) -> Floats:
    """Return the rows of a chunk in the order of `names` [rad] or [m]. Shape (N, J).

    Raises:
        MessageError: It is malformed.
    """
    values = np.asarray(chunk.positions, dtype=np.float64)
    width = len(chunk.joint_names)
    if chunk.horizon < 1 or len(values) != chunk.horizon * width:
        raise MessageError(f'chunk: expected horizon x joints = {chunk.horizon} x {width} '
                           f'positions, got {len(values)}')
    if chunk.dt_ns <= 0:
        raise MessageError(f'chunk: expected dt above 0, got {chunk.dt_ns * 1e-9:g}')
    if not np.isfinite(values).all():
        raise MessageError('chunk: expected finite positions, got '
                           f'{values[~np.isfinite(values)][0]!r}')
    try:
        order = indices(chunk.joint_names, names)
    except MessageError as error:
        raise MessageError(f'chunk: {error}') from None
    return values.reshape(chunk.horizon, width)[:, order]
