"""What the operators' devices say. Several may be connected; one of them drives."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from il_ros.angles import Angles
from il_ros.errors import MessageError
from il_ros.intervention.motion import Motion
from il_ros.intervention.shares import Mask, Shares
from il_ros.timing import MILLISECOND, SECOND
from il_ros.types import Floats, Request
import numpy as np

SILENT_NS = 100 * MILLISECOND
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
        joint_names: In any order; those of the parts that it drives.
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
    held: bool               # its dead-man switch
    by_motion: bool          # it was moved, and has not been handed back since
    positions: Floats        # NaN where it never said one
    driven: Mask             # the joints that it named last
    heard_ns: int
    motion: Motion | None

    @property
    def engaged(self) -> bool:
        return self.held or self.by_motion


class Operators:
    """Keeps the newest sample per device.

    A device that begins to engage drives unless another one does. A device that fell silent while
    it drove does not drive again before it was released and engaged anew, or its node was
    restarted, or the policy was told to go on meanwhile; it keeps no other device from driving.

    Args:
        shares: What of the robot a device may drive.
        silent_ns: Longest accepted silence of the driving device [ns].
        motion: By how much each joint has to be moved to take over without a dead-man switch
            [rad] or [m]; None: not at all. Shape (J,).
        angles: The short way of joints that turn without end; there are none when None.
    """

    def __init__(self, shares: Shares, silent_ns: int = SILENT_NS,
                 motion: Floats | None = None, angles: Angles | None = None) -> None:
        self._silent_ns, self._motion = silent_ns, motion
        self._shares, self._nothing = shares, shares.none
        self._angles = angles or Angles.none(len(shares.none))
        self._devices: dict[bytes, _Device] = {}
        self._driver: bytes | None = None

    def add(self, sample: Sample, now_ns: int, robot: Floats | None = None) -> Mask:
        """Take in a sample; return which joints its device drives from now on. Shape (J,).

        None where it drove them before, or does not drive.

        Args:
            sample: What the device says.
            now_ns: Steady time [ns].
            robot: Measured positions while moving the device takes over [rad] or [m]. Shape (J,).

        Raises:
            MessageError: Its joints are not those of the robot or of whole parts of it, or it is
                not newer than the last.
        """
        said = np.asarray(sample.positions, dtype=np.float64)
        if len(said) != len(sample.joint_names):
            raise MessageError(f'{sample.source_id}: expected one position per joint name '
                               f'({len(sample.joint_names)}), got {len(said)}')
        try:
            columns, places = self._shares.columns(sample.joint_names)
        except MessageError as error:
            raise MessageError(f'{sample.source_id}: {error}') from None
        before = self._devices.get(sample.session)
        if before and sample.seq <= before.seq:
            raise MessageError(f'{sample.source_id}: expected seq above {before.seq}, '
                               f'got {sample.seq}')
        known = before.positions if before else np.full(len(self._nothing), np.nan)
        positions = known.copy()
        positions[columns] = said[places]
        # Its motion is what counts, not how it counts turns.
        positions = np.where(np.isnan(known), positions, self._angles.near(positions, known))
        driven = self._nothing.copy()
        driven[columns] = True
        device = self._updated(sample, before, positions, driven, now_ns, robot)
        goes_on = before is not None and before.engaged
        begins = driven & ~before.driven if before and goes_on else driven
        another_drives = (self.engaged and self._driver != sample.session
                          and not self.silent_ns(now_ns))
        self._devices = {key: device for key, device in self._devices.items()
                         if now_ns - device.heard_ns <= FORGET_NS or key == self._driver}
        self._devices[sample.session] = device
        if not device.engaged or another_drives or (
                goes_on and self._driver != sample.session):
            return self._nothing
        self._driver = sample.session
        return begins

    def _updated(self, sample: Sample, before: _Device | None, positions: Floats, driven: Mask,
                 now_ns: int, robot: Floats | None) -> _Device:
        held = sample.engaged and sample.request != Request.HAND_BACK
        let_go = before is not None and before.held and not held
        motion = before.motion if before else (
            self._motion is not None and Motion(self._motion, self._angles))
        by_motion = before is not None and before.by_motion
        if motion and robot is not None:
            by_motion |= motion.moved(positions, robot, now_ns)
        by_motion &= not let_go and sample.request not in (Request.HAND_BACK, Request.PAUSE)
        return _Device(sample.source_id, sample.seq, held, by_motion, positions, driven,
                       now_ns, motion or None)

    def let_go_of_moved(self) -> None:
        """Forget that devices were moved; a dead-man switch that is held stays held."""
        for device in self._devices.values():
            device.by_motion = False

    @property
    def engaged(self) -> bool:
        """Whether the driving device is engaged, as far as it was heard."""
        return self._driver is not None and self._devices[self._driver].engaged

    @property
    def name(self) -> str:
        """The driving device, '' for none."""
        return self._devices[self._driver].name if self._driver is not None else ''

    def age_ns(self, now_ns: int) -> int:
        """Return how long ago the driving device was heard; 0 where none drives."""
        return now_ns - self._devices[self._driver].heard_ns if self._driver is not None else 0

    def silent_ns(self, now_ns: int) -> int:
        """Return for how long the driving device is silent; 0 within the accepted time."""
        age = self.age_ns(now_ns)
        return age if age > self._silent_ns else 0

    def positions(self) -> Floats | None:
        """Return the targets of the driving device, None when it is not engaged. Shape (J,).

        What it does not drive is NaN or of the past.
        """
        return self._devices[self._driver].positions if self.engaged and self._driver else None

    @property
    def driven(self) -> Mask:
        """The joints that the driving device drives; none where none is engaged. Shape (J,)."""
        return self._devices[self._driver].driven if self.engaged and self._driver else (
            self._nothing)

    def give_up(self) -> None:
        """Let nobody drive until a device begins to engage."""
        self._driver = None

    def held(self, now_ns: int) -> str:
        """Return the name of a device that is engaged and not silent, '' for none."""
        return next((device.name for device in self._devices.values() if device.engaged
                     and now_ns - device.heard_ns <= self._silent_ns), '')

    def forget_silent(self, now_ns: int) -> None:
        """Forget the engaged devices that are silent: engaged when heard again, they drive."""
        self._devices = {key: device for key, device in self._devices.items()
                         if not device.engaged or now_ns - device.heard_ns <= self._silent_ns}
        if self._driver not in self._devices:
            self._driver = None
