"""Which policy server drives a robot, and how it names what it is told."""
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from il_ros.config import nearest
from il_ros.contract import Contract
from il_ros.errors import ConfigError
from il_ros.policies.action_space import (
    ActionSpace,
    check_names,
    JOINT_DELTA,
    JOINT_POSITION,
    require_tips,
    ROTATIONS,
)
from il_ros.policies.config import one_of

STYLES = ('', 'openpi', 'lerobot')


@dataclass(frozen=True)
class VectorKey:
    """Joint positions under a key; all in contract order where `joints` is empty."""

    key: str
    joints: tuple[str, ...] = ()


@dataclass(frozen=True)
class ImageKey:
    """A camera under a key.

    Attributes:
        key: Its name at the server.
        camera: Its name in the contract.
        size: Height and width that it is fitted into, with black borders; as it is when None.
        channels_first: Shape (3, H, W) in place of (H, W, 3).
    """

    key: str
    camera: str
    size: tuple[int, int] | None = None
    channels_first: bool = False


@dataclass(frozen=True)
class RemoteConfig:
    """A server, and how it names things; a YAML file, or an address alone for the defaults.

    Attributes:
        url: ws://host:port, or wss:// with TLS.
        style: Default keys. 'openpi': observation/state, observation/<camera>, prompt. 'lerobot':
            observation.state, observation.images.<camera>, observation.environment_state, task.
            What the server's metadata names, else 'openpi', when ''.
        state: Joint positions; under the style's key when unset.
        images: Cameras; every camera of the contract under the style's keys when unset. None that
            sees distances: servers have no common form for these.
        environment: Key of the poses; the style's when ''.
        prompt: Key of the task in words; the style's when ''.
        task: The task in words; the observation's, else the contract's, when ''.
        nested_at: Where keys part into nested mappings, such as '/'; nowhere when ''.
        actions: Key of the chunk (H, A) in the answer.
        joints: The chunk's columns, every joint once that no tool in `action_space` moves;
            contract order when empty.
        relative: The chunk is relative to the measured positions, but for the gripper; an older
            name of `action_space: joint_delta`.
        rows: Most rows of a chunk that are used.
        api_key_variable: Environment variable with the server's API key; none when ''.
        action_space: What the chunk says, as in a policy's settings: 'joint_position',
            'joint_delta', 'tool_pose' or 'tool_delta', for all arms or for each by its name;
            'joint_position' when None. Tools come first in a row, see `policies.action_space`.
        delta_from: What deltas are counted from: 'chunk', the measured pose as it begins, or
            'row', the row before; 'chunk' when None.
        delta_axes: Along which axes a tool's delta is: 'root' or 'tool'; 'root' when None.
        rotation: How it writes rotations: '6d', 'vector' [rad] or 'quaternion' (x y z w); '6d'
            when None.
        tool_state: Key under which the server is told where the tools are, written as rows of
            `tool_pose`; it is not told when ''.
    """

    url: str
    style: str = ''
    state: tuple[VectorKey, ...] | None = None
    images: tuple[ImageKey, ...] | None = None
    environment: str = ''
    prompt: str = ''
    task: str = ''
    nested_at: str = ''
    actions: str = 'actions'
    joints: tuple[str, ...] = ()
    relative: bool = False
    rows: int = 100
    api_key_variable: str = ''
    action_space: str | Mapping[str, str] | None = None
    delta_from: str | None = None
    delta_axes: str | None = None
    rotation: str | None = None
    tool_state: str = ''

    def __post_init__(self) -> None:
        if not self.url.startswith(('ws://', 'wss://')):
            raise ConfigError(f'url {self.url!r}: expected ws://host:port or wss://host:port')
        one_of(self.style, STYLES, 'style')
        check_names(self.action_space, self.delta_from, self.delta_axes)
        one_of(self.rotation or '6d', tuple(ROTATIONS), 'rotation')
        if self.relative and self.action_space is not None:
            raise ConfigError('action_space and relative: expected one of them; take relative '
                              f'out: action_space: {self.action_space} says it all')
        if not 1 <= self.rows <= 1000:
            raise ConfigError(f'rows: expected 1 to 1000, got {self.rows}')

    def check(self, contract: Contract) -> None:
        """Check that the contract has every joint and camera, and each tool that is moved.

        Raises:
            ConfigError: It has not; the text names the nearest.
        """
        for name in (*self.joints, *(j for part in self.state or () for j in part.joints)):
            if name not in contract.joint_names:
                raise ConfigError(f'no joint {name!r}; {nearest(name, contract.joint_names)}')
        columns = [contract.joint_names[i] for i in self.space(contract).others]
        if self.joints and sorted(self.joints) != sorted(columns):
            raise ConfigError(f'joints: expected each of {columns} once, got '
                              f'{list(self.joints)}')
        if self.tool_state:
            require_tips(contract, contract.arms)
        for image in self.images or ():
            if contract.camera(image.camera).depth:
                raise ConfigError(f'images: camera {image.camera!r} sees distances, which servers '
                                  'have no common form for; leave it out')

    def space(self, contract: Contract) -> ActionSpace:
        """Return what the values of the chunk's rows are on a robot.

        Raises:
            ConfigError: The robot has no such arm, or the tool of one is unknown.
        """
        named = self.action_space or (JOINT_DELTA if self.relative else JOINT_POSITION)
        return ActionSpace.of(named, contract, delta_from=self.delta_from,
                              delta_axes=self.delta_axes, rotation=self.rotation or '6d',
                              turns=self.relative)

    def cameras(self, contract: Contract) -> tuple[str, ...]:
        """Return the cameras that the server gets."""
        if self.images is None:
            return tuple(camera.name for camera in contract.cameras if not camera.depth)
        return tuple(dict.fromkeys(image.camera for image in self.images))
