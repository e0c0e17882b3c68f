"""The contract: what one robot is, and what flows through every part of il_ros.

`config/robots/<robot>.yaml` maps onto `Contract` one to one. Every bag, dataset and checkpoint
carries it as text and hash.
"""
from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
import hashlib
from pathlib import Path

from il_ros.config import (
    build,
    find_config,
    nearest,
    NOT_IN_TEXT,
    parse_yaml,
    path_name,
    positive,
    read_text,
    to_mapping,
)
from il_ros.differences import mapping_differences
from il_ros.encodings import ENCODINGS, why_no_picture
from il_ros.errors import ConfigError, ContractMismatchError
from il_ros.joint import Joint, TURN
from il_ros.meaning import meaning
from il_ros.names import resolve
from il_ros.scene import Box, Scene
from il_ros.types import Floats
import numpy as np
from numpy.typing import NDArray
import yaml

IMAGE_TYPES = ('sensor_msgs/Image', 'sensor_msgs/CompressedImage')
COMMAND_TYPES = ('trajectory_msgs/JointTrajectory', 'std_msgs/Float64MultiArray')
ACTION_SPACES = ('joint_position',)
HEADER, ARRIVAL = STAMPS = ('header', 'arrival')
MAX_COMMAND_HZ = 1000.0
POSE_SIZE = 7  # x y z [m], qx qy qz qw
SAYS_NOTHING = ('task', 'workspace', 'scene', 'command_hz')  # about what data mean


def _one_of(value: str, valid: tuple[str, ...], what: str) -> None:
    if value not in valid:
        raise ConfigError(f'{what} {value!r}: {nearest(value, list(valid))}')


def _unique(names: list[str], what: str) -> None:
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise ConfigError(f'{what} {twice[0]!r} stands twice')


@dataclass(frozen=True)
class Stream:
    """One topic that observations are made of.

    Attributes:
        topic: As in ROS 2: from `/` on, or relative to the robot's namespace.
        type: Message type, `package/Name`.
        rate_hz: Messages per second, of all publishers together.
        max_age_s: Age up to which a sample may be used [s]; of a JointState each joint's.
        stamp: When a sample was taken: as its 'header' says, the default, or at its 'arrival'.
    """

    topic: str
    type: str
    rate_hz: float
    max_age_s: float
    stamp: str | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        resolve(self.topic)
        positive(rate_hz=self.rate_hz, max_age_s=self.max_age_s)
        _one_of(self.stamp or HEADER, STAMPS, f'{self.topic}: stamp')


@dataclass(frozen=True)
class Poses(Stream):
    """A geometry_msgs/PoseArray whose poses have the given names, in this order."""

    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        _one_of(self.type, ('geometry_msgs/PoseArray',), 'poses type')
        if not self.names:
            raise ConfigError('names: expected at least one pose name')
        _unique(list(self.names), 'pose')


@dataclass(frozen=True)
class Camera(Stream):
    """One camera stream; images reach the policy as rgb of this height and width."""

    name: str = ''
    encoding: str = 'rgb8'
    height: int = 0
    width: int = 0
    resize: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        path_name(self.name, 'camera')  # a folder of the dataset
        _one_of(self.type, IMAGE_TYPES, f'camera {self.name!r}: type')
        if reason := why_no_picture(self.encoding):
            raise ConfigError(f'camera {self.name!r}: encoding {self.encoding!r}: {reason}')
        _one_of(self.encoding, tuple(ENCODINGS), f'camera {self.name!r}: encoding')
        positive(height=self.height, width=self.width)


@dataclass(frozen=True)
class CommandTopic:
    """Where the gate publishes commands for the robot."""

    topic: str
    type: str

    def __post_init__(self) -> None:
        resolve(self.topic)
        _one_of(self.type, COMMAND_TYPES, 'command type')


@dataclass(frozen=True)
class Gripper:
    """The joint that opens and closes the gripper.

    Attributes:
        open: Joint position when open.
        closed: Joint position when closed on nothing.
        command: Where its command goes; with the arm's joints when None.
    """

    joint: str
    open: float
    closed: float
    command: CommandTopic | None = None


@dataclass(frozen=True)
class Contract:
    """One robot: joints, streams, command, limits.

    Attributes:
        rate_hz: Rate of observations, chunks and commands.
        joints: Commanded joints, in the order of every state and action vector.
        start: Start pose, one value per joint.
        position_margin: Kept from every position limit, as a share of the joint's range.
        urdf: URDF file: beside the contract's file, in config/robots, or a whole path.
        tip: Link of the URDF that the tool sits on.
        workspace: Where the gate lets the tip go; everywhere when None.
        scene: What the gate keeps the arm from touching; collisions are unchecked when None.
        command_hz: Rate at which the gate sends interpolated commands; each setpoint when None.
        folder: Of the contract's file; None where it came as text. No part of the text.
    """

    robot: str
    task: str
    rate_hz: float
    joints: tuple[Joint, ...]
    start: tuple[float, ...]
    state: Stream
    command: CommandTopic
    cameras: tuple[Camera, ...] = ()
    poses: Poses | None = None
    gripper: Gripper | None = None
    action_space: str = 'joint_position'
    position_margin: float = 0.0
    urdf: str = ''
    tip: str = ''
    workspace: Box | None = None
    scene: Scene | None = None
    command_hz: float | None = None
    folder: Path | None = field(default=None, compare=False, repr=False, metadata=NOT_IN_TEXT)

    def __post_init__(self) -> None:
        positive(rate_hz=self.rate_hz)
        if self.command_hz is not None and not self.rate_hz < self.command_hz <= MAX_COMMAND_HZ:
            raise ConfigError(f'command_hz: expected more than rate_hz ({self.rate_hz:g}) and at '
                              f'most {MAX_COMMAND_HZ:g}, got {self.command_hz:g}')
        if not self.joints:
            raise ConfigError('joints: expected at least one')
        _unique(self.joint_names, 'joint')
        _unique([camera.name for camera in self.cameras], 'camera')
        _unique(self.topics, 'topic')
        _one_of(self.state.type, ('sensor_msgs/JointState',), 'state type')
        _one_of(self.action_space, ACTION_SPACES, 'action_space')
        if not 0 <= self.position_margin < 0.5:
            raise ConfigError(f'position_margin: expected 0 to 0.5, got {self.position_margin}')
        if self.gripper and self.gripper.joint not in self.joint_names:
            raise ConfigError(f'gripper: unknown joint {self.gripper.joint!r}; '
                              f'{nearest(self.gripper.joint, self.joint_names)}')
        if self.gripper and self.joints[self.joint_names.index(self.gripper.joint)].continuous:
            raise ConfigError(f'gripper: joint {self.gripper.joint!r} opens and closes; it cannot '
                              'be continuous')
        if self.workspace and not (self.urdf and self.tip):
            raise ConfigError('workspace: needs urdf and tip, to know where the tool is')
        if self.scene and not self.urdf:
            raise ConfigError('scene: needs urdf, to know where the links are')
        if len(self.start) != len(self.joints):
            raise ConfigError(f'start: expected {len(self.joints)} values, got {len(self.start)}')
        for joint, value in zip(self.joints, self.start, strict=True):
            if not joint.limits[0] <= value <= joint.limits[1]:
                raise ConfigError(f'start: joint {joint.name!r}: {value} is outside '
                                  f'{list(joint.limits)}')

    @property
    def joint_names(self) -> list[str]:
        """The joint names, in order."""
        return [joint.name for joint in self.joints]

    @property
    def streams(self) -> list[Stream]:
        """Every topic that an observation needs: state, poses, cameras."""
        return [self.state, *([self.poses] if self.poses else []), *self.cameras]

    @property
    def topics(self) -> list[str]:
        """The topics of `streams`."""
        return [stream.topic for stream in self.streams]

    @property
    def commands(self) -> dict[CommandTopic, list[str]]:
        """Where commands for the robot go, and the joints that each of them moves."""
        apart = self.gripper.command if self.gripper else None
        if self.gripper is None or apart is None or apart == self.command:
            return {self.command: self.joint_names}
        arm = [name for name in self.joint_names if name != self.gripper.joint]
        return {self.command: arm, apart: [self.gripper.joint]}

    @property
    def period_ns(self) -> int:
        """Time between two ticks [ns]."""
        return round(1e9 / self.rate_hz)

    @property
    def environment_size(self) -> int:
        """Length of `Observation.environment`."""
        return POSE_SIZE * len(self.poses.names) if self.poses else 0

    @property
    def lower(self) -> Floats:
        """Lower position limits without margin; -inf where there is none. Shape (J,)."""
        return np.array([joint.limits[0] for joint in self.joints])

    @property
    def upper(self) -> Floats:
        """Upper position limits without margin; inf where there is none. Shape (J,)."""
        return np.array([joint.limits[1] for joint in self.joints])

    @property
    def span(self) -> Floats:
        """Range of each joint; one turn where it has no limits. Shape (J,)."""
        span = self.upper - self.lower
        return np.where(np.isfinite(span), span, TURN)

    @property
    def continuous(self) -> NDArray[np.bool_]:
        """Which joints turn without end. Shape (J,)."""
        return np.array([bool(joint.continuous) for joint in self.joints])

    @property
    def velocity(self) -> Floats:
        """Velocity limits. Shape (J,)."""
        return np.array([joint.velocity for joint in self.joints])

    @property
    def acceleration(self) -> Floats:
        """Acceleration limits. Shape (J,)."""
        return np.array([joint.acceleration for joint in self.joints])

    @property
    def jerk(self) -> Floats:
        """Jerk limits, infinite where there is none. Shape (J,)."""
        return np.array([np.inf if joint.jerk is None else joint.jerk for joint in self.joints])

    @property
    def gripper_index(self) -> int | None:
        """Index of the gripper's joint, None without a gripper."""
        return self.joint_names.index(self.gripper.joint) if self.gripper else None

    def camera(self, name: str) -> Camera:
        """Return the camera of that name.

        Raises:
            ConfigError: There is none; the text names the nearest.
        """
        for camera in self.cameras:
            if camera.name == name:
                return camera
        raise ConfigError(f'no camera {name!r}; {nearest(name, [c.name for c in self.cameras])}')

    def require_workspace(self) -> Box:
        """Return the workspace.

        Raises:
            ConfigError: There is none.
        """
        if self.workspace is None:
            raise ConfigError(f'the contract of {self.robot!r} names no workspace')
        return self.workspace

    def to_text(self) -> str:
        """Return the contract as YAML that `from_text` reads back to an equal contract."""
        return yaml.safe_dump(to_mapping(self), sort_keys=False)

    @property
    def hash(self) -> str:
        """SHA-256 of `to_text`, in hex."""
        return hashlib.sha256(self.to_text().encode()).hexdigest()

    @staticmethod
    def from_text(text: str, where: str = 'contract') -> Contract:
        """Return the contract that YAML text describes.

        Raises:
            ConfigError: The text is no valid contract.
        """
        return build(Contract, parse_yaml(text, where), where)

    @staticmethod
    def load(name: str | Path) -> Contract:
        """Return the contract of a robot name or a YAML file.

        Raises:
            ConfigError: It is not found or not valid.
        """
        path = find_config('robots', str(name))
        return replace(Contract.from_text(read_text(path), str(path)),
                       folder=path.resolve().parent)


def differences(ours: Contract, theirs: Contract) -> list[str]:
    """Return one line per value that differs, `key: ours, theirs`.

    Task text, workspace, scene and `stamp` do not count: they say nothing about what the data
    mean. Neither do topics and message types; see `meaning`.
    """
    return mapping_differences(meaning(to_mapping(ours)), meaning(to_mapping(theirs)),
                               ignore=set(SAYS_NOTHING))


def require_same(ours: Contract, theirs: Contract, ours_name: str, theirs_name: str) -> None:
    """Check that two contracts agree in all that data and policies depend on.

    Raises:
        ContractMismatchError: They do not; the text shows each difference.
    """
    if lines := differences(ours, theirs):
        raise ContractMismatchError(
            f'{ours_name} and {theirs_name} were made for different robots '
            f'(value of {ours_name}, value of {theirs_name}): ' + '; '.join(lines))
