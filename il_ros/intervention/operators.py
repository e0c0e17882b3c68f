"""What the operators' devices say. Several may be connected; one of them drives."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from il_ros.errors import MessageError
from il_ros.joints import indices
from il_ros.timing import MILLISECOND, SECOND
from il_ros.types import Floats, Request
import numpy as np

SILENT_NS = 150 * MILLISECOND
FORGET_NS = 60 * SECOND


@dataclass(frozen=True)
class Sample:
    """One sample of a device.

    Attributes:
        source_id: Name of the device.
        session: Names the run of the sender.
        seq: Counts up within a session.
        engaged: Its dead-man switch is held.
        request: What its operator asks for.
        joint_names: In any order.
        positions: Absolute targets, one per name [rad] or [m].
    """

    source_id: str
    session: bytes
    seq: int
    engaged: bool
    request: Request
    joint_names: Sequence[str]
    positions: Sequence[float] | Floats


@dataclass
class _Device:
    name: str
    seq: int
    engaged: bool
    positions: Floats
    heard_ns: int


class Operators:
    """Keeps the newest sample per device.

    A device that begins to engage drives unless another one does. A device that fell silent while
    it drove does not drive again before it was released and engaged anew, or its node was
    restarted.
    """

    def __init__(self, joint_names: Sequence[str], silent_ns: int = SILENT_NS) -> None:
        self._silent_ns = silent_ns
        self._names = list(joint_names)
        self._devices: dict[bytes, _Device] = {}
        self._driver: bytes | None = None

    def add(self, sample: Sample, now_ns: int) -> bool:
        """Take in a sample; return whether its device began to engage and now drives.

        Raises:
            MessageError: Its joints are not those of the robot, or it is not newer than the last.
        """
        positions = np.asarray(sample.positions, dtype=np.float64)
        if len(positions) != len(sample.joint_names):
            raise MessageError(f'{sample.source_id}: expected one position per joint name '
                               f'({len(sample.joint_names)}), got {len(positions)}')
        try:
            positions = positions[indices(sample.joint_names, self._names)]
        except MessageError as error:
            raise MessageError(f'{sample.source_id}: {error}') from None
        before = self._devices.get(sample.session)
        if before and sample.seq <= before.seq:
            raise MessageError(f'{sample.source_id}: expected seq above {before.seq}, '
                               f'got {sample.seq}')
        engaged = sample.engaged and sample.request != Request.HAND_BACK
        begins = engaged and not (before and before.engaged)
        another_drives = self.engaged and self._driver != sample.session
        self._devices = {key: device for key, device in self._devices.items()
                         if now_ns - device.heard_ns <= FORGET_NS or key == self._driver}
        self._devices[sample.session] = _Device(sample.source_id, sample.seq, engaged, positions,
                                                now_ns)
        if begins and not another_drives:
            self._driver = sample.session
            return True
        return False

    @property
    def engaged(self) -> bool:
        """Whether the driving device is engaged, as far as it was heard."""
        return self._driver is not None and self._devices[self._driver].engaged

    @property
    def name(self) -> str:
        """The driving device, '' for none."""
        return self._devices[self._driver].name if self._driver is not None else ''

    def silent_ns(self, now_ns: int) -> int:
        """Return for how long the driving device is silent; 0 within the accepted time."""
        if self._driver is None:
            return 0
        age = now_ns - self._devices[self._driver].heard_ns
        return age if age > self._silent_ns else 0

    def positions(self) -> Floats | None:
        """Return the targets of the driving device, None when it is not engaged. Shape (J,)."""
        return self._devices[self._driver].positions if self.engaged and self._driver else None

    def give_up(self) -> None:
        """Let nobody drive until a device begins to engage."""
        self._driver = None
