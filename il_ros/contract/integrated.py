"""What moved joints by their speed, in bags in which no command says where they were to be."""
from __future__ import annotations

from dataclasses import dataclass
import math

from il_ros.config import positive
from il_ros.contract.checks import one_of, unique
from il_ros.errors import ConfigError
from il_ros.names import resolve

JOY, JOG = 'sensor_msgs/Joy', 'control_msgs/JointJog'
TWISTS = ('geometry_msgs/TwistStamped', 'geometry_msgs/Twist')
SPEEDS = (*TWISTS, JOY, JOG)
TWIST_FIELDS = tuple(f'{kind}.{axis}' for kind in ('linear', 'angular') for axis in 'xyz')
TIMEOUT_S = 0.1     # as moveit_servo's incoming_command_timeout


@dataclass(frozen=True)
class JoyAxis:
    """One axis of a joystick.

    Attributes:
        axis: Where it stands in `axes` of the message.
        moves: `linear.x` to `angular.z` of the tip, or a joint.
        scale: Speed at 1 [m/s] or [rad/s]; negative turns it round.
    """

    axis: int
    moves: str
    scale: float

    def __post_init__(self) -> None:
        if self.axis < 0 or self.scale == 0 or not math.isfinite(self.scale):
            raise ConfigError(f'axes: expected an axis from 0 on and a scale other than 0, got '
                              f'axis {self.axis} and scale {self.scale}')


@dataclass(frozen=True)
class Integrated:
    """A topic of speeds, which `convert` integrates where the command itself was not recorded.

    Nothing else reads it: the robot is driven through the command that it stands at.

    Attributes:
        topic: Where the speeds are.
        type: geometry_msgs/TwistStamped or Twist of the tip, control_msgs/JointJog of joints, or
            sensor_msgs/Joy.
        frame: The link along whose axes a twist goes; that of its header when None, the URDF's
            root where it has none.
        scale: What 1 means, as of moveit_servo's unitless commands: [m/s] and [rad/s] of a twist,
            one value of a JointJog; metres, radians and seconds when None.
        axes: Of a Joy, what each does.
        button: Of a Joy, the one that has to be held.
        timeout_s: Silence after which it stands still [s].
    """

    topic: str
    type: str
    frame: str | None = None
    scale: tuple[float, ...] | None = None
    axes: tuple[JoyAxis, ...] | None = None
    button: int | None = None
    timeout_s: float = TIMEOUT_S

    def __post_init__(self) -> None:
        where = f'integrated {self.topic}'
        resolve(self.topic)
        one_of(self.type, SPEEDS, f'{where}: type')
        positive(timeout_s=self.timeout_s)
        if (self.type == JOY) != bool(self.axes):
            raise ConfigError(f'{where}: axes: ' + (
                'expected what each axis of the joystick moves, such as {axis: 1, moves: '
                'linear.x, scale: 0.2}' if self.type == JOY else f'only a {JOY} has them'))
        if self.button is not None and (self.type != JOY or self.button < 0):
            raise ConfigError(f'{where}: button: expected one of a {JOY}, from 0 on')
        unique([axis.moves for axis in self.axes or ()], f'{where}: axes: moves')
        values = {JOY: 0, JOG: 1}.get(self.type, 2)
        if self.scale is not None and (len(self.scale) != values or not all(
                math.isfinite(value) and value for value in self.scale)):
            raise ConfigError(f'{where}: scale: expected ' + (
                'none, as the axes have theirs' if not values else
                f'{values} numbers other than 0') + f', got {list(self.scale)}')

    @property
    def moves_tip(self) -> bool:
        """Whether it moves a tip."""
        return self.type in TWISTS or any(axis.moves in TWIST_FIELDS for axis in self.axes or ())

    @property
    def joints(self) -> tuple[str, ...]:
        """The joints that it names itself."""
        return tuple(a.moves for a in self.axes or () if a.moves not in TWIST_FIELDS)
