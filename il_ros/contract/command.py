"""Where the robot takes its commands: one interface per part."""
from __future__ import annotations

from dataclasses import dataclass

from il_ros.config import positive
from il_ros.contract.checks import check_names, one_of, unique
from il_ros.contract.integrated import Integrated, TWIST_FIELDS
from il_ros.contract.streams import HEADER, STAMPS
from il_ros.errors import ConfigError
from il_ros.names import resolve

TRAJECTORY = 'trajectory_msgs/JointTrajectory'
POSITION_TOPICS = (TRAJECTORY, 'std_msgs/Float64MultiArray',
                   'sensor_msgs/JointState', 'geometry_msgs/PoseStamped')
BASE_TOPICS = ('geometry_msgs/Twist', 'geometry_msgs/TwistStamped')
FORWARD = 'std_msgs/Float64MultiArray'
INTERFACES = ('position', 'velocity')
# Of the X-Series driver of Interbotix (ALOHA): read from bags, sent to no robot.
RECORDED = GROUP, SINGLE = ('interbotix_xs_msgs/JointGroupCommand',
                            'interbotix_xs_msgs/JointSingleCommand')
NAMED = (TRAJECTORY, 'sensor_msgs/JointState', SINGLE,
         'control_msgs/ParallelGripperCommand')
FRAMED = ('geometry_msgs/PoseStamped', 'geometry_msgs/TwistStamped')
TOPICS = (*POSITION_TOPICS, *BASE_TOPICS)
GRIPPER_ACTIONS = ('control_msgs/GripperCommand', 'control_msgs/ParallelGripperCommand')


@dataclass(frozen=True)
class CommandInterface:
    """Where commands for some of the joints go: a topic or an action.

    Attributes:
        topic: The topic, for messages of `type`.
        type: Type of the message or of the action, without `msg` or `action`.
        joints: The joints that it moves, in the order of the message; those that no other
            interface moves when None.
        action: The action server, in place of a topic.
        fields: For a twist: the field of each joint, such as `linear.x`.
        arm: For a PoseStamped: the arm whose tip is sent there.
        effort: For an action: the highest force [N] or torque [Nm]; the driver's when None.
        interface: For a Float64MultiArray: what its numbers are, 'position', the default, or
            'velocity'. The joints are positions all the same: their speed is made from them.
        frame: For a stamped message: its frame_id. Of a PoseStamped the link in whose frame the
            pose is, the URDF's root when None; of a TwistStamped base_link when None.
        names: What the driver calls the joints, where that is not their name in the contract.
        stamp: When a recorded trajectory begins, where no gate told what was sent: as its 'header'
            says, the default, or at its 'arrival'.
        integrated: Where a person's speeds are, for bags without this command.
        timed: For a JointTrajectory at `command_hz`: its stamp says when it was due, so that one
            that comes late does not bend the way; the controller's clock has to be the gate's.
            Else the controller begins on arrival.
    """

    topic: str | None = None
    type: str = ''
    joints: tuple[str, ...] | None = None
    action: str | None = None
    fields: tuple[str, ...] | None = None
    arm: str | None = None
    effort: float | None = None
    interface: str | None = None
    frame: str | None = None
    names: tuple[str, ...] | None = None
    stamp: str | None = None
    integrated: Integrated | None = None
    timed: bool | None = None

    def __post_init__(self) -> None:
        if (self.topic is None) == (self.action is None):
            raise ConfigError('command: expected a topic or an action, got '
                              + ('neither' if self.topic is None else 'both'))
        resolve(self.name)
        one_of(self.type, TOPICS + RECORDED if self.topic else GRIPPER_ACTIONS, 'command type')
        if self.joints is not None:
            if not self.joints:
                raise ConfigError(f'command {self.name}: joints: expected at least one')
            unique(self.joints, f'command {self.name}: joint')
        self._check_fields()
        if self.names is not None:
            if self.type not in NAMED:
                raise ConfigError(f'command {self.name}: names: a {self.type} names no joints')
            check_names(self.names, self.joints or (), f'command {self.name}')
        if self.arm is not None and self.type != 'geometry_msgs/PoseStamped':
            raise ConfigError(f'command {self.name}: arm: only a geometry_msgs/PoseStamped moves '
                              f'an arm by its tip, got {self.type}')
        if self.effort is not None:
            if self.action is None:
                raise ConfigError(f'command {self.name}: effort: only an action takes one')
            positive(effort=self.effort)
        if self.interface is not None:
            if self.type != FORWARD:
                raise ConfigError(f'command {self.name}: interface: only a {FORWARD} does not '
                                  f'say itself what it holds, got {self.type}')
            one_of(self.interface, INTERFACES, f'command {self.name}: interface')
        if self.frame is not None and (self.type not in FRAMED or not self.frame):
            raise ConfigError(f'command {self.name}: frame: expected the name of a link, with one '
                              f'of {", ".join(FRAMED)}, got {self.frame!r} with {self.type}')
        one_of(self.stamp or HEADER, STAMPS, f'command {self.name}: stamp')
        if self.timed and self.type != TRAJECTORY:
            raise ConfigError(f'command {self.name}: timed: only a {TRAJECTORY} says when it '
                              f'begins, got {self.type}')
        if self.integrated and self.of_velocities:
            raise ConfigError(f'command {self.name}: integrated: a {self.type} of a base is '
                              'a velocity already')

    def _check_fields(self) -> None:
        if self.type not in BASE_TOPICS:
            if self.fields is not None:
                raise ConfigError(f'command {self.name}: fields: only a twist has them, '
                                  f'got {self.type}')
            return
        if len(self.fields or ()) != len(self.joints or ()) or not self.fields:
            raise ConfigError(f'command {self.name}: fields: expected one per joint, such as '
                              f'linear.x, got {list(self.fields or ())} for '
                              f'{list(self.joints or ())}')
        for field in self.fields:
            one_of(field, TWIST_FIELDS, f'command {self.name}: field')
        unique(self.fields, f'command {self.name}: field')

    @property
    def name(self) -> str:
        """The topic or the action."""
        return self.topic or self.action or ''

    @property
    def told(self) -> tuple[str, ...]:
        """What the driver calls the joints."""
        return self.names or self.joints or ()

    @property
    def of_velocities(self) -> bool:
        """Whether its columns are velocities: silence and a hold are zeros, not a position."""
        return self.type in BASE_TOPICS

    @property
    def by_velocity(self) -> bool:
        """Whether it moves positions by their velocity: nothing keeps them but zeros."""
        return self.interface == 'velocity'
