"""The contract: what one robot is, and what flows through every part of il_ros.

`config/robots/<robot>.yaml` maps onto `Contract` one to one. Every bag, dataset and checkpoint
carries it as text and hash.
"""
from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
import hashlib
from pathlib import Path

from il_ros.config import build, find_config, nearest, parse_yaml, path_name, read_text, to_mapping
from il_ros.errors import ConfigError, ContractMismatchError
from il_ros.scene import Box, Scene
from il_ros.types import Floats
import numpy as np
import yaml

ENCODINGS = ('rgb8', 'bgr8', 'mono8', '16UC1')
IMAGE_TYPES = ('sensor_msgs/Image', 'sensor_msgs/CompressedImage')
COMMAND_TYPES = ('trajectory_msgs/JointTrajectory', 'std_msgs/Float64MultiArray')
ACTION_SPACES = ('joint_position',)
MAX_COMMAND_HZ = 1000.0
POSE_SIZE = 7  # x y z [m], qx qy qz qw
SAYS_NOTHING = ('task', 'workspace', 'scene', 'command_hz')  # about what data mean


def _one_of(value: str, valid: tuple[str, ...], what: str) -> None:
    if value not in valid:
        raise ConfigError(f'{what} {value!r}: {nearest(value, list(valid))}')


def _positive(**values: float) -> None:
    for name, value in values.items():
        if value <= 0:
            raise ConfigError(f'{name}: expected more than 0, got {value}')


def _unique(names: list[str], what: str) -> None:
    if twice := [name for name, count in Counter(names).items() if count > 1]:
        raise ConfigError(f'{what} {twice[0]!r} stands twice')


@dataclass(frozen=True)
class Joint:
    """One commanded joint.

    Attributes:
        position: Lower and upper limit [rad] or [m].
        velocity: Limit [rad/s] or [m/s].
        acceleration: Limit [rad/s^2] or [m/s^2].
        jerk: Limit [rad/s^3] or [m/s^3]; none when None.
    """

    name: str
    position: tuple[float, float]
    velocity: float
    acceleration: float
    jerk: float | None = None

    def __post_init__(self) -> None:
        if not self.position[0] < self.position[1]:
            raise ConfigError(f'joint {self.name!r}: position limits {list(self.position)}: '
                              'expected [lower, upper]')
        _positive(velocity=self.velocity, acceleration=self.acceleration,
                  jerk=1.0 if self.jerk is None else self.jerk)


@dataclass(frozen=True)
class Stream:
    """One topic that observations are made of."""

    topic: str
    type: str
    rate_hz: float
    max_age_s: float

    def __post_init__(self) -> None:
        _positive(rate_hz=self.rate_hz, max_age_s=self.max_age_s)


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
        _one_of(self.encoding, ENCODINGS, f'camera {self.name!r}: encoding')
        _positive(height=self.height, width=self.width)


@dataclass(frozen=True)
class CommandTopic:
    """Where the gate publishes commands for the robot."""

    topic: str
    type: str

    def __post_init__(self) -> None:
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
        urdf: URDF file, relative to the contract's file.
        tip: Link of the URDF that the tool sits on.
        workspace: Where the gate lets the tip go; everywhere when None.
        scene: What the gate keeps the arm from touching; collisions are unchecked when None.
        command_hz: Rate at which the gate sends interpolated commands; each setpoint when None.
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

    def __post_init__(self) -> None:
        _positive(rate_hz=self.rate_hz)
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
        if self.workspace and not (self.urdf and self.tip):
            raise ConfigError('workspace: needs urdf and tip, to know where the tool is')
        if self.scene and not self.urdf:
            raise ConfigError('scene: needs urdf, to know where the links are')
        if len(self.start) != len(self.joints):
            raise ConfigError(f'start: expected {len(self.joints)} values, got {len(self.start)}')
        for joint, value in zip(self.joints, self.start, strict=True):
            if not joint.position[0] <= value <= joint.position[1]:
                raise ConfigError(f'start: joint {joint.name!r}: {value} is outside '
                                  f'{list(joint.position)}')

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
    def period_ns(self) -> int:
        """Time between two ticks [ns]."""
        return round(1e9 / self.rate_hz)

    @property
    def environment_size(self) -> int:
        """Length of `Observation.environment`."""
        return POSE_SIZE * len(self.poses.names) if self.poses else 0

    @property
    def lower(self) -> Floats:
        """Lower position limits without margin. Shape (J,)."""
        return np.array([joint.position[0] for joint in self.joints])

    @property
    def upper(self) -> Floats:
        """Upper position limits without margin. Shape (J,)."""
        return np.array([joint.position[1] for joint in self.joints])

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
        return Contract.from_text(read_text(path), str(path))


def differences(ours: Contract, theirs: Contract) -> list[str]:
    """Return one line per value that differs, `key: ours, theirs`.

    Task text, workspace and scene do not count: they say nothing about what the data mean.
    """
    return _differences(to_mapping(ours), to_mapping(theirs), '', ignore=set(SAYS_NOTHING))


def _differences(a: object, b: object, where: str, ignore: set[str]) -> list[str]:
    if isinstance(a, dict) and isinstance(b, dict):
        return [line for key in dict.fromkeys([*a, *b]) if key not in ignore
                for line in _differences(a.get(key), b.get(key),
                                         f'{where}.{key}' if where else str(key), set())]
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        return [line for i, (x, y) in enumerate(zip(a, b, strict=True))
                for line in _differences(x, y, f'{where}[{i}]', set())]
    return [] if a == b else [f'{where}: {_brief(a)}, {_brief(b)}']


def _brief(value: object) -> object:
    if isinstance(value, list) and value and all(isinstance(v, dict) for v in value):
        return [v.get('name', v) for v in value]
    return value


def require_same(ours: Contract, theirs: Contract, ours_name: str, theirs_name: str) -> None:
    """Check that two contracts agree in all that data and policies depend on.

    Raises:
        ContractMismatchError: They do not; the text shows each difference.
    """
    if lines := differences(ours, theirs):
        raise ContractMismatchError(
            f'{ours_name} and {theirs_name} were made for different robots '
            f'(value of {ours_name}, value of {theirs_name}): ' + '; '.join(lines))
