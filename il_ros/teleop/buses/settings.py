"""Settings of a leader on a bus; `il_ros device calibrate` writes them."""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from il_ros.config import nearest, OneOf, positive, Range
from il_ros.contract import Contract
from il_ros.errors import ConfigError
from il_ros.teleop.buses.bus import Servo, ServoBus
from il_ros.teleop.buses.dynamixel import Dynamixel
from il_ros.teleop.buses.feetech import Feetech
from il_ros.teleop.buses.port import BusError, Port
from il_ros.teleop.switch import ALWAYS, MOVED, PEDAL

BUSES: dict[str, type[ServoBus]] = {'dynamixel': Dynamixel, 'feetech': Feetech}
KINDS = OneOf(BUSES)
WAYS = OneOf((PEDAL, ALWAYS, MOVED))
IDS, SHARE, RATE = Range(0, 252), Range(0.0, 1.0), Range(10.0, 500.0)


@dataclass(frozen=True)
class ServoJoint:
    """The servo that shows where a joint of the robot shall be.

    The joint is at scale x sign x (angle of the servo - offset).

    Attributes:
        name: The robot's joint.
        id: The servo's.
        sign: 1 or -1.
        offset: Angle of the servo while the joint is at 0 [rad].
        scale: Way of the joint per way of the servo [rad] or [m] per [rad].
        range: From where to where the leader can bring the joint [rad] or [m]; the joint's limits
            when None. It tells which turn of the servo is meant at the start.
        model: Number of the servo's model; like the next two it is compared at each start.
        homing: What is in its homing register.
        drive: What is in its register for the way it counts.
    """

    name: str
    id: Annotated[int, IDS]
    sign: int = 1
    offset: float = 0.0
    scale: float = 1.0
    range: tuple[float, float] | None = None
    model: int | None = None
    homing: int | None = None
    drive: int | None = None

    def __post_init__(self) -> None:
        IDS.check(f'{self.name}: id', self.id)
        positive(scale=self.scale)
        if self.sign not in (1, -1):
            raise ConfigError(f'{self.name}: sign: expected 1 or -1, got {self.sign}')
        if self.range is not None and not self.range[0] < self.range[1]:
            raise ConfigError(f'{self.name}: range: expected [lower, upper], got '
                              f'{list(self.range)}')

    def differs(self, found: Servo) -> str:
        """Return in what a servo is not the one that was calibrated, '' where it is."""
        return next((f'{what} {is_}, its file says {said}' for what, said, is_ in (
            ('model', self.model, found.model), ('homing register', self.homing, found.homing),
            ('drive register', self.drive, found.drive)) if said not in (None, is_)), '')


@dataclass(frozen=True)
class ServoGripper:
    """The servo of a trigger, from open to closed; see `ServoJoint`.

    Attributes:
        name: The robot's gripper joint.
        open: Angle of the servo when the gripper shall be open [rad].
        closed: The same of closed.
    """

    name: str
    id: Annotated[int, IDS]
    open: float
    closed: float
    model: int | None = None
    homing: int | None = None
    drive: int | None = None

    def joint(self, contract: Contract) -> ServoJoint:
        """Return it as a joint: from open to closed on both.

        Raises:
            ConfigError: The robot has no such gripper, or it does not move.
        """
        if self.name not in contract.joint_names or (ours := contract.grippers.get(
                contract.indices([self.name])[0])) is None:
            raise ConfigError(f'leader: {self.name!r} is no gripper of {contract.robot!r}')
        if self.open == self.closed:
            raise ConfigError(f'leader: {self.name}: open and closed are both {self.open:g}')
        scale = (ours.closed - ours.open) / (self.closed - self.open)
        return ServoJoint(self.name, self.id, 1 if scale > 0 else -1,
                          self.open - ours.open / scale, abs(scale),
                          (min(ours.open, ours.closed), max(ours.open, ours.closed)),
                          self.model, self.homing, self.drive)


@dataclass(frozen=True)
class Following:
    """How an actuated leader follows `teleop/target` while nobody holds it.

    Attributes:
        current: Share of the motors' current or torque limit.
        speed: No joint of it goes faster [rad/s]; nor than the robot's own may.
    """

    current: Annotated[float, SHARE] = 0.2
    speed: float = 1.0

    def __post_init__(self) -> None:
        SHARE.check('current', self.current)
        positive(speed=self.speed)


@dataclass(frozen=True)
class BusSettings:
    """Settings of a leader whose servos are read without a driver.

    Attributes:
        bus: Family of the servos.
        port: Serial port, by a name that stays the same; it may hold *.
        joints: Each joint of the arm.
        grippers: Likewise.
        baud: Bits per second; 0: as the servos come.
        rate_hz: How often they are read.
        shadows: Ids of second motors of a joint: not read, their torque is switched off too.
        engage: As of any leader, see `leader.LeaderSettings`.
        follow: Its motors follow the robot while the policy drives; None: they stay off.
    """

    bus: Annotated[str, KINDS]
    port: str
    joints: tuple[ServoJoint, ...]
    grippers: tuple[ServoGripper, ...] = ()
    baud: int = 0
    rate_hz: Annotated[float, RATE] = 100.0
    shadows: tuple[int, ...] = ()
    engage: Annotated[str, WAYS] = PEDAL
    follow: Following | None = None

    def __post_init__(self) -> None:
        WAYS.check('engage', self.engage)
        RATE.check('rate_hz', self.rate_hz)
        _known(self.bus)
        names = [j.name for j in self.joints] + [g.name for g in self.grippers]
        ids = [j.id for j in self.joints] + [g.id for g in self.grippers] + [*self.shadows]
        for what, values in (('joint', names), ('id', [str(number) for number in ids])):
            if twice := [value for value in values if values.count(value) > 1]:
                raise ConfigError(f'{what} {twice[0]} stands twice')
        if self.follow and self.engage == ALWAYS:
            raise ConfigError('follow: a leader that is always engaged is always held: expected '
                              'engage: pedal')

    def servos(self, contract: Contract) -> tuple[ServoJoint, ...]:
        """Return joints and grippers alike, in the order of the file."""
        return (*self.joints, *(gripper.joint(contract) for gripper in self.grippers))


def open_bus(bus: str, port: str, baud: int = 0, ids: Sequence[int] = ()) -> ServoBus:
    """Open a port with servos of a family; see `ServoBus`.

    Raises:
        BusError: The port cannot be had.
        ConfigError: There is no such family.
    """
    _known(bus)
    kind = BUSES[bus]
    return kind(Port(port, baud or kind.baud), ids)


def _known(bus: str) -> None:
    if bus not in BUSES:
        raise ConfigError(f'bus {bus!r}: {nearest(bus, [*BUSES, "joints"])}')


def connect(settings: BusSettings, servos: Sequence[ServoJoint]) -> ServoBus:
    """Open a leader's bus, compare its servos with the file, and let them go.

    Raises:
        BusError: The port cannot be had, a servo is missing or another one.
    """
    bus = open_bus(settings.bus, settings.port, settings.baud, [servo.id for servo in servos])
    try:
        _compare(bus, servos)
        bus.torque([*bus.ids, *settings.shadows], False)
        if settings.follow:
            bus.bound([joint.id for joint in settings.joints], settings.follow.current)
    except BusError:
        bus.close()
        raise
    return bus


def _compare(bus: ServoBus, servos: Sequence[ServoJoint]) -> None:
    there = {servo.id for servo in servos if bus.ping(servo.id)}
    where = f'{bus.link.path} at {bus.link.baud} baud'
    if not there:
        raise BusError(f'{where}: no servo answers; check power, bus and baud '
                       '(il_ros device ls tries them all)')
    if missing := [servo for servo in servos if servo.id not in there]:
        raise BusError(f'{where}: no answer of servo {missing[0].id} ({missing[0].name}), but of '
                       f'{", ".join(map(str, sorted(there)))}; check its cable and id')
    for servo in servos:
        if why := servo.differs(bus.describe(servo.id)):
            raise BusError(f'{where}: servo {servo.id} ({servo.name}): {why}: the file is of '
                           'another leader, or it was set up anew; il_ros device calibrate')
