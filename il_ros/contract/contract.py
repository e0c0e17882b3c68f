"""The contract: what one robot is, and what flows through every part of il_ros.

`config/robots/<robot>.yaml` maps onto `Contract` one to one. Every bag, dataset and checkpoint
carries it as text and hash.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
import hashlib
from pathlib import Path
from typing import TypeVar

from il_ros.config import (
    build,
    find_config,
    nearest,
    NOT_IN_TEXT,
    parse_yaml,
    positive,
    read_text,
    to_mapping,
)
from il_ros.contract import forms
from il_ros.contract.arm import Arm, Gripper
from il_ros.contract.checks import one_of, require_real, TOPIC, topic_name, unique
from il_ros.contract.columns import Columns
from il_ros.contract.command import CommandInterface
from il_ros.contract.joint import Joint
from il_ros.contract.streams import Camera, POSE_SIZE, Poses, State, Stream
from il_ros.errors import ConfigError
from il_ros.scene import Box, Scene
import yaml

JOINT_POSITION = 'joint_position'  # of what robots are told
MAX_COMMAND_HZ = 1000.0
_Named = TypeVar('_Named', Arm, Camera)


@dataclass(frozen=True)
class Contract(Columns):
    """One robot: joints, streams, commands, limits.

    `state`, `command`, `gripper`, `tip` and `workspace` are the short form of a robot with one
    arm; `states`, `commands` and `arms` say the same of any robot. Code asks `states`, `commands`
    and `arms`, which are made from either form.

    Attributes:
        rate_hz: Rate of observations, chunks and commands.
        joints: Commanded joints, in the order of every state and action vector.
        start: Start pose, one value per joint.
        position_margin: Kept from every position limit, as a share of the joint's range.
        urdf: URDF file: beside the contract's file, in config/robots, or a whole path; or
            `topic:` and the name of the topic on which the robot tells it.
        tip: Link of the URDF that the tool sits on.
        workspace: Where the gate lets the tip go; everywhere when None.
        scene: What the gate keeps the arm from touching; collisions are unchecked when None.
        command_hz: Rate at which the gate sends interpolated commands; each setpoint when None.
        generated: What it was made of where nobody described the robot; it drives none then.
        folder: Of the contract's file; None where it came as text. No part of the text.
        urdf_text: What came on the topic of `urdf`; '' before. No part of the text either.
    """

    robot: str
    task: str
    rate_hz: float
    joints: tuple[Joint, ...]
    start: tuple[float, ...]
    state: Stream | None = None
    command: CommandInterface | None = None
    cameras: tuple[Camera, ...] = ()
    poses: Poses | None = None
    gripper: Gripper | None = None
    action_space: str = JOINT_POSITION
    position_margin: float = 0.0
    urdf: str = ''
    tip: str = ''
    workspace: Box | None = None
    scene: Scene | None = None
    command_hz: float | None = None
    # What came later stands last and is left out of the text when unset: hashes stay.
    long_states: tuple[State, ...] | None = field(default=None, metadata={'key': 'states'})
    long_arms: tuple[Arm, ...] | None = field(default=None, metadata={'key': 'arms'})
    long_commands: tuple[CommandInterface, ...] | None = field(default=None,
                                                               metadata={'key': 'commands'})
    generated: str | None = None
    folder: Path | None = field(default=None, compare=False, repr=False, metadata=NOT_IN_TEXT)
    urdf_text: str = field(default='', compare=False, repr=False, metadata=NOT_IN_TEXT)

    def __post_init__(self) -> None:
        positive(rate_hz=self.rate_hz)
        if self.command_hz is not None and not self.rate_hz < self.command_hz <= MAX_COMMAND_HZ:
            raise ConfigError(f'command_hz: expected more than rate_hz ({self.rate_hz:g}) and at '
                              f'most {MAX_COMMAND_HZ:g}, got {self.command_hz:g}')
        if not self.joints:
            raise ConfigError('joints: expected at least one')
        unique(self.joint_names, 'joint')
        unique([camera.name for camera in self.cameras], 'camera')
        self._check_parts()
        if self.action_space != JOINT_POSITION:
            raise ConfigError(f'action_space {self.action_space!r}: what robots are told and data '
                              f'hold is {JOINT_POSITION}; write what a policy shall say as '
                              'action_space under `policy` in its training settings')
        if not 0 <= self.position_margin < 0.5:
            raise ConfigError(f'position_margin: expected 0 to 0.5, got {self.position_margin}')
        if any(arm.workspace and not (self.urdf and arm.tip) for arm in self.arms):
            raise ConfigError('workspace: needs urdf and tip, to know where the tool is')
        if self.urdf.startswith(TOPIC):
            topic_name(self.urdf, 'urdf')
        if self.scene and not self.urdf:
            raise ConfigError('scene: needs urdf, to know where the links are')
        if len(self.start) != len(self.joints):
            raise ConfigError(f'start: expected {len(self.joints)} values, got {len(self.start)}')
        for joint, lower, upper, value in zip(self.joints, self.lower, self.upper, self.start,
                                              strict=True):
            if not lower <= value <= upper:
                raise ConfigError(f'start: joint {joint.name!r}: {value} is outside '
                                  f'{[float(lower), float(upper)]}')

    def _check_parts(self) -> None:
        if self.state:
            one_of(self.state.type, ('sensor_msgs/JointState',), 'state type')
        states = {state.topic: state.type for state in self.states}  # arms may share a topic
        others = [stream.topic for stream in self.streams if not isinstance(stream, State)]
        unique([*states, *others], 'topic')
        for state in self.states:
            if state.type != states[state.topic]:
                raise ConfigError(f'states: {state.topic}: expected one type, got {state.type} '
                                  f'and {states[state.topic]}')
        forms.check_pose_commands(self.commands, self.arms)
        for command in filter(lambda each: each.integrated, self.commands):
            forms.integrated_arm(command, self.arms)
        for joint, velocity in zip(self.joints, self.is_velocity, strict=True):
            if joint.position is None and not joint.continuous and not velocity:
                raise ConfigError(
                    f'joint {joint.name!r}: position: expected [lower, upper], got none; only a '
                    'joint with continuous: true, or one that a twist moves, has no limits')
        for arm in self.arms:
            if arm.gripper and self.joints[self.indices([arm.gripper.joint])[0]].continuous:
                raise ConfigError(f'gripper: joint {arm.gripper.joint!r} opens and closes; it '
                                  'cannot be continuous')

    @cached_property
    def states(self) -> tuple[State, ...]:
        """Where the joints are measured: each stands in one of them."""
        return forms.states(self.joint_names, self.state, self.long_states)

    @cached_property
    def state_topics(self) -> dict[str, list[State]]:
        """The topics of `states`; drivers of two arms may share one."""
        found: dict[str, list[State]] = {}
        for state in self.states:
            found.setdefault(state.topic, []).append(state)
        return found

    @cached_property
    def joint_states(self) -> list[State]:
        """Of each joint in order, where it is measured."""
        of = {name: state for state in self.states for name in state.joints}
        return [of[name] for name in self.joint_names]

    @cached_property
    def commands(self) -> tuple[CommandInterface, ...]:
        """Where the robot takes its commands: each joint stands in one of them."""
        return forms.commands(self.joint_names, self.command, self.gripper, self.long_commands)

    @cached_property
    def arms(self) -> tuple[Arm, ...]:
        """The arms; joints of a base stand in none."""
        return forms.arms(self.joint_names, self.commands, self.gripper, self.tip, self.workspace,
                          self.long_arms)

    @property
    def urdf_topic(self) -> str:
        """Where the robot tells its URDF, a latched std_msgs/String; '' where that is a file."""
        return self.urdf.removeprefix(TOPIC) if self.urdf.startswith(TOPIC) else ''

    @property
    def streams(self) -> list[Stream]:
        """Every topic that an observation needs: state, poses, cameras."""
        return [*self.states, *([self.poses] if self.poses else []), *self.cameras]

    @property
    def topics(self) -> list[str]:
        """The topics of `streams`, each once."""
        return list(dict.fromkeys(stream.topic for stream in self.streams))

    @property
    def period_ns(self) -> int:
        """Time between two ticks [ns]."""
        return round(1e9 / self.rate_hz)

    @property
    def environment_size(self) -> int:
        """Length of `Observation.environment`."""
        return POSE_SIZE * len(self.poses.names) if self.poses else 0

    def arm(self, name: str) -> Arm:
        """Return the arm of that name.

        Raises:
            ConfigError: There is none; the text names the nearest.
        """
        return _named('arm', self.arms, name)

    def camera(self, name: str) -> Camera:
        """Return the camera of that name.

        Raises:
            ConfigError: There is none; the text names the nearest.
        """
        return _named('camera', self.cameras, name)

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
            ConfigError: It is not found or not valid, or was generated and drives no robot.
        """
        path = find_config('robots', str(name))
        contract = Contract.from_text(read_text(path), str(path))
        require_real(contract.generated, str(path))
        return replace(contract, folder=path.resolve().parent)


def _named(kind: str, items: Sequence[_Named], name: str) -> _Named:
    for item in items:
        if item.name == name:
            return item
    raise ConfigError(f'no {kind} {name!r}; {nearest(name, [item.name for item in items])}')
