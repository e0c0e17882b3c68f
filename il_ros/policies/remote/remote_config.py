"""Which policy server drives a robot, and how it names what it is told."""
from __future__ import annotations

from dataclasses import dataclass

from il_ros.config import nearest
from il_ros.contract import Contract
from il_ros.errors import ConfigError
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
        images: Cameras; every camera of the contract under the style's keys when unset.
        environment: Key of the poses; the style's when ''.
        prompt: Key of the task in words; the style's when ''.
        task: The task in words; the observation's, else the contract's, when ''.
        nested_at: Where keys part into nested mappings, such as '/'; nowhere when ''.
        actions: Key of the chunk (H, A) in the answer.
        joints: The chunk's columns, every joint once; contract order when empty.
        relative: The chunk is relative to the measured positions, but for the gripper.
        rows: Most rows of a chunk that are used.
        api_key_variable: Environment variable with the server's API key; none when ''.
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

    def __post_init__(self) -> None:
        if not self.url.startswith(('ws://', 'wss://')):
            raise ConfigError(f'url {self.url!r}: expected ws://host:port or wss://host:port')
        one_of(self.style, STYLES, 'style')
        if not 1 <= self.rows <= 1000:
            raise ConfigError(f'rows: expected 1 to 1000, got {self.rows}')

    def check(self, contract: Contract) -> None:
        """Check that the contract has every joint and camera.

        Raises:
            ConfigError: It has not; the text names the nearest.
        """
        for name in (*self.joints, *(j for part in self.state or () for j in part.joints)):
            if name not in contract.joint_names:
                raise ConfigError(f'no joint {name!r}; {nearest(name, contract.joint_names)}')
        if self.joints and sorted(self.joints) != sorted(contract.joint_names):
            raise ConfigError(f'joints: expected each of {contract.joint_names} once, got '
                              f'{list(self.joints)}')
        for image in self.images or ():
            contract.camera(image.camera)

    def cameras(self, contract: Contract) -> tuple[str, ...]:
        """Return the cameras that the server gets."""
        if self.images is None:
            return tuple(camera.name for camera in contract.cameras)
        return tuple(dict.fromkeys(image.camera for image in self.images))
